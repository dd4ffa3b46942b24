// SPDX-License-Identifier: Apache-2.0

package incident

import (
	"slices"
	"time"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
)

// join finds the incident that a surprising event belongs to, or begins one. Events come through several queues, so what a process does may
// be known before how it came to be: then the event shows that two incidents are one. An event is plain if it is nothing but unusual.
func (t *Tracker) join(p *process, e *behaviour.Event, plain bool) Verdict {
	v := Verdict{Incident: t.link(p, e)}
	if v.Incident == nil && plain {
		v.Incident = t.ofCousin(p, e.Time)
	}
	for _, below := range t.ofChildren(p, e.Time) {
		whole := v.Incident
		switch whole {
		case below:
		case nil:
			v.Incident = below
		default:
			if below.Raised && (!whole.Raised || below.Number < whole.Number) {
				whole, below = below, whole
			}
			t.absorb(whole, below)
			v.Incident, v.Absorbed = whole, append(v.Absorbed, below)
		}
	}
	if v.Incident == nil {
		v.Incident = t.begin(e.Time)
	}
	p.incident = v.Incident
	return v
}

// absorb makes an incident a part of another.
func (t *Tracker) absorb(into, part *Incident) {
	into.Opened, into.Last = minTime(into.Opened, part.Opened), maxTime(into.Last, part.Last)
	for at := range part.Nodes {
		into.keepNode(&part.Nodes[at])
	}
	into.MoreNodes += part.MoreNodes
	for at := range part.Nodes {
		into.unname(part.Nodes[at].Process)
	}
	for at := range part.Named {
		into.keepNamed(&part.Named[at])
	}
	into.MoreNamed += part.MoreNamed
	for at := range part.Behaviours {
		into.keepBehaviour(&part.Behaviours[at])
	}
	into.MoreBehaviours += part.MoreBehaviours
	for path := range part.files {
		if len(into.files) < into.most(filesMax) {
			into.files[path] = true
		}
	}
	into.hinted = into.hinted || part.hinted
	part.into = into
	t.Close(part)
}

// whole returns the incident that one is a part of by now: itself, unless it was absorbed.
func (i *Incident) whole() *Incident {
	for i != nil && i.into != nil {
		i = i.into
	}
	return i
}

// ofChildren returns the incidents of processes that were started by this one and did something only after now. That a parent does something
// later says nothing about its children.
func (t *Tracker) ofChildren(p *process, now time.Time) []*Incident {
	var all []*Incident
	for _, i := range t.open {
		if i.active(now) && slices.ContainsFunc(i.Nodes, func(n Node) bool { return n.Parent == p.key && now.Before(n.First) }) {
			all = append(all, i)
		}
	}
	return all
}

// link finds the incident that a surprising event belongs to: of the process itself, of the nearest ancestor, through a file, of a
// sibling. It returns nil if there is none.
func (t *Tracker) link(p *process, e *behaviour.Event) *Incident {
	if i := t.ofAncestry(p, e.Time); i != nil {
		return i
	}
	if e.Action == behaviour.Exec || e.Action == behaviour.Read {
		for _, i := range t.open {
			if i.files[e.Path] && i.active(e.Time) {
				return i
			}
		}
	}
	return t.ofSibling(p, e.Time)
}

// ofAncestry returns the incident of a process, or of its nearest ancestor that has one.
func (t *Tracker) ofAncestry(p *process, now time.Time) *Incident {
	i, _ := t.nearest(p, now)
	return i
}

// nearest returns the incident of a process, or of its nearest ancestor that has one, and whose it is.
func (t *Tracker) nearest(p *process, now time.Time) (*Incident, *process) {
	for range ancestorsMax + 1 {
		if i := p.incident.whole(); i != nil && i.active(now) {
			return i, p
		}
		parent, ok := t.processes[p.parent]
		if !ok {
			return nil, nil
		}
		p = parent
	}
	return nil, nil
}

// ofSibling returns the incident of another child of the same program, whichever of its forks it is of. A common parent says little, so both have to be
// unusual themselves, and close in time.
func (t *Tracker) ofSibling(p *process, now time.Time) *Incident {
	if !p.unusual || p.parent == (behaviour.ProcessKey{}) {
		return nil
	}
	program := t.program(p.parent)
	for _, i := range slices.Backward(t.open) {
		if gap := now.Sub(i.Last); gap > siblingMax || gap < -siblingMax {
			continue
		}
		for n := range i.Nodes {
			sibling, ok := t.processes[i.Nodes[n].Process]
			if ok && sibling.unusual && t.program(sibling.parent) == program {
				return i
			}
		}
	}
	return nil
}

// program returns the process that executed the program which a process runs, as far up as is known: a shell forks itself for each part of a script, and a
// server for each worker.
func (t *Tracker) program(key behaviour.ProcessKey) behaviour.ProcessKey {
	for range ancestorsMax {
		p, ok := t.processes[key]
		if !ok || p.executed || t.processes[p.parent] == nil {
			break
		}
		key = p.parent
	}
	return key
}
