// SPDX-License-Identifier: Apache-2.0

package ebpfreceiver

import (
	"errors"
	"fmt"
	"path/filepath"
)

// CustomTracersConfig is about tracers that somebody else has written, and what they may take.
type CustomTracersConfig struct {
	// Folders hold a tracer each: manifest.yaml, and the object file that it names.
	Folders []string            `mapstructure:"folders"`
	Uploads CustomUploadsConfig `mapstructure:"uploads"`
	// AllowedPrograms are the kinds of programs that may be attached. Empty allows those that only observe.
	AllowedPrograms []string `mapstructure:"allowed_programs"`
	// ProgramsMax bounds the programs of one tracer, ObjectBytesMax the size of its object file.
	ProgramsMax    int `mapstructure:"programs_max"`
	ObjectBytesMax int `mapstructure:"object_bytes_max"`
	// MapBytesMax bounds the kernel memory of the maps of one tracer.
	MapBytesMax uint64 `mapstructure:"map_bytes_max"`
	// EventsPerSecondMax is how many events of one tracer are told per second. A tracer that has more for longer
	// than a moment is switched off.
	EventsPerSecondMax uint32 `mapstructure:"events_per_second_max"`

	_ struct{}
}

// CustomUploadsConfig is about tracers that come over the control API.
type CustomUploadsConfig struct {
	// Enabled tells whether tracers are taken over the control API, from operators.
	Enabled bool `mapstructure:"enabled"`
	// Unsigned takes uploads without a signature.
	Unsigned bool `mapstructure:"unsigned"`
	// PublicKeys are the ed25519 keys of which one has to have signed an upload: 32 bytes in base64, or PEM.
	PublicKeys []string `mapstructure:"public_keys"`

	_ struct{}
}

func customTracersConfigDefault() CustomTracersConfig {
	return CustomTracersConfig{
		ProgramsMax: customProgramsDefault, ObjectBytesMax: customObjectBytesDefault, MapBytesMax: customMapBytesDefault,
		EventsPerSecondMax: customEventsPerSecondDefault,
	}
}

// Validate implements confmap.Validator.
func (c *CustomTracersConfig) Validate() error {
	var errs []error
	if len(c.Folders) > customTracersMax {
		errs = append(errs, fmt.Errorf("folders: %d are more than %d", len(c.Folders), customTracersMax))
	}
	for i, folder := range c.Folders {
		if !filepath.IsAbs(folder) {
			errs = append(errs, fmt.Errorf("folders[%d]: %q is not an absolute path", i, folder))
		}
	}
	if c.ProgramsMax < 1 || c.ProgramsMax > customProgramsMax {
		errs = append(errs, fmt.Errorf("programs_max: %d is outside 1 to %d; the default is %d", c.ProgramsMax, customProgramsMax, customProgramsDefault))
	}
	if c.ObjectBytesMax < 1 || c.ObjectBytesMax > customObjectBytesMax {
		errs = append(errs, fmt.Errorf("object_bytes_max: %d is outside 1 to %d; the default is %d",
			c.ObjectBytesMax, customObjectBytesMax, customObjectBytesDefault))
	}
	if c.MapBytesMax < 1 || c.MapBytesMax > customMapBytesMax {
		errs = append(errs, fmt.Errorf("map_bytes_max: %d is outside 1 to %d; the default is %d", c.MapBytesMax, customMapBytesMax, customMapBytesDefault))
	}
	if c.EventsPerSecondMax < 1 {
		errs = append(errs, fmt.Errorf("events_per_second_max: 0 would tell no event; the default is %d", customEventsPerSecondDefault))
	}
	return errors.Join(append(errs, c.checkPrograms())...)
}

// Validate implements confmap.Validator.
func (c *CustomUploadsConfig) Validate() error {
	switch {
	case !c.Enabled:
	case c.Unsigned && len(c.PublicKeys) > 0:
		return errors.New("unsigned: true, which makes public_keys useless: leave out one of them")
	case !c.Unsigned && len(c.PublicKeys) == 0:
		return errors.New("public_keys: empty, so that no upload could be signed: add the key that signs, or set unsigned to true")
	}
	return c.checkKeys()
}
