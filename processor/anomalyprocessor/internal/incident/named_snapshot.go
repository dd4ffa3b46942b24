// SPDX-License-Identifier: Apache-2.0

package incident

// NamedSnapshot is what is kept of a process that an incident names.
type NamedSnapshot struct {
	Process    Process `json:"process"`
	Parent     Process `json:"parent"`
	Executable string  `json:"executable,omitempty"`
	First      int64   `json:"first"`
	Role       string  `json:"role"`
}

// NamedSnapshots returns what is to be kept of processes that are named.
func NamedSnapshots(named []Named) []NamedSnapshot {
	var all []NamedSnapshot
	for _, n := range named {
		all = append(all, NamedSnapshot{ProcessOf(n.Process), ProcessOf(n.Parent), n.Executable, Nanoseconds(n.First), n.Role.String()})
	}
	return all
}

// RestoreNamed returns them again, but those beyond the limit and those of which the role is not known.
func RestoreNamed(kept []NamedSnapshot) []Named {
	var all []Named
	for _, n := range kept[:min(len(kept), namedMax)] {
		if role, ok := ParseRole(n.Role); ok {
			all = append(all, Named{n.Process.Key(), n.Parent.Key(), cut(n.Executable, executableBytesMax), TimeOf(n.First), role})
		}
	}
	return all
}
