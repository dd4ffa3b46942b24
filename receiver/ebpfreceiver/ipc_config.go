// SPDX-License-Identifier: Apache-2.0

package ebpfreceiver

import (
	"errors"
	"time"
)

// IPCConfig configures the tracer "ipc".
type IPCConfig struct {
	Common TracerConfig `mapstructure:",squash"`
	// DeduplicationWindow is the time in which the same operation of a process on the same object is
	// reported once, and counted from then on. 0 reports every one.
	DeduplicationWindow time.Duration `mapstructure:"deduplication_window"`

	_ struct{}
}

func ipcConfigDefault() IPCConfig {
	return IPCConfig{
		Common:              TracerConfig{Enabled: false, RingBufferBytes: ringBufferBytesRare},
		DeduplicationWindow: deduplicationWindowDefault,
	}
}

// Validate implements confmap.Validator.
func (c *IPCConfig) Validate() error {
	return errors.Join(c.Common.validate(), validateWindow(c.DeduplicationWindow, deduplicationWindowMax))
}
