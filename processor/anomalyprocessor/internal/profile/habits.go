// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"fmt"
	"time"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/habit"
)

// habitShare is which part of a profile is set aside for habits, of what it has beyond the least, and habitBytesMaxMax how much at most: more is no policy that people read.
const (
	habitShare       = 8
	habitBytesMaxMax = 16 << 10
)

func (l Limits) habitBytesMax() int {
	return min((l.ProfileBytesMax-fixedBytes-slotsMin*nodeBytes)/habitShare, habitBytesMaxMax)
}

// slotsMax is how many slots the table of nodes may have.
func (l Limits) slotsMax() int {
	return (l.ProfileBytesMax - fixedBytes - l.habitBytesMax()) / nodeBytes
}

// Note takes in that a habit was seen. Of an observation it is for what Learn is for; without one, for what profiles don't judge.
func (p *Profile) Note(h *habit.Habit, o *Observation, at time.Time) {
	if o != nil {
		h.Behaviour = o.wide.last()
	}
	p.habits.Record(h, at, p.state == Learning, p.roomForHabits)
}

// Watched takes in that there was an event of these tracers.
func (p *Profile) Watched(tracers habit.Tracers) { p.habits.Watched(tracers) }

// Tracers returns the tracers of which there was an event.
func (p *Profile) Tracers() habit.Tracers { return p.habits.Tracers() }

// HabitsOmitted counts habits that had no room.
func (p *Profile) HabitsOmitted() uint64 { return p.habits.Omitted() }

// Habits returns the habits that are normal, and how many are not: still on probation, or part of an incident. The judgement of the profile
// decides; of what it has forgotten, or does not judge, how often the habit itself was seen.
func (p *Profile) Habits() (normal []habit.Seen, others int) {
	for _, s := range p.habits.All() {
		if p.settled(&s) {
			normal = append(normal, s)
		} else {
			others++
		}
	}
	return normal, others
}

func (p *Profile) settled(s *habit.Seen) bool {
	if s.Kind == habit.Label {
		return true // whoever deploys chooses them
	}
	if s.Behaviour != 0 {
		if n := p.table.find(s.Behaviour); n != nil {
			return p.normal(n) && n.flags&flagMarked == 0
		}
	}
	return s.Settled(separateMin, ageMin)
}

// roomForHabits tells whether habits may take so many more bytes. It takes back what they give up.
func (p *Profile) roomForHabits(more int) bool {
	return p.habits.Bytes()+more <= p.limits.habitBytesMax() && p.grow(p.bytes(), more)
}

// readHabits fills in the habits of an exported profile.
func (p *Profile) readHabits(data []byte) error {
	// While it is decoded, bytes are counted by what was taken so far: the table is not in place yet.
	taken := 0
	table, err := habit.Decode(data, func(more int) bool {
		if taken+more > p.limits.habitBytesMax() {
			return false
		}
		taken += more
		return true
	})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	p.habits = table
	return nil
}

// Observed is for how long the workload was observed, versions together.
func (p *Profile) Observed() time.Duration { return p.clock.observed }
