// SPDX-License-Identifier: Apache-2.0

package incident

import (
	"cmp"
	"time"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
)

// Note takes in what says nothing of behaviour, but of who belongs to whom: that a process was made, or that it has ended. Without it the children
// of a process that only ever forked have no ancestors. It is nothing to raise an incident by, and nothing to learn.
func (t *Tracker) Note(e *behaviour.Event) {
	defer t.settle()
	p, known := t.processes[e.Process]
	switch {
	case !e.Ended:
		t.nameBelow(t.process(e), e.Time)
	case known:
		p.ended = true
	case t.below(e.Parent):
		p = t.process(e)
		p.ended = true
		t.nameBelow(p, e.Time)
	}
}

// adopt makes the parent of a process known that was never seen doing anything itself: it is a mere fork of the executor of the event.
func (t *Tracker) adopt(e *behaviour.Event) {
	none := behaviour.ProcessKey{}
	if e.Executor == none || e.Parent == none || e.Executor == e.Parent || e.Executor == e.Process || e.Parent == e.Process {
		return
	}
	if _, known := t.processes[e.Parent]; known {
		return
	}
	fork := *e
	fork.Process, fork.Parent, fork.Executor = e.Parent, e.Executor, none
	t.process(&fork)
}

// sooner orders processes by what is lost with them: first those that have ended and are part of nothing, then by when they were active last.
func (p *process) sooner(other *process) int {
	if idle, others := p.ended && p.incident == nil, other.ended && other.incident == nil; idle != others {
		if idle {
			return -1
		}
		return 1
	}
	return cmp.Compare(p.touched, other.touched)
}

// forgetEnded forgets processes that ended and were quiet for as long as an incident stays open: nothing is linked through them any more,
// unless they are the way from a child to its ancestors, or an incident of theirs goes on.
func (t *Tracker) forgetEnded(now time.Time) {
	parents := make(map[behaviour.ProcessKey]bool, len(t.processes))
	for _, p := range t.processes {
		parents[p.parent] = true
	}
	for key, p := range t.processes {
		if gap := time.Duration(now.UnixNano() - p.seen); p.ended && gap > quietMax && !parents[key] && (p.incident == nil || !p.incident.active(now)) {
			delete(t.processes, key)
		}
	}
}
