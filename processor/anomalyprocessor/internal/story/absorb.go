// SPDX-License-Identifier: Apache-2.0

package story

import "github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/incident"

// Absorb takes what is known of an incident for a part of another, after the tracker did. It comes before the event is added by which that
// has shown. If people were told of it as an incident of its own, it is closed, and says which one it is a part of.
func (b *Book) Absorb(into, part *incident.Incident) {
	facts := b.facts[part]
	delete(b.facts, part)
	if s := b.of[part]; s != nil {
		facts = b.takeOut(s, part, b.of[into])
	}
	if facts == nil {
		return
	}
	known := b.factsOf(into)
	if known == nil {
		b.facts[into] = facts
		return
	}
	known.join(facts)
}

// factsOf returns where what is known of an incident is kept, nil if nothing is.
func (b *Book) factsOf(i *incident.Incident) *Facts {
	s := b.of[i]
	if s == nil {
		return b.facts[i]
	}
	if provisional := s.provisional[i]; provisional != nil {
		return provisional
	}
	return &s.facts
}

// takeOut takes an incident out of its story, and returns what is known of it. A story of which nothing is left becomes a part of the other one.
func (b *Book) takeOut(s *Story, part *incident.Incident, into *Story) *Facts {
	delete(b.of, part)
	if s == into {
		if s.provisional[part] == nil {
			s.dropMember(part)
			return nil // its facts are the story's
		}
		return s.leave(part)
	}
	if s.provisional[part] != nil {
		return s.leave(part)
	}
	s.dropMember(part)
	facts := s.facts
	if len(s.members) > 0 || len(s.signatures) > 0 {
		return nil // it was there before, and stays
	}
	s.closed, s.changed = true, true
	if into != nil {
		s.PartOf = into.ID
	}
	if s.Untold.Load() {
		s.changed = false
		b.forget(s)
	}
	return &facts
}
