// SPDX-License-Identifier: Apache-2.0

package judging

import (
	"time"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/generalise"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/incident"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/profile"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/sigma"
)

// Workload is what a workload is judged with beside its profile. It belongs to whoever owns that.
type Workload struct {
	Tracker *incident.Tracker
	Clock   Clock
	// Rejudge says something else than the profile, to compare with. It is nil but where detection is measured.
	Rejudge func(profile.Judgement) profile.Judgement

	// said is the memory for the keys of rules that say something about an event, used again with the next one.
	said []string
}

// Prepare is what every event goes through first: it fills in the observation, corrects the time of the event, and tells whether it did. ours is
// what time it is by our own clock.
func (w *Workload) Prepare(g *generalise.Generaliser, e *behaviour.Event, o *profile.Observation, ours time.Time) (moved bool) {
	e.Time, moved = w.Clock.Take(e.Time, ours)
	w.Tracker.Expire(w.Clock.Now(ours))
	o.From(g, e)
	return moved
}

// ByProfile judges an event by what is known of its workload, which learns from it unless it is part of an incident.
func (w *Workload) ByProfile(p *profile.Profile, e *behaviour.Event, o *profile.Observation, matched []*sigma.Rule) incident.Verdict {
	w.Tracker.Look(e, o)
	p.Begin(o, e.Time)
	j := p.Judge(o)
	if w.Rejudge != nil {
		j = w.Rejudge(j)
	}
	v := w.Tracker.Add(e, o, j, w.hint(p, o, matched))
	v.Tell(p, o)
	return v
}

// ByRules judges an event of which too little is known to say what is unusual about it: nothing is, and nothing is learned.
func (w *Workload) ByRules(p *profile.Profile, e *behaviour.Event, o *profile.Observation, matched []*sigma.Rule) incident.Verdict {
	j := p.Judge(o)
	j.Bits, j.ShapeBits, j.Part, j.New = 0, 0, profile.PartNone, false
	return w.Tracker.Add(e, o, j, w.hint(p, o, matched))
}

// Note takes in an event that only tells who belongs to whom. A clock that is wrong keeps no process.
func (w *Workload) Note(e *behaviour.Event, ours time.Time) {
	if now := w.Clock.Now(ours); e.Time.After(now) {
		e.Time = now
	}
	w.Tracker.Note(e)
}

// hint returns what matched rules say together: several rules about one thing say little more than one. Those that somebody has accepted of
// this behaviour say nothing. It is good until the next event.
func (w *Workload) hint(p *profile.Profile, o *profile.Observation, matched []*sigma.Rule) incident.Hint {
	hint := incident.Hint{Rules: w.said[:0]}
	for _, rule := range matched {
		if rule.Level.Bits() == 0 || p.Excused(o, rule.Key()) {
			continue
		}
		hint.Rules = append(hint.Rules, rule.Key())
		hint.Bits = max(hint.Bits, rule.Level.Bits())
		hint.Raise = hint.Raise || rule.Level.Raises()
	}
	w.said = hint.Rules
	return hint
}
