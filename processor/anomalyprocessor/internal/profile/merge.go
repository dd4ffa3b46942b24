// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"math"
	"slices"
)

// Merge takes in another profile of the same workload, from another host or from before. Counts add up; what either knows is known;
// what either holds to be part of an incident is not, unless the other knows it; what is forbidden for one is for both. If one of both
// has learned enough, the result has.
func (p *Profile) Merge(other *Profile) {
	if p.events == 0 {
		p.clock, p.learning, p.state = other.clock, other.learning, other.state
		p.drift, p.drifting = other.drift, other.drifting
	} else if p.state == Learning && other.state != Learning {
		p.EndLearning()
	}
	known := other.state != Learning
	for _, n := range other.table.all() {
		// Ages are what two profiles have in common, not their clocks.
		age := other.clock.bucket() - min(n.last, other.clock.bucket())
		first := other.clock.bucket() - min(n.first, other.clock.bucket())
		n.last = p.clock.bucket() - min(age, p.clock.bucket())
		n.first = p.clock.bucket() - min(first, p.clock.bucket())
		n.epoch = p.clock.epoch()
		if !known && p.state != Learning {
			n.flags &^= flagKnown
		}
		p.mergeNode(n)
	}
	for _, version := range other.versions {
		if !slices.Contains(p.versions, version) && len(p.versions) < versionsMax {
			p.versions = append(p.versions, version)
		}
	}
	p.instances |= other.instances
	p.events += other.events
	p.starts += other.starts
	p.habits.Merge(&other.habits, known || p.state == Learning, p.roomForHabits)
}

func (p *Profile) mergeNode(n node) {
	mine := p.table.find(n.key)
	if mine == nil {
		p.room()
		p.table.place(n)
		return
	}
	p.age(mine)
	mine.observations = uint32(min(uint64(mine.observations)+uint64(n.observations), math.MaxUint32))
	mine.distinct = max(mine.distinct, n.distinct)
	mine.separate = max(mine.separate, n.separate)
	mine.replicas |= n.replicas
	mine.first, mine.last = min(mine.first, n.first), max(mine.last, n.last)
	mine.flags = mergeFlags(mine.flags, n.flags)
}

func mergeFlags(a, b uint8) uint8 {
	both := a | b
	switch {
	case both&flagForbidden != 0:
		return both&flagsOfPlace | flagForbidden
	case both&flagKnown != 0:
		return both&(flagsOfPlace|flagAccepted) | flagKnown
	}
	return both
}
