// SPDX-License-Identifier: Apache-2.0

package ebpfreceiver

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"go.opentelemetry.io/collector/confmap"
)

// Sections of the configuration that can be changed while the receiver runs.
const (
	sectionTracers = "tracers"
	sectionFilters = "filters"
)

const keyEnabled = "enabled"

// tracer returns the section of a tracer, a pointer to a struct; nil if there is no such tracer.
func (c *TracersConfig) tracer(name string) any {
	all := reflect.ValueOf(c).Elem()
	for i := range all.NumField() {
		if all.Type().Field(i).Tag.Get("mapstructure") == name {
			return all.Field(i).Addr().Interface()
		}
	}
	return nil
}

// written returns a section, a pointer to a struct, as a user would write it, complete.
func written(section any) (map[string]any, error) {
	conf := confmap.New()
	if err := conf.Marshal(section); err != nil {
		return nil, fmt.Errorf("write down the configuration: %w", err)
	}
	all := conf.ToStringMap()
	writeDurations(reflect.ValueOf(section).Elem(), all)
	return all, nil
}

// settingsOf returns what a configuration says of a tracer besides whether it is wanted.
func settingsOf(c *Config, name string) (map[string]any, error) {
	settings, err := written(c.Tracers.tracer(name))
	delete(settings, keyEnabled)
	return settings, err
}

// sameSettings tells whether two configurations differ in nothing about a tracer but whether it is wanted.
func sameSettings(a, b *Config, name string) bool {
	settingsA, errA := settingsOf(a, name)
	settingsB, errB := settingsOf(b, name)
	return errA == nil && errB == nil && reflect.DeepEqual(settingsA, settingsB)
}

// writeDurations replaces the numbers that stand for the durations of a struct by what people write.
func writeDurations(config reflect.Value, section map[string]any) {
	for i := range config.NumField() {
		tag, options, _ := strings.Cut(config.Type().Field(i).Tag.Get("mapstructure"), ",")
		field := config.Field(i)
		switch {
		case options == "squash":
			writeDurations(field, section)
		case tag == "":
		case field.Type() == reflect.TypeFor[time.Duration]():
			section[tag] = time.Duration(field.Int()).String()
		case field.Kind() == reflect.Struct:
			if inner, ok := section[tag].(map[string]any); ok {
				writeDurations(field, inner)
			}
		}
	}
}
