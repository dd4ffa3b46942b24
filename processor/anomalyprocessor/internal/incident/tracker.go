// SPDX-License-Identifier: Apache-2.0

package incident

import (
	"slices"
	"time"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/profile"
)

// process is what a tracker knows of a process.
type process struct {
	key, parent behaviour.ProcessKey
	incident    *Incident
	// unusual tells that its own execution was surprising, ended that it is gone.
	unusual, ended bool
	// executed tells that it was seen to execute a program: it is not the runtime that prepares the container.
	executed bool
	// touched orders processes by when they were active last, seen is when that was, in nanoseconds since 1970.
	touched uint64
	seen    int64
	// executable is what it runs, as far as that is known. began is when it was seen to execute something first, in nanoseconds since 1970, 0 if never.
	executable string
	began      int64
	// started counts what was executed below it while it was a job, odd what of that was surprising.
	started, odd uint32
	// named is the incident in which it is named, without being a part of it.
	named *Incident
}

// Tracker links the surprising events of one workload. It is not safe for concurrent use: whoever owns the profile of the workload owns
// the tracker too.
type Tracker struct {
	// Room is shared by the trackers of all workloads; it is set before the first use, or nil.
	Room *Room

	processes map[behaviour.ProcessKey]*process
	open      []*Incident
	touches   uint64
	stats     Stats
	// learned tells that the profile is past learning.
	learned bool
	// swept is when processes were looked through last.
	swept time.Time
	// executables are the names of programs that processes share.
	executables map[string]string
	// settled is what Room knows of.
	settled struct{ processes, open int64 }
}

// Stats counts what a tracker has seen, and which limits were hit.
type Stats struct {
	Surprising, Opened, Raised, Closed uint64
	// Forgotten counts processes, Displaced incidents that had to be closed for another.
	Forgotten, Displaced uint64
	// Unnamed counts processes that belong to incidents and had no room there, Nameless programs whose names had none.
	Unnamed, Nameless uint64
}

// NewTracker returns a tracker without incidents.
func NewTracker() *Tracker {
	return &Tracker{processes: map[behaviour.ProcessKey]*process{}, executables: map[string]string{}}
}

// Stats returns the counts so far.
func (t *Tracker) Stats() Stats { return t.stats }

// Open returns the open incidents, oldest first. They stay the tracker's.
func (t *Tracker) Open() []*Incident { return t.open }

// Verdict is what a tracker says about an event.
type Verdict struct {
	// Incident is the one that the event belongs to, nil if it belongs to none.
	Incident *Incident
	// Absorbed are others of which the event shows that they are parts of this one.
	Absorbed []*Incident
	// Raised tells that this event raised it, Changed that it added something new to it.
	Raised, Changed bool
	// Learn tells that the profile may learn from the event: its process is not part of an incident that is raised.
	Learn bool
	// Suspect is what the profile must not take for normal.
	Suspect []profile.Keys
}

// Tell tells the profile what became of an event. While it learns it takes in everything, and says at the end what of it is normal.
func (v *Verdict) Tell(p *profile.Profile, o *profile.Observation) {
	if v.Learn || p.State() == profile.Learning {
		p.Learn(o)
	}
	if fresh := p.Mark(v.Suspect...); fresh > 0 && v.Raised {
		p.WouldBeIncident()
	}
}

// Hint is what rules say about an event. The zero value is nothing.
type Hint struct {
	// Bits is what an unusual event weighs more.
	Bits float64
	// Raise tells that it is an incident by itself.
	Raise bool
	// Rules are the keys of the rules that say so.
	Rules []string
}

func (h *Hint) nothing() bool { return h.Bits == 0 && !h.Raise }

