// SPDX-License-Identifier: Apache-2.0

package ebpfreceiver

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
)

// ErrorMode says what becomes of the Collector when no tracer at all can run.
type ErrorMode string

const (
	// ErrorModePropagate makes the start of the Collector fail.
	ErrorModePropagate ErrorMode = "propagate"
	// ErrorModeIgnore lets the Collector run; the receiver's status is a permanent error.
	ErrorModeIgnore ErrorMode = "ignore"
)

// Config is what users write under the receiver's name.
type Config struct {
	Tracers TracersConfig `mapstructure:"tracers"`
	// MetricsInterval is how often metrics are read from the kernel.
	MetricsInterval time.Duration      `mapstructure:"metrics_interval"`
	ProcessTable    ProcessTableConfig `mapstructure:"process_table"`
	Redaction       RedactionConfig    `mapstructure:"redaction"`
	// ProgramStatistics switches the kernel's BPF statistics on, for all programs on the host, to
	// report run time and run count. It adds some tens of nanoseconds to each run.
	ProgramStatistics bool      `mapstructure:"program_statistics"`
	ErrorMode         ErrorMode `mapstructure:"error_mode"`

	_ struct{} // unkeyed literals would break with each new field
}

// TracersConfig has one section per tracer.
type TracersConfig struct {
	Process ProcessConfig `mapstructure:"process"`
	File    FileConfig    `mapstructure:"file"`
	TCP     TCPConfig     `mapstructure:"tcp"`

	_ struct{}
}

// all returns what every tracer has in common, for each.
func (c *TracersConfig) all() []*TracerConfig {
	return []*TracerConfig{&c.Process.Common, &c.File.Common, &c.TCP.Common}
}

// TracerConfig is what all tracers have in common.
type TracerConfig struct {
	Enabled bool `mapstructure:"enabled"`
	// RingBufferBytes is the size of the tracer's ring buffer, a power of two.
	RingBufferBytes uint32 `mapstructure:"ring_buffer_bytes"`

	_ struct{}
}

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

// FileConfig configures the tracer "file".
type FileConfig struct {
	Common TracerConfig `mapstructure:",squash"`
	// ReadPaths names the files whose reads are events, and, with a slash at the end, directories.
	// Paths are as processes see them, so they apply in each container too.
	ReadPaths []string `mapstructure:"read_paths"`
	// DeduplicationWindow is the time in which the same operation of a process on the same file is
	// reported once, and counted from then on. 0 reports every one.
	DeduplicationWindow time.Duration `mapstructure:"deduplication_window"`

	_ struct{}
}

// TCPConfig configures the tracer "tcp".
type TCPConfig struct {
	Common TracerConfig `mapstructure:",squash"`
	// TrackedConnections is how many open connections are remembered with their owner.
	TrackedConnections uint32 `mapstructure:"tracked_connections"`

	_ struct{}
}

// ProcessTableConfig bounds what is remembered of processes.
type ProcessTableConfig struct {
	MaxEntries int `mapstructure:"max_entries"`

	_ struct{}
}

// RedactionConfig says which arguments are secrets.
type RedactionConfig struct {
	Enabled bool `mapstructure:"enabled"`
	// Keys is a regular expression for the names of options and variables whose values are
	// replaced.
	Keys string `mapstructure:"keys"`

	_ struct{}
}

// redactKeysDefault matches names of options and variables whose values are taken for secrets.
const redactKeysDefault = `(?i)(password|passwd|passphrase|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|` +
	`credentials?|authorization|(^|[-_])(pass|auth)|[-_]pwd)$`

func createDefaultConfig() component.Config {
	return &Config{
		Tracers: TracersConfig{
			Process: ProcessConfig{
				Common:            TracerConfig{Enabled: true, RingBufferBytes: ringBufferBytesDefault},
				ArgumentsMaxBytes: argumentsBytesDefault,
			},
			File: FileConfig{
				Common:              TracerConfig{Enabled: true, RingBufferBytes: ringBufferBytesDefault},
				DeduplicationWindow: deduplicationWindowDefault,
			},
			TCP: TCPConfig{
				Common:             TracerConfig{Enabled: true, RingBufferBytes: ringBufferBytesDefault},
				TrackedConnections: trackedConnectionsDefault,
			},
		},
		MetricsInterval: metricsIntervalDefault,
		ProcessTable:    ProcessTableConfig{MaxEntries: processEntriesDefault},
		Redaction:       RedactionConfig{Enabled: true, Keys: redactKeysDefault},
		ErrorMode:       ErrorModePropagate,
	}
}

