// SPDX-License-Identifier: Apache-2.0

package habit

import (
	"slices"
	"strings"
)

// Tracers is a set of tracers.
type Tracers uint32

// tracerNames are those that policies depend on. Their order stands in exported profiles: add new ones at the end.
var tracerNames = [...]string{"privilege", "injection", "mount", "socket", "tcp", "udp", "dns"}

// TracerNames returns the tracers that policies depend on.
func TracerNames() []string { return slices.Clone(tracerNames[:]) }

// TracerOf returns the tracer of a name, an empty set if policies don't depend on it.
func TracerOf(name string) Tracers {
	for i, known := range tracerNames {
		if known == name {
			return 1 << i
		}
	}
	return 0
}

// TracerOfEvent returns the tracer that an event is of, such as privilege of meerkat.privilege.user_change.
func TracerOfEvent(event string) Tracers {
	rest, ok := strings.CutPrefix(event, "meerkat.")
	if !ok {
		return 0
	}
	name, _, _ := strings.Cut(rest, ".")
	return TracerOf(name)
}

// Has tells whether all of others are in the set.
func (t Tracers) Has(others Tracers) bool { return t&others == others }

// Names returns the tracers of the set.
func (t Tracers) Names() []string {
	var all []string
	for i, name := range tracerNames {
		if t&(1<<i) != 0 {
			all = append(all, name)
		}
	}
	return all
}
