// SPDX-License-Identifier: Apache-2.0

package story

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/incident"
)

func process(pid uint32) behaviour.ProcessKey { return behaviour.ProcessKey{PID: pid} }

// named is an incident with a process that did something unusual, its job, and what it started.
func named() *incident.Incident {
	i := raised(1, start, 1)
	i.Nodes = []incident.Node{{Process: process(1), Parent: process(2), First: start}}
	i.Named = []incident.Named{
		{Process: process(3), Parent: process(1), First: start.Add(2), Role: incident.Below},
		{Process: process(2), First: start.Add(1), Role: incident.Job},
	}
	return i
}

func rolesOf(processes []incident.Named) []string {
	var all []string
	for _, n := range processes {
		all = append(all, fmt.Sprint(n.Process.PID, " ", n.Role))
	}
	return all
}

// What did something unusual in one incident is told so, whatever it is in another.
func TestStory_processes(t *testing.T) {
	other := raised(2, start, 1)
	other.Nodes = []incident.Node{{Process: process(3), First: start.Add(time.Second)}}
	other.Named = []incident.Named{{Process: process(1), First: start, Role: incident.Below}}
	s := newStory("w", named())
	s.members = append(s.members, named(), other)
	processes, more := s.Processes()
	assert.Equal(t, []string{"1 unusual", "2 job", "3 unusual"}, rolesOf(processes))
	assert.Zero(t, more)
}

func TestStory_processesBounded(t *testing.T) {
	i := raised(1, start, 1)
	for pid := range uint32(processesMax) {
		i.Named = append(i.Named, incident.Named{Process: process(pid), First: start, Role: incident.Below})
	}
	processes, more := foldProcesses(nil, 0, i)
	assert.Len(t, processes, processesMax)
	assert.Zero(t, more)
	other := raised(2, start, 1)
	other.Nodes, other.MoreNodes, other.MoreNamed = []incident.Node{{Process: process(1000)}}, 3, 4
	other.Named = []incident.Named{{Process: process(1001), Role: incident.Job}}
	processes, more = foldProcesses(processes, more, other)
	assert.Len(t, processes, processesMax)
	assert.Equal(t, uint64(2+3+4), more)
	assert.Contains(t, rolesOf(processes), "1000 unusual", "it takes the place of one that did nothing unusual")
	assert.NotContains(t, rolesOf(processes), "1001 job")
}
