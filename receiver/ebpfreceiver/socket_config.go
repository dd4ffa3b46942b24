// SPDX-License-Identifier: Apache-2.0

package ebpfreceiver

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// SocketConfig configures the tracer "socket".
type SocketConfig struct {
	Common TracerConfig `mapstructure:",squash"`
	// ExpectedFamilies names the address families whose sockets everybody opens. Raw sockets are events
	// all the same.
	ExpectedFamilies []string `mapstructure:"expected_families"`
	// DeduplicationWindow is the time in which the same operation of a process with the same outcome is
	// reported once, and counted from then on. 0 reports every one.
	DeduplicationWindow time.Duration `mapstructure:"deduplication_window"`

	_ struct{}
}

func socketConfigDefault() SocketConfig {
	return SocketConfig{
		Common:              TracerConfig{Enabled: true, RingBufferBytes: ringBufferBytesRare},
		ExpectedFamilies:    []string{"unix", "inet", "inet6", "netlink"},
		DeduplicationWindow: deduplicationWindowDefault,
	}
}

// Validate implements confmap.Validator.
func (c *SocketConfig) Validate() error {
	errs := []error{c.Common.validate(), validateWindow(c.DeduplicationWindow, deduplicationWindowMax)}
	for i, family := range c.ExpectedFamilies {
		if !slices.Contains(names.SocketFamilies(), family) {
			errs = append(errs, fmt.Errorf("expected_families[%d]: %q is none of the kernel's address families, which are named like inet6 or packet",
				i, family))
		}
	}
	return errors.Join(errs...)
}

func socketFamilyNumbers(families []string) []uint {
	var numbers []uint
	for _, family := range families {
		numbers = append(numbers, uint(slices.Index(names.SocketFamilies(), family)))
	}
	return numbers
}
