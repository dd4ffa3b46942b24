// SPDX-License-Identifier: Apache-2.0

package ebpfreceiver

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/moby/sys/capability"
)

// CapabilityScope says whose uses of capabilities are events.
type CapabilityScope string

const (
	// CapabilityScopeContainers are processes in a container, or in a user namespace of their own.
	CapabilityScopeContainers CapabilityScope = "containers"
	// CapabilityScopeEverywhere are all processes.
	CapabilityScopeEverywhere CapabilityScope = "everywhere"
)

// PrivilegeConfig configures the tracer "privilege".
type PrivilegeConfig struct {
	Common TracerConfig `mapstructure:",squash"`
	// Capabilities names those whose uses are events.
	Capabilities []string `mapstructure:"capabilities"`
	// CapabilityScope says whose uses are events: those of processes in containers, or everywhere.
	CapabilityScope CapabilityScope `mapstructure:"capability_scope"`
	// DeduplicationWindow is the time in which the same thing done again by a process is not reported. 0
	// reports every one.
	DeduplicationWindow time.Duration `mapstructure:"deduplication_window"`

	_ struct{}
}

// dangerousCapabilities are those that lead out of a container or to the whole machine, and that ordinary
// programs in containers have no use for.
func dangerousCapabilities() []string {
	return []string{
		"CAP_BPF", "CAP_CHECKPOINT_RESTORE", "CAP_DAC_READ_SEARCH", "CAP_MAC_ADMIN", "CAP_MAC_OVERRIDE", "CAP_NET_ADMIN",
		"CAP_PERFMON", "CAP_SYSLOG", "CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_MODULE", "CAP_SYS_PTRACE", "CAP_SYS_RAWIO",
		"CAP_SYS_TIME",
	}
}

func privilegeConfigDefault() PrivilegeConfig {
	return PrivilegeConfig{
		Common:              TracerConfig{Enabled: true, RingBufferBytes: ringBufferBytesRare},
		Capabilities:        dangerousCapabilities(),
		CapabilityScope:     CapabilityScopeContainers,
		DeduplicationWindow: deduplicationWindowDefault,
	}
}

// capabilityNumber finds a capability by its name as Kubernetes and capabilities(7) write it.
func capabilityNumber(name string) (int, bool) {
	i := slices.IndexFunc(capability.ListKnown(), func(c capability.Cap) bool {
		return "CAP_"+strings.ToUpper(c.String()) == name
	})
	if i < 0 {
		return 0, false
	}
	return int(capability.ListKnown()[i]), true
}

// capabilitySet has a bit for each capability whose uses are events.
func (c *PrivilegeConfig) capabilitySet() uint64 {
	var set uint64
	for _, name := range c.Capabilities {
		if number, known := capabilityNumber(name); known {
			set |= 1 << number
		}
	}
	return set
}

// Validate implements confmap.Validator.
func (c *PrivilegeConfig) Validate() error {
	errs := []error{c.Common.validate(), validateWindow(c.DeduplicationWindow, deduplicationWindowMax)}
	for i, name := range c.Capabilities {
		if _, known := capabilityNumber(name); !known {
			errs = append(errs, fmt.Errorf("capabilities[%d]: %q is not the name of a capability, such as CAP_SYS_ADMIN", i, name))
		}
	}
	if c.CapabilityScope != CapabilityScopeContainers && c.CapabilityScope != CapabilityScopeEverywhere {
		errs = append(errs, fmt.Errorf("capability_scope: %q is neither %q nor %q",
			c.CapabilityScope, CapabilityScopeContainers, CapabilityScopeEverywhere))
	}
	return errors.Join(errs...)
}
