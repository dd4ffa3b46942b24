// SPDX-License-Identifier: Apache-2.0

package incident

import (
	"slices"
	"time"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
)

// Cousins are what programs execute that the same program has started: the commands of two requests to one server, or of two jobs of one scheduler. That says
// less than to be siblings, so one only belongs to the incident of another if it is nothing but unusual, and close in time. What is sensitive, or known to
// rules, may be somebody else's and begins an incident of its own. While a workload is learned, or a version is new, too much is unusual for that.

// ofCousin returns the incident of a cousin: one that something was added to within a minute, or that was raised some minutes ago at most.
func (t *Tracker) ofCousin(p *process, now time.Time) *Incident {
	starter, ok := t.starter(p)
	if !ok {
		return nil
	}
	for _, i := range slices.Backward(t.open) {
		recent := near(i.Last, now, siblingMax) || i.Raised && near(i.RaisedAt, now, cousinMax)
		if recent && t.startedBy(i, starter) {
			return i
		}
	}
	return nil
}

// cousins makes incidents a part of one that is raised now, if they consist of nothing but its cousins.
func (t *Tracker) cousins(i *Incident, now time.Time) (parts []*Incident) {
	for _, other := range slices.Clone(t.open) {
		if other.Raised || other.hinted || len(other.Sensitivities()) > 0 || !near(other.Last, now, cousinMax) {
			continue
		}
		if slices.ContainsFunc(other.Nodes, func(n Node) bool { return t.cousin(i, n) }) {
			t.absorb(i, other)
			parts = append(parts, other)
		}
	}
	return parts
}

func (t *Tracker) cousin(i *Incident, n Node) bool {
	starter, ok := t.starter(t.processes[n.Process])
	return ok && t.startedBy(i, starter)
}

// startedBy tells whether the programs that executed something unusual in an incident were started by this one.
func (t *Tracker) startedBy(i *Incident, starter behaviour.ProcessKey) bool {
	return slices.ContainsFunc(i.Nodes, func(n Node) bool {
		its, ok := t.starter(t.processes[n.Process])
		return ok && its == starter
	})
}

// starter returns the process that executed the program by which one was started that is unusual itself. One that is forgotten, nil, has none.
func (t *Tracker) starter(p *process) (starter behaviour.ProcessKey, ok bool) {
	if p == nil || !p.unusual {
		return starter, false
	}
	by := t.processes[t.program(p.parent)]
	if by == nil || !by.executed {
		return starter, false
	}
	starter = t.program(by.parent)
	return starter, t.processes[starter] != nil
}

func near(a, b time.Time, most time.Duration) bool {
	gap := a.Sub(b)
	return gap <= most && gap >= -most
}
