// SPDX-License-Identifier: Apache-2.0

package ebpfreceiver

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"

	"github.com/meerkat-otel/meerkat/internal/redaction"
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
	Filters         FiltersConfig      `mapstructure:"filters"`
	Redaction       RedactionConfig    `mapstructure:"redaction"`
	// Containers says where containers get their names from.
	Containers ContainersConfig `mapstructure:"containers"`
	// ProgramStatistics switches the kernel's BPF statistics on, for all programs on the host, to
	// report run time and run count. It adds some tens of nanoseconds to each run.
	ProgramStatistics bool `mapstructure:"program_statistics"`
	// ErrorMode says whether the Collector fails to start when no tracer at all can run (propagate), or runs without events (ignore).
	ErrorMode ErrorMode `mapstructure:"error_mode"`
	// EventNameAttribute gives each event the attribute event.name too, for back ends that don't keep the name of an event.
	EventNameAttribute bool `mapstructure:"event_name_attribute"`
	// Storage is the storage extension that keeps what is chosen over the control API beyond a restart.
	Storage *component.ID `mapstructure:"storage"`
	// CustomTracers are those that somebody else has written.
	CustomTracers CustomTracersConfig `mapstructure:"custom_tracers"`

	_ struct{} // unkeyed literals would break with each new field
}

// TracersConfig has one section per tracer.
type TracersConfig struct {
	Process ProcessConfig      `mapstructure:"process"`
	File    FileConfig         `mapstructure:"file"`
	TCP     TCPConfig          `mapstructure:"tcp"`
	Socket  SocketConfig       `mapstructure:"socket"`
	IPC     IPCConfig          `mapstructure:"ipc"`
	UDP     UDPConfig          `mapstructure:"udp"`
	DNS     DNSConfig          `mapstructure:"dns"`
	TTY     SimpleTracerConfig `mapstructure:"tty"`

	Signal    SimpleTracerConfig `mapstructure:"signal"`
	OOM       SimpleTracerConfig `mapstructure:"oom"`
	Crash     SimpleTracerConfig `mapstructure:"crash"`
	Privilege PrivilegeConfig    `mapstructure:"privilege"`
	Mount     SimpleTracerConfig `mapstructure:"mount"`
	Injection InjectionConfig    `mapstructure:"injection"`

	_ struct{}
}

// sections returns what all tracers have in common, by the name of the tracer.
func (c *TracersConfig) sections() map[string]*TracerConfig {
	return map[string]*TracerConfig{
		"process":   &c.Process.Common,
		"file":      &c.File.Common,
		"tcp":       &c.TCP.Common,
		"socket":    &c.Socket.Common,
		"ipc":       &c.IPC.Common,
		"udp":       &c.UDP.Common,
		"dns":       &c.DNS.Common,
		"tty":       &c.TTY.Common,
		"signal":    &c.Signal.Common,
		"oom":       &c.OOM.Common,
		"crash":     &c.Crash.Common,
		"privilege": &c.Privilege.Common,
		"mount":     &c.Mount.Common,
		"injection": &c.Injection.Common,
	}
}

// TracerConfig is what all tracers have in common.
type TracerConfig struct {
	// Enabled tells whether events of the tracer are told. The programs of the tracer process run whenever any tracer does, since the others learn
	// from it who a process is.
	Enabled bool `mapstructure:"enabled"`
	// RingBufferBytes is the size of the tracer's ring buffer, a power of two.
	RingBufferBytes uint32 `mapstructure:"ring_buffer_bytes"`

	_ struct{}
}

// SimpleTracerConfig is the section of a tracer that has no keys of its own.
type SimpleTracerConfig struct {
	Common TracerConfig `mapstructure:",squash"`

	_ struct{}
}

// simpleConfigDefault is for tracers whose events are rare.
func simpleConfigDefault(enabled bool) SimpleTracerConfig {
	return SimpleTracerConfig{Common: TracerConfig{Enabled: enabled, RingBufferBytes: ringBufferBytesRare}}
}

