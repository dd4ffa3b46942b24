// SPDX-License-Identifier: Apache-2.0

package story

import (
	"cmp"
	"slices"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/incident"
)

// Processes returns the processes that belong to the incidents of a story, in order, and how many further ones there were. Those that did nothing unusual
// themselves weigh nothing, and don't make it another story.
func (s *Story) Processes() ([]incident.Named, uint64) {
	processes, more := slices.Clone(s.processes), s.moreProcesses
	for _, i := range s.members {
		processes, more = foldProcesses(processes, more, i)
	}
	slices.SortStableFunc(processes, func(a, b incident.Named) int {
		return cmp.Or(a.First.Compare(b.First), cmp.Compare(a.Process.PID, b.Process.PID))
	})
	return processes, more
}

// foldProcesses adds the processes of an incident. Beyond the limit those stay that did something unusual themselves, and of these the first.
func foldProcesses(processes []incident.Named, more uint64, i *incident.Incident) ([]incident.Named, uint64) {
	for _, n := range i.Nodes {
		processes, more = addProcess(processes, more, incident.Named{
			Process: n.Process, Parent: n.Parent, Executable: n.Executable, First: n.First, Role: incident.Unusual,
		})
	}
	for _, n := range i.Named {
		processes, more = addProcess(processes, more, n)
	}
	return processes, more + uint64(i.MoreNodes) + uint64(i.MoreNamed)
}

func addProcess(processes []incident.Named, more uint64, added incident.Named) ([]incident.Named, uint64) {
	if at := slices.IndexFunc(processes, func(n incident.Named) bool { return n.Process == added.Process }); at >= 0 {
		if added.Role == incident.Unusual {
			processes[at] = added
		}
		return processes, more
	}
	if len(processes) < processesMax {
		return append(processes, added), more
	}
	if added.Role == incident.Unusual {
		if at := slices.IndexFunc(processes, func(n incident.Named) bool { return n.Role != incident.Unusual }); at >= 0 {
			processes[at] = added
		}
	}
	return processes, more + 1
}
