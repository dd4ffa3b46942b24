// SPDX-License-Identifier: Apache-2.0

package ebpfreceiver

import (
	"errors"
	"fmt"
	"regexp"
)

// ProcessConfig configures the tracer "process". Its programs stay attached while any tracer is
// enabled, since the others' events get their identity from it; Enabled decides about its own events.
type ProcessConfig struct {
	Common TracerConfig `mapstructure:",squash"`
	// Fork makes an event of each new process.
	Fork bool `mapstructure:"fork"`
	// ArgumentsMaxBytes is how much of a command line is kept; 0 for none.
	ArgumentsMaxBytes uint32 `mapstructure:"arguments_max_bytes"`
	// EnvironmentKeys names the variables that exec events report. Others never leave the process.
	EnvironmentKeys []string `mapstructure:"environment_keys"`

	_ struct{}
}

func processConfigDefault() ProcessConfig {
	return ProcessConfig{
		Common:            TracerConfig{Enabled: true, RingBufferBytes: ringBufferBytesDefault},
		ArgumentsMaxBytes: argumentsBytesDefault,
	}
}

// Validate implements confmap.Validator.
func (c *ProcessConfig) Validate() error {
	errs := []error{c.Common.validate()}
	if c.ArgumentsMaxBytes > argumentsBytesMax {
		errs = append(errs, fmt.Errorf("arguments_max_bytes: %d is more than %d, which is what the kernel half has room for",
			c.ArgumentsMaxBytes, argumentsBytesMax))
	}
	if len(c.EnvironmentKeys) > environmentKeysMax {
		errs = append(errs, fmt.Errorf("environment_keys: %d keys are more than %d", len(c.EnvironmentKeys), environmentKeysMax))
	}
	for i, key := range c.EnvironmentKeys {
		if !environmentKey.MatchString(key) {
			errs = append(errs, fmt.Errorf("environment_keys[%d]: %q is not the name of a variable: letters, digits and "+
				"underscores, not starting with a digit; patterns are not supported", i, key))
		}
	}
	if c.Fork && !c.Common.Enabled {
		errs = append(errs, errors.New("fork: true contradicts enabled: false; set enabled to true or leave fork out"))
	}
	return errors.Join(errs...)
}

var environmentKey = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
