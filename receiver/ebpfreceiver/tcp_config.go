// SPDX-License-Identifier: Apache-2.0

package ebpfreceiver

import (
	"errors"
	"fmt"
	"time"
)

// TCPConfig configures the tracer "tcp".
type TCPConfig struct {
	Common TracerConfig `mapstructure:",squash"`
	// TrackedConnections is how many open connections are remembered with their owner.
	TrackedConnections uint32 `mapstructure:"tracked_connections"`
	// DeduplicationWindow is the time in which connections of a process with the same far end are reported
	// once, and summed up from then on. 0 reports every one.
	DeduplicationWindow time.Duration `mapstructure:"deduplication_window"`

	_ struct{}
}

func tcpConfigDefault() TCPConfig {
	return TCPConfig{
		Common:             TracerConfig{Enabled: true, RingBufferBytes: ringBufferBytesDefault},
		TrackedConnections: trackedConnectionsDefault,

		DeduplicationWindow: deduplicationWindowDefault,
	}
}

// Validate implements confmap.Validator.
func (c *TCPConfig) Validate() error {
	errs := []error{c.Common.validate()}
	if c.TrackedConnections < trackedConnectionsMin || c.TrackedConnections > trackedConnectionsMax {
		errs = append(errs, fmt.Errorf("tracked_connections: %d is outside %d to %d; the default is %d",
			c.TrackedConnections, trackedConnectionsMin, trackedConnectionsMax, trackedConnectionsDefault))
	}
	return errors.Join(append(errs, validateWindow(c.DeduplicationWindow, tcpDeduplicationWindowMax))...)
}