var (
	_ confmap.Validator = (*Config)(nil)
	_ confmap.Validator = (*TracersConfig)(nil)
	_ confmap.Validator = (*ProcessConfig)(nil)
	_ confmap.Validator = (*FileConfig)(nil)
	_ confmap.Validator = (*TCPConfig)(nil)
	_ confmap.Validator = (*ProcessTableConfig)(nil)
	_ confmap.Validator = (*RedactionConfig)(nil)
)

// Validate implements confmap.Validator. Errors name the key, the value, the range and the fix; the
// Collector puts the path of the section in front.
func (c *Config) Validate() error {
	var errs []error
	if c.MetricsInterval < metricsIntervalMin || c.MetricsInterval > metricsIntervalMax {
		errs = append(errs, fmt.Errorf("metrics_interval: %s is outside %s to %s; the default is %s",
			c.MetricsInterval, metricsIntervalMin, metricsIntervalMax, metricsIntervalDefault))
	}
	if c.ErrorMode != ErrorModePropagate && c.ErrorMode != ErrorModeIgnore {
		errs = append(errs, fmt.Errorf("error_mode: %q is neither %q nor %q", c.ErrorMode, ErrorModePropagate, ErrorModeIgnore))
	}
	return errors.Join(errs...)
}

// Validate implements confmap.Validator.
func (c *TracersConfig) Validate() error {
	for _, common := range c.all() {
		if common.Enabled {
			return nil
		}
	}
	return errors.New("no tracer is enabled: set enabled to true for at least one, or leave the receiver out")
}

// validate is called by the section that a tracer's common keys stand in: they have no path of their
// own that the Collector could put in front.
func (c *TracerConfig) validate() error {
	size := c.RingBufferBytes
	if size < ringBufferBytesMin || size > ringBufferBytesMax || size&(size-1) != 0 || size%uint32(os.Getpagesize()) != 0 {
		return fmt.Errorf("ring_buffer_bytes: %d is not a power of two from %d to %d; the default is %d",
			size, ringBufferBytesMin, ringBufferBytesMax, ringBufferBytesDefault)
	}
	return nil
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

// Validate implements confmap.Validator.
func (c *FileConfig) Validate() error {
	errs := []error{c.Common.validate()}
	if w := c.DeduplicationWindow; w != 0 && (w < deduplicationWindowMin || w > deduplicationWindowMax) {
		errs = append(errs, fmt.Errorf("deduplication_window: %s is neither 0 nor within %s to %s; the default is %s",
			w, deduplicationWindowMin, deduplicationWindowMax, deduplicationWindowDefault))
	}
	if len(c.ReadPaths) > readPathsMax {
		errs = append(errs, fmt.Errorf("read_paths: %d paths are more than %d; name a directory instead", len(c.ReadPaths), readPathsMax))
	}
	for i, path := range c.ReadPaths {
		switch {
		case !strings.HasPrefix(path, "/"):
			errs = append(errs, fmt.Errorf("read_paths[%d]: %q does not start with a slash; only absolute paths can be matched", i, path))
		case len(path) > readPathBytesMax:
			errs = append(errs, fmt.Errorf("read_paths[%d]: %d bytes are more than %d", i, len(path), readPathBytesMax))
		case strings.ContainsAny(path, "*?["):
			errs = append(errs, fmt.Errorf("read_paths[%d]: %q looks like a pattern; a directory with a slash at its end matches all below it", i, path))
		}
	}
	return errors.Join(errs...)
}

// Validate implements confmap.Validator.
func (c *TCPConfig) Validate() error {
	errs := []error{c.Common.validate()}
	if c.TrackedConnections < trackedConnectionsMin || c.TrackedConnections > trackedConnectionsMax {
		errs = append(errs, fmt.Errorf("tracked_connections: %d is outside %d to %d; the default is %d",
			c.TrackedConnections, trackedConnectionsMin, trackedConnectionsMax, trackedConnectionsDefault))
	}
	return errors.Join(errs...)
}

// Validate implements confmap.Validator.
func (c *ProcessTableConfig) Validate() error {
	if c.MaxEntries < processEntriesMin || c.MaxEntries > processEntriesMax {
		return fmt.Errorf("max_entries: %d is outside %d to %d; the default is %d",
			c.MaxEntries, processEntriesMin, processEntriesMax, processEntriesDefault)
	}
	return nil
}

// Validate implements confmap.Validator.
func (c *RedactionConfig) Validate() error {
	if len(c.Keys) > redactKeysLengthMax {
		return fmt.Errorf("keys: the expression has %d characters, more than %d", len(c.Keys), redactKeysLengthMax)
	}
	if _, err := regexp.Compile(c.Keys); err != nil {
		return fmt.Errorf("keys: %q is not a regular expression (RE2 syntax): %w", c.Keys, err)
	}
	if c.Enabled && c.Keys == "" {
		return errors.New("keys: empty, which would match every option; set enabled to false to switch redaction off")
	}
	return nil
}
