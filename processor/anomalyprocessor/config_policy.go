// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/moby/sys/capability"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/habit"
)

// PolicyConfig says what the receivers watch, which no event tells. Policies take away nothing that nobody watched.
type PolicyConfig struct {
	// Tracers are those that run wherever the workloads do. None given stands for those of which there was an event, of whatever workload.
	Tracers []string `mapstructure:"tracers"`
	// Capabilities are those whose uses are told: tracers::privilege::capabilities of the receivers. None given stands for those that receivers
	// watch unless they are told otherwise.
	Capabilities []string `mapstructure:"capabilities"`
}

// watchedCapabilities are those that the receiver watches unless it is told otherwise.
func watchedCapabilities() []string {
	return []string{
		"CAP_BPF", "CAP_CHECKPOINT_RESTORE", "CAP_DAC_READ_SEARCH", "CAP_MAC_ADMIN", "CAP_MAC_OVERRIDE", "CAP_NET_ADMIN", "CAP_PERFMON",
		"CAP_SYSLOG", "CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_MODULE", "CAP_SYS_PTRACE", "CAP_SYS_RAWIO", "CAP_SYS_TIME",
	}
}

// Validate tells everything that is wrong.
func (c *PolicyConfig) Validate() error {
	var errs []error
	for at, tracer := range c.Tracers {
		if habit.TracerOf(tracer) == 0 {
			errs = append(errs, fmt.Errorf("tracers[%d]: %q is none of %s", at, tracer, strings.Join(habit.TracerNames(), ", ")))
		}
	}
	for at, name := range c.Capabilities {
		known := slices.ContainsFunc(capability.ListKnown(), func(c capability.Cap) bool { return "CAP_"+strings.ToUpper(c.String()) == name })
		if !known {
			errs = append(errs, fmt.Errorf("capabilities[%d]: %q is not the name of a capability, such as CAP_SYS_ADMIN", at, name))
		}
	}
	return errors.Join(errs...)
}

// capabilities returns the capabilities that are watched.
func (c *PolicyConfig) capabilities() []string {
	if len(c.Capabilities) == 0 {
		return watchedCapabilities()
	}
	return c.Capabilities
}

// tracers returns the tracers that are named.
func (c *PolicyConfig) tracers() habit.Tracers {
	var all habit.Tracers
	for _, tracer := range c.Tracers {
		all |= habit.TracerOf(tracer)
	}
	return all
}
