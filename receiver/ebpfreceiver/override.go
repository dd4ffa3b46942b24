// SPDX-License-Identifier: Apache-2.0

package ebpfreceiver

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"

	"go.opentelemetry.io/collector/confmap"
)

// override is what was chosen while the receiver runs. It is laid over the configuration.
type override struct {
	// Tracers has keys of sections by the name of the tracer.
	Tracers map[string]map[string]any `json:"tracers,omitempty"`
	Filters map[string]any            `json:"filters,omitempty"`
	// Custom tells which tracers of others are switched on or off, and Uploads which came over the API.
	Custom  map[string]bool `json:"custom,omitempty"`
	Uploads []string        `json:"uploads,omitempty"`
}

// overrideBytesMax bounds what is kept of an override in a storage.
const overrideBytesMax = 1 << 20

// withTracer returns an override with changes to what is chosen for one tracer. The receiver is not changed.
func (o override) withTracer(name string, changes map[string]any) (override, error) {
	changed := o
	changed.Tracers = maps.Clone(o.Tracers)
	section, err := overlay(o.Tracers[name], changes)
	if err != nil {
		return o, err
	}
	if changed.Tracers == nil {
		changed.Tracers = map[string]map[string]any{}
	}
	changed.Tracers[name] = section
	if len(section) == 0 {
		delete(changed.Tracers, name)
	}
	return changed, nil
}

func (o override) withFilters(changes map[string]any) (override, error) {
	filters, err := overlay(o.Filters, changes)
	if err != nil {
		return o, err
	}
	o.Filters = filters
	return o, nil
}

// overlay applies a merge patch (RFC 7396): null takes a key away. No changes at all take all keys away.
func overlay(section, changes map[string]any) (map[string]any, error) {
	if changes == nil {
		return nil, nil
	}
	merged := map[string]any{}
	maps.Copy(merged, section)
	for key, value := range changes {
		if value == nil {
			delete(merged, key)
			continue
		}
		if inner, ok := value.(map[string]any); ok {
			before, _ := merged[key].(map[string]any)
			laid, err := overlay(before, inner)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", key, err)
			}
			merged[key] = laid
			if len(laid) == 0 {
				delete(merged, key)
			}
			continue
		}
		plain, err := whole(value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		merged[key] = plain
	}
	return merged, nil
}

// whole makes integers of JSON's numbers.
func whole(value any) (any, error) {
	switch v := value.(type) {
	case float64:
		if v != math.Trunc(v) || math.Abs(v) > 1<<53 {
			return nil, fmt.Errorf("%v is not a whole number", v)
		}
		return int64(v), nil
	case []any:
		list := make([]any, len(v))
		for i := range v {
			var err error
			if list[i], err = whole(v[i]); err != nil {
				return nil, fmt.Errorf("[%d]: %w", i, err)
			}
		}
		return list, nil
	default:
		return value, nil
	}
}

// apply returns a configuration with the override laid over it, if that is a valid one. Errors are those of a
// configuration file.
func (o override) apply(base *Config) (*Config, error) {
	conf := confmap.New()
	if err := conf.Marshal(base); err != nil {
		return nil, fmt.Errorf("write down the configuration: %w", err)
	}
	chosen := map[string]any{sectionFilters: o.Filters}
	tracers := map[string]any{}
	for name, section := range o.Tracers {
		tracers[name] = section
	}
	chosen[sectionTracers] = tracers
	if err := conf.Merge(confmap.NewFromStringMap(chosen)); err != nil {
		return nil, err
	}
	config := createDefaultConfig().(*Config)
	if err := conf.Unmarshal(config); err != nil {
		return nil, err
	}
	return config, config.validateChosen()
}

// validateChosen is Validate without the rule that some tracer has to be enabled: to switch off the last one is
// a mistake in a file, and a wish here.
func (c *Config) validateChosen() error {
	checked := *c
	checked.Tracers.Process.Common.Enabled = true
	return confmap.Validate(&checked)
}

// parseOverride reads what was kept. It is not trusted to fit the configuration.
func parseOverride(stored []byte) (override, error) {
	var o override
	if len(stored) > overrideBytesMax {
		return o, fmt.Errorf("it has %d bytes, more than %d", len(stored), overrideBytesMax)
	}
	if err := json.Unmarshal(stored, &o); err != nil {
		return override{}, err
	}
	var err error
	read := override{Tracers: map[string]map[string]any{}, Custom: o.Custom, Uploads: o.Uploads}
	for name, section := range o.Tracers {
		var e error
		read.Tracers[name], e = overlay(nil, section)
		err = errors.Join(err, e)
	}
	filters, e := overlay(nil, o.Filters)
	read.Filters = filters
	return read, errors.Join(err, e)
}
