// SPDX-License-Identifier: Apache-2.0

package story

import (
	"slices"
	"time"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/incident"
)

// Book has the stories of one workload. It is not safe for concurrent use: whoever owns the profile of the workload owns the book too.
type Book struct {
	// Room is shared by the books of all workloads; it is set before the first use, or nil.
	Room *Room

	workload string
	stories  []*Story
	of       map[*incident.Incident]*Story
	// facts are those of incidents that are not raised.
	facts map[*incident.Incident]*Facts
	stats Stats
	// settled is what Room knows of.
	settled int64
}

// Stats counts what became of incidents, and which limits were hit.
type Stats struct {
	// Merged counts incidents that were added to a story, Forgotten stories that had to go for others before their time.
	Merged, Forgotten uint64
	// Omitted counts names of events, replicas and rules that had no room in their story.
	Omitted uint64
}

// NewBook returns a book without stories.
func NewBook(workload string) *Book {
	return &Book{workload: workload, of: map[*incident.Incident]*Story{}, facts: map[*incident.Incident]*Facts{}}
}

// Stats returns the counts so far.
func (b *Book) Stats() Stats {
	stats := b.stats
	for _, s := range b.stories {
		stats.Omitted += s.facts.Omitted + s.facts.MoreRules
	}
	return stats
}

// Stories returns all that are remembered, the oldest first. They stay the book's.
func (b *Book) Stories() []*Story { return b.stories }

// Add takes in an event that belongs to an incident, after the tracker did. It returns the story, nil as long as the incident is not raised.
// Changed tells that the incident has something new to tell.
func (b *Book) Add(i *incident.Incident, e *Event, changed bool) *Story {
	defer b.settle()
	if !i.Raised {
		f := b.facts[i]
		if f == nil {
			if len(b.facts) >= incidentsMax {
				b.release()
			}
			f = &Facts{}
			b.facts[i] = f // of 32 open ones at most, so that there is room again
		}
		f.add(e)
		return nil
	}
	s := b.of[i]
	if s != nil && changed && s.provisional[i] != nil && !s.fits(i) {
		b.facts[i] = s.leave(i)
		delete(b.of, i)
		s = nil
	}
	if s == nil {
		s = b.begin(i)
		changed = true
	}
	if f := s.provisional[i]; f != nil {
		f.add(e)
	} else {
		s.facts.add(e)
	}
	s.changed = s.changed || changed
	return s
}

// begin finds the story of an incident, or makes one.
func (b *Book) begin(i *incident.Incident) *Story {
	f := b.facts[i]
	if f == nil {
		f = &Facts{}
	}
	delete(b.facts, i)
	for _, known := range b.stories {
		if known.verdict.Kind == Benign {
			continue // what comes now is something that was not accepted
		}
		if gap := i.Last.Sub(known.Last()); gap <= rememberedMax && gap >= -rememberedMax && known.fits(i) {
			known.members = append(known.members, i)
			known.provisional[i] = f
			known.closed = false
			b.of[i] = known
			return known
		}
	}
	b.makeRoom()
	s := newStory(b.workload, i)
	s.members, s.facts = append(s.members, i), *f
	b.stories = append(b.stories, s)
	b.of[i] = s
	return s
}

func (b *Book) makeRoom() {
	if known := len(b.stories); known < storiesMax && (known == 0 || !b.Room.crowded()) {
		return
	}
	oldest := slices.MinFunc(b.stories, func(x, y *Story) int {
		if x.closed != y.closed {
			if x.closed {
				return -1
			}
			return 1
		}
		return x.Last().Compare(y.Last())
	})
	b.stats.Forgotten++
	b.forget(oldest)
}

func (b *Book) forget(s *Story) {
	for _, i := range s.members {
		delete(b.of, i)
	}
	b.stats.Omitted += s.facts.Omitted + s.facts.MoreRules
	b.stories = slices.DeleteFunc(b.stories, func(other *Story) bool { return other == s })
}

// release lets go of facts of incidents that were closed without being raised.
func (b *Book) release() {
	for i := range b.facts {
		if i.Closed() {
			delete(b.facts, i)
		}
	}
}

// Tidy closes what is over, and lets go of what is over for long; now is by the clock of the events.
func (b *Book) Tidy(now time.Time) {
	defer b.settle()
	b.release()
	for _, s := range slices.Clone(b.stories) {
		for _, i := range s.members {
			if i.Closed() {
				delete(b.of, i)
			}
		}
		merged, over := s.finish()
		b.stats.Merged += merged
		s.changed = s.changed || over
		if gap := now.Sub(s.Last()); s.closed && !s.changed && (gap > rememberedMax || gap < -rememberedMax) {
			b.forget(s)
		}
	}
}

// End closes all stories that are open, and returns them.
func (b *Book) End() []*Story {
	var ended []*Story
	for _, s := range b.stories {
		if !s.closed {
			s.closed, s.changed = true, true
			ended = append(ended, s)
		}
	}
	return ended
}

// Due tells whether there is something to tell of a story: at once if nothing was told yet or it is closed, else at most once per interval.
// Now is by the clock of whoever tells.
func (s *Story) Due(now time.Time, interval time.Duration) bool {
	if s.Unsent.Load() {
		return true
	}
	if !s.changed && !s.Noted.Load() {
		return false
	}
	return s.Untold.Load() || s.closed && s.changed || now.Sub(s.toldAt) >= interval
}

// Pending tells whether there is anything that was not told.
func (s *Story) Pending() bool { return s.changed || s.Noted.Load() || s.Unsent.Load() }

// Tell returns the state to tell, and takes it for told.
func (s *Story) Tell(now time.Time) string {
	state := s.State()
	s.toldAt, s.changed, s.toldLost = now, false, s.lost
	s.Noted.Store(false)
	s.Unsent.Store(false)
	s.Untold.Store(false)
	return state
}
