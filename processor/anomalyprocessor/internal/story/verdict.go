// SPDX-License-Identifier: Apache-2.0

package story

import (
	"slices"
	"time"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/incident"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/profile"
)

// Kinds of verdicts.
const (
	Benign    = "benign"
	Malicious = "malicious"
)

// Verdict is what a person has said about a story. The zero value is none.
type Verdict struct {
	// Kind is Benign or Malicious, empty if nobody has said anything.
	Kind string
	// Comment and By are texts that are handed on as they are.
	Comment, By string
	// At is when it was said.
	At time.Time
}

// Closed tells whether the story is over, as far as is known.
func (s *Story) Closed() bool { return s.closed }

// Verdict returns what was said about the story.
func (s *Story) Verdict() Verdict { return s.verdict }

// State is the state that the next telling has.
func (s *Story) State() string {
	switch {
	case s.closed:
		return "closed"
	case s.Untold.Load():
		return "opened"
	}
	return "updated"
}

// Keys returns the keys of all that the story consists of, and those of the rules that matched.
func (s *Story) Keys() (behaviours, excuses []profile.Keys) {
	add := func(b *incident.Behaviour) {
		behaviours = append(behaviours, b.AllKeys()...)
		excuses = append(excuses, b.Excuses...)
	}
	for at := range s.steps {
		add(&s.steps[at].Behaviour)
	}
	for _, i := range s.members {
		for at := range i.Behaviours {
			add(&i.Behaviours[at])
		}
	}
	return behaviours, excuses
}

// Judge takes down a verdict, which is due to be told at once. With closes the story is over: the tracker closes its incidents.
func (b *Book) Judge(s *Story, v Verdict, closes bool, t *incident.Tracker) {
	s.verdict, s.changed, s.toldAt = v, true, time.Time{}
	if !closes {
		return
	}
	for _, i := range slices.Clone(s.members) {
		t.Close(i)
	}
	for _, i := range s.members {
		delete(b.of, i)
	}
	merged, _ := s.finish()
	b.stats.Merged += merged
}
