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
	// Interpreters names the programs, by the last element of their path, whose first argument that is no
	// option is a script. A star at the end stands for any version.
	Interpreters   []string             `mapstructure:"interpreters"`
	ExecutableHash ExecutableHashConfig `mapstructure:"executable_hash"`

	_ struct{}
}

// ExecutableHashConfig says whether executables are read, to report the hash and the build id of each, and
// how much of that is done at most.
type ExecutableHashConfig struct {
	// Enabled reads executables the first time that they are executed, for their hashes and build ids.
	Enabled bool `mapstructure:"enabled"`
	// MaxFileBytes is the size up to which files are hashed.
	MaxFileBytes uint64 `mapstructure:"max_file_bytes"`
	// MaxBytesPerSecond and MaxFilesPerSecond are what is read at most. Beyond it events have no hash, and the file is tried again at its next
	// execution.
	MaxBytesPerSecond uint64 `mapstructure:"max_bytes_per_second"`
	MaxFilesPerSecond uint32 `mapstructure:"max_files_per_second"`

	_ struct{}
}

func processConfigDefault() ProcessConfig {
	return ProcessConfig{
		Common:            TracerConfig{Enabled: true, RingBufferBytes: ringBufferBytesDefault},
		ArgumentsMaxBytes: argumentsBytesDefault,
		Interpreters: []string{
			"sh", "bash", "dash", "ash", "ksh*", "mksh", "zsh*", "busybox", "toybox",
			"python*", "pypy*", "perl*", "ruby*", "node", "nodejs", "php*", "lua*",
		},
		ExecutableHash: ExecutableHashConfig{
			MaxFileBytes: executableFileBytesDefault, MaxBytesPerSecond: executableBytesPerSecondDefault,
			MaxFilesPerSecond: executableFilesPerSecondDefault,
		},
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
	if len(c.Interpreters) > interpretersMax {
		errs = append(errs, fmt.Errorf("interpreters: %d names are more than %d", len(c.Interpreters), interpretersMax))
	}
	for i, name := range c.Interpreters {
		if !interpreterName.MatchString(name) {
			errs = append(errs, fmt.Errorf("interpreters[%d]: %q is not the name of a program without its directory; "+
				"a star may stand at the end, for any version", i, name))
		}
	}
	if c.Fork && !c.Common.Enabled {
		errs = append(errs, errors.New("fork: true contradicts enabled: false; set enabled to true or leave fork out"))
	}
	return errors.Join(errs...)
}

// Validate implements confmap.Validator.
func (c *ExecutableHashConfig) Validate() error {
	var errs []error
	for _, limit := range []struct {
		key                string
		value              uint64
		least, most, usual uint64
	}{
		{"max_file_bytes", c.MaxFileBytes, executableFileBytesMin, executableFileBytesMax, executableFileBytesDefault},
		{"max_bytes_per_second", c.MaxBytesPerSecond, executableFileBytesMin, executableFileBytesMax, executableBytesPerSecondDefault},
		{"max_files_per_second", uint64(c.MaxFilesPerSecond), 1, executableFilesPerSecondMax, executableFilesPerSecondDefault},
	} {
		if limit.value < limit.least || limit.value > limit.most {
			errs = append(errs, fmt.Errorf("%s: %d is outside %d to %d; the default is %d",
				limit.key, limit.value, limit.least, limit.most, limit.usual))
		}
	}
	return errors.Join(errs...)
}

var interpreterName = regexp.MustCompile(`^[^/*\s]+\*?$`)

var environmentKey = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