// Validate implements confmap.Validator.
func (c *SimpleTracerConfig) Validate() error { return c.Common.validateRing(ringBufferBytesRare) }

// ProcessTableConfig bounds what is remembered of processes.
type ProcessTableConfig struct {
	// MaxEntries is how many processes are remembered, those that exited a short while ago included.
	MaxEntries int `mapstructure:"max_entries"`

	_ struct{}
}

// RedactionConfig says which arguments are secrets.
type RedactionConfig struct {
	// Enabled replaces secrets in arguments by REDACTED.
	Enabled bool `mapstructure:"enabled"`
	// Keys is a regular expression for the names of options and variables whose values are
	// replaced.
	Keys string `mapstructure:"keys"`

	_ struct{}
}

func createDefaultConfig() component.Config {
	return &Config{
		Tracers: TracersConfig{
			Process:   processConfigDefault(),
			File:      fileConfigDefault(),
			TCP:       tcpConfigDefault(),
			Socket:    socketConfigDefault(),
			IPC:       ipcConfigDefault(),
			UDP:       udpConfigDefault(),
			DNS:       dnsConfigDefault(),
			TTY:       simpleConfigDefault(false),
			Signal:    simpleConfigDefault(true),
			OOM:       simpleConfigDefault(true),
			Crash:     simpleConfigDefault(true),
			Privilege: privilegeConfigDefault(),
			Mount:     simpleConfigDefault(true),
			Injection: injectionConfigDefault(),
		},
		Filters:         filtersConfigDefault(),
		Containers:      containersConfigDefault(),
		CustomTracers:   customTracersConfigDefault(),
		MetricsInterval: metricsIntervalDefault,
		ProcessTable:    ProcessTableConfig{MaxEntries: processEntriesDefault},
		Redaction:       RedactionConfig{Enabled: true, Keys: redaction.KeysDefault},
		ErrorMode:       ErrorModePropagate,
	}
}

var (
	_ confmap.Validator = (*Config)(nil)
	_ confmap.Validator = (*ProcessTableConfig)(nil)
	_ confmap.Validator = (*RedactionConfig)(nil)
)

// Validate implements confmap.Validator. Errors name the key, the value, the range and the fix; the
// Collector puts the path of the section in front.
func (c *Config) Validate() error {
	var errs []error
	if c.nothingToRun() {
		errs = append(errs, errors.New("tracers: no tracer is enabled: set enabled to true for at least one, name folders in custom_tracers, "+
			"or leave the receiver out"))
	}
	if c.MetricsInterval < metricsIntervalMin || c.MetricsInterval > metricsIntervalMax {
		errs = append(errs, fmt.Errorf("metrics_interval: %s is outside %s to %s; the default is %s",
			c.MetricsInterval, metricsIntervalMin, metricsIntervalMax, metricsIntervalDefault))
	}
	if c.ErrorMode != ErrorModePropagate && c.ErrorMode != ErrorModeIgnore {
		errs = append(errs, fmt.Errorf("error_mode: %q is neither %q nor %q", c.ErrorMode, ErrorModePropagate, ErrorModeIgnore))
	}
	return errors.Join(errs...)
}

// nothingToRun tells that there is no tracer and none can come.
func (c *Config) nothingToRun() bool {
	for _, common := range c.Tracers.sections() {
		if common.Enabled {
			return false
		}
	}
	return len(c.CustomTracers.Folders) == 0 && !c.CustomTracers.Uploads.Enabled
}

// validate is called by the section that a tracer's common keys stand in: they have no path of their
// own that the Collector could put in front.
func (c *TracerConfig) validate() error { return c.validateRing(ringBufferBytesDefault) }

func (c *TracerConfig) validateRing(sizeDefault uint32) error {
	size := c.RingBufferBytes
	if size < ringBufferBytesMin || size > ringBufferBytesMax || size&(size-1) != 0 || size%uint32(os.Getpagesize()) != 0 {
		return fmt.Errorf("ring_buffer_bytes: %d is not a power of two from %d to %d; the default is %d",
			size, ringBufferBytesMin, ringBufferBytesMax, sizeDefault)
	}
	return nil
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