// Add takes in an event that was judged. While the profile learns, everything is new, so an incident is raised only if it is sensitive
// in more than one way: else the first hour of any workload would be an incident, and never be learned. What somebody said to be malicious is one at
// once.
func (t *Tracker) Add(e *behaviour.Event, o *profile.Observation, j profile.Judgement, hint Hint) Verdict {
	defer t.settle()
	if !t.learned && j.State != profile.Learning {
		t.endLearning()
	}
	p := t.process(e)
	quiet := saysNothing(o, j, hint)
	if e.Action == behaviour.Exec {
		t.executes(p, e, !quiet)
	}
	if quiet {
		if len(t.open) == 0 {
			return Verdict{Learn: true}
		}
		return t.quiet(p, e, o, j, hint)
	}
	t.stats.Surprising++
	p.unusual = p.unusual || e.Action == behaviour.Exec && (j.Bits > SurpriseMin || hint.Raise)
	watching := j.State == profile.Watching
	v := t.join(p, e, watching && o.Sensitivity == behaviour.Ordinary && hint.nothing())
	i := v.Incident
	v.Changed = i.add(p, e, o, j, hint) || len(v.Absorbed) > 0
	if !i.Raised && (hint.Raise || j.Forbidden || v.Changed && t.reached(i, j.State, e.Time)) {
		i.Raised, i.RaisedAt, v.Raised = true, e.Time, true
		t.stats.Raised++
		if watching {
			v.Absorbed = append(v.Absorbed, t.cousins(i, e.Time)...)
		}
	}
	t.nameWith(i, p, v.Raised, e.Time)
	v.Learn = !i.Raised
	switch {
	case v.Raised:
		v.Suspect = i.suspect()
	case i.Raised && (o.Sensitivity != behaviour.Ordinary || !hint.nothing()):
		v.Suspect = []profile.Keys{o.Keys()}
	}
	return v
}

// saysNothing tells whether an event is nothing by itself. Nor is it if rules match what a workload does anyway, unless these raise an incident.
func saysNothing(o *profile.Observation, j profile.Judgement, hint Hint) bool {
	switch {
	case j.Bits > SurpriseMin || hint.Raise:
		return false
	case j.State == profile.Learning:
		return hint.nothing() && (j.Accepted || o.Sensitivity == behaviour.Ordinary)
	}
	return true
}

// quiet takes in an event that says nothing by itself.
func (t *Tracker) quiet(p *process, e *behaviour.Event, o *profile.Observation, j profile.Judgement, hint Hint) Verdict {
	t.nameBelow(p, e.Time)
	i, by := t.nearest(p, e.Time)
	if i == nil || !i.Raised {
		return Verdict{Learn: true}
	}
	v := Verdict{}
	// What a program executes that should not be there is a step, however ordinary it is.
	if e.Action == behaviour.Exec && by != p && by.unusual {
		p.unusual, p.incident = true, i
		v.Incident, v.Changed = i, i.add(p, e, o, j, hint)
	}
	return v
}

// reached tells whether an incident is one for people.
func (t *Tracker) reached(i *Incident, state profile.State, now time.Time) bool {
	if state == profile.Learning && len(i.Sensitivities()) < 2 {
		return false
	}
	if state == profile.Drifting && !t.reachedByNew(i, now) {
		return false
	}
	bar := Bar
	if !i.hinted && len(i.Sensitivities()) == 0 {
		bar *= ordinaryFactor
	}
	return i.recentScore(now) >= bar
}

// reachedByNew tells whether an incident is more than a new version is known for. It may well do something that is sensitive, such as to use a shell: it
// takes two such things, of which one is graver, or things of three kinds, or a high score.
func (t *Tracker) reachedByNew(i *Incident, now time.Time) bool {
	return i.decisive() >= 2 && (i.grave() || len(i.Sensitivities()) >= 3 || i.recentScore(now) >= barOfNew)
}

// endLearning closes what was linked while everything was new, and is normal now. What was raised stays.
func (t *Tracker) endLearning() {
	t.learned = true
	t.open = slices.DeleteFunc(t.open, func(i *Incident) bool {
		if i.Raised {
			return false
		}
		t.close(i)
		return true
	})
}

// process returns what is known of the process of an event, which is made known if it was not.
func (t *Tracker) process(e *behaviour.Event) *process {
	t.adopt(e)
	t.touches++
	p, ok := t.processes[e.Process]
	if !ok {
		if known := len(t.processes); known >= processesMax || known >= processesMin && t.Room.crowdedByProcesses() {
			t.forget()
		}
		p = &process{key: e.Process, parent: e.Parent}
		t.processes[e.Process] = p
		t.callIt(p, e.Executable)
		// A parent that only starts others is not quiet: without it they would have no ancestors.
		if parent, ok := t.processes[e.Parent]; ok {
			parent.touched, parent.seen = t.touches, e.Time.UnixNano()
		}
	}
	p.touched, p.seen = t.touches, e.Time.UnixNano()
	return p
}

// forget drops a quarter of the processes: see sooner.
func (t *Tracker) forget() {
	all := make([]*process, 0, len(t.processes))
	for _, p := range t.processes {
		all = append(all, p)
	}
	slices.SortFunc(all, (*process).sooner)
	for _, p := range all[:len(all)/4] {
		delete(t.processes, p.key)
		t.stats.Forgotten++
	}
}
