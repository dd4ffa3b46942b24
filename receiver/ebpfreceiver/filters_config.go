// SPDX-License-Identifier: Apache-2.0

package ebpfreceiver

import (
	"errors"
	"fmt"
	"net/netip"
	"path"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/confmap"
)

// FiltersConfig says which events are wanted, of all tracers.
type FiltersConfig struct {
	// Include keeps, of each kind of rule that it has any of, only what one of them names.
	Include FilterRulesConfig `mapstructure:"include"`
	// Exclude leaves out what any of its rules names.
	Exclude FilterRulesConfig `mapstructure:"exclude"`
	// OwnActivity makes events of what the collector itself does.
	OwnActivity bool `mapstructure:"own_activity"`
	// EventsPerSecondMax is how many events of one kind one workload may make; 0 for any number. What
	// is above it stays in the kernel, and is counted.
	EventsPerSecondMax uint32 `mapstructure:"events_per_second_max"`

	_ struct{}
}

// FilterRulesConfig lists rules by what they look at. In patterns * stands for any characters and ? for
// one.
type FilterRulesConfig struct {
	// Cgroups are patterns for paths in the cgroup hierarchy.
	Cgroups []string `mapstructure:"cgroups"`
	// Containers are patterns for ids and names.
	Containers []string `mapstructure:"containers"`
	// Images are patterns for the names of container images.
	Images []string `mapstructure:"images"`
	// Namespaces are patterns for the Kubernetes namespaces of pods.
	Namespaces []string `mapstructure:"namespaces"`
	// Executables are patterns for paths of executables, as the processes see them.
	Executables []string `mapstructure:"executables"`
	// Paths are those of files, as the processes see them. One with a slash at its end means all below it, any
	// other itself and all below it. The longest one that fits decides.
	Paths []string `mapstructure:"paths"`
	// Users are effective user ids, in the initial user namespace.
	Users []uint32 `mapstructure:"users"`
	// Networks are the far ends of connections, as addresses with prefix lengths.
	Networks []string `mapstructure:"networks"`
	// Ports are those of either end of connections.
	Ports []uint16 `mapstructure:"ports"`

	_ struct{}
}

func filtersConfigDefault() FiltersConfig {
	return FiltersConfig{EventsPerSecondMax: eventsPerSecondDefault}
}

var _ confmap.Validator = (*FilterRulesConfig)(nil)

// Validate implements confmap.Validator.
func (c *FilterRulesConfig) Validate() error {
	var errs []error
	for key, patterns := range c.patterns() {
		if len(patterns) > filterPatternsMax {
			errs = append(errs, fmt.Errorf("%s: %d patterns are more than %d", key, len(patterns), filterPatternsMax))
		}
		for i, pattern := range patterns {
			if pattern == "" || len(pattern) > filterPatternBytesMax {
				errs = append(errs, fmt.Errorf("%s[%d]: a pattern has 1 to %d bytes, not %d", key, i, filterPatternBytesMax, len(pattern)))
			}
		}
	}
	for i, network := range c.Networks {
		if _, err := parseNetwork(network); err != nil {
			errs = append(errs, fmt.Errorf("networks[%d]: %w", i, err))
		}
	}
	for i, path := range c.Paths {
		if err := validateFilterPath(path); err != nil {
			errs = append(errs, fmt.Errorf("paths[%d]: %w", i, err))
		}
	}
	for key, count := range map[string]int{"paths": len(c.Paths), "users": len(c.Users), "networks": len(c.Networks), "ports": len(c.Ports)} {
		if count > filterValuesMax {
			errs = append(errs, fmt.Errorf("%s: %d are more than %d, which is what the kernel half has room for", key, count, filterValuesMax))
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}

func (c *FilterRulesConfig) patterns() map[string][]string {
	return map[string][]string{
		"cgroups": c.Cgroups, "containers": c.Containers, "images": c.Images, "namespaces": c.Namespaces, "executables": c.Executables,
	}
}

func validateFilterPath(p string) error {
	if !strings.HasPrefix(p, "/") {
		return fmt.Errorf("%q does not start with a slash; only absolute paths can be compared", p)
	}
	if len(p) > filterPathBytesMax {
		return fmt.Errorf("it has %d bytes, and at most %d are compared", len(p), filterPathBytesMax)
	}
	if short := path.Clean(p); p != short && p != short+"/" {
		return fmt.Errorf("%q is not in its shortest form, which is %q", p, short)
	}
	if strings.ContainsAny(p, "*\x00") {
		return fmt.Errorf("%q looks like a pattern; a directory stands for all below it", p)
	}
	return nil
}

// parseNetwork takes an address for the network that it is the only one in.
func parseNetwork(text string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(address, address.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return prefix, fmt.Errorf("%q is neither an address nor one with a prefix length, such as 10.0.0.0/8", text)
	}
	return prefix, nil
}
