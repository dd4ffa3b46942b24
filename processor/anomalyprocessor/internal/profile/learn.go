// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"math"
	"math/bits"
	"time"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
)

// Begin takes in that an event happened, whether it will be learned or not: its time, instance and version. It comes before Judge.
func (p *Profile) Begin(o *Observation, now time.Time) {
	p.clock.advance(now.UnixNano(), p.limits.Speed)
	p.events++
	if o.Action == behaviour.Exec {
		p.starts++
	}
	p.instances |= 1 << (o.instance >> 58)
	p.see(o.version)
}

// Learn takes in what an observation shows. It is for everything that is not part of an incident.
func (p *Profile) Learn(o *Observation) {
	fresh := false
	if o.exact.count > 0 {
		fresh = p.learn(o, &o.exact)
	}
	if p.learn(o, &o.wide) && o.exact.count == 0 {
		fresh = true
	}
	if o.shape.count > 0 {
		p.learn(o, &o.shape)
	}
	switch p.state {
	case Learning:
		p.learning.count(p.clock.observed, fresh)
	case Drifting:
		p.drift.count(p.clock.observed, fresh)
	case Watching:
		return
	}
	p.review()
}

// learn counts an observation along a chain, and tells whether the last node is new.
func (p *Profile) learn(o *Observation, c *chain) bool {
	fresh, parent := false, uint64(0)
	for depth := range c.count {
		key := c.keys[depth]
		n := p.table.find(key)
		if n == nil && depth == c.count-1 && c.loose != 0 {
			n = p.table.find(c.loose)
		}
		if n == nil {
			if parent != 0 && p.newChild(parent) {
				key = mix(parent, saltWildcard)
				n = p.table.find(key)
			}
			if n == nil {
				n = p.insert(key, depth)
				n.flags |= wildcardFlag(key == c.keys[depth])
				fresh = true
			}
		}
		p.observe(o, n)
		if n.flags&flagWildcard != 0 {
			return false // below it nothing is told apart
		}
		n.flags |= wholeFlag(depth == c.count-1 && o.decides(c))
		parent = key
	}
	return fresh
}

func wildcardFlag(exact bool) uint8 {
	if exact {
		return 0
	}
	return flagWildcard
}

// newChild counts a child that was not there, and tells whether it is beyond the limit.
func (p *Profile) newChild(parent uint64) bool {
	n := p.table.find(parent)
	if n == nil { // forgotten meanwhile
		return false
	}
	if n.distinct == math.MaxUint16 { // both, so that their ratio stays
		n.distinct, n.observations = n.distinct/2, n.observations/2
	}
	n.distinct++
	return n.distinct > childrenMax
}

func (p *Profile) insert(key uint64, depth int) *node {
	p.room()
	return p.table.place(node{
		key: key, first: p.clock.bucket(), last: p.clock.bucket(), separate: 1, depth: uint8(depth), epoch: p.clock.epoch(),
	})
}

// observe counts an observation of a node, and ends its probation if it was seen often enough at separate times.
func (p *Profile) observe(o *Observation, n *node) {
	p.age(n)
	if n.observations < math.MaxUint32 {
		n.observations++
	}
	n.replicas |= 1 << (o.instance >> 59)
	if now := p.clock.bucket(); now > n.last {
		n.last = now
		if n.separate < math.MaxUint8 {
			n.separate++
		}
	}
	if n.flags&(flagKnown|flagMarked|flagForbidden) == 0 && p.state != Learning && p.passed(o, n) {
		n.flags |= flagKnown
	}
}

// passed tells whether the probation of a node is over. For what a new version does on two replicas, or at two times, it is short,
// unless that is sensitive.
func (p *Profile) passed(o *Observation, n *node) bool {
	replicas := bits.OnesCount32(n.replicas)
	if p.state == Drifting && o.version == p.drifting && o.Sensitivity == behaviour.Ordinary {
		return replicas >= replicasMin || n.separate >= 2
	}
	return n.regular() || n.separate >= separateMin && replicas >= replicasMin
}

// age halves what was counted for each half-life that is over. What is left with nothing is not normal any longer.
func (p *Profile) age(n *node) {
	over := p.clock.epoch() - n.epoch
	if over == 0 {
		return
	}
	n.epoch = p.clock.epoch()
	shift := min(over, 31)
	n.distinct = uint16((uint32(n.distinct) + 1<<shift - 1) >> shift)
	n.observations >>= shift
	if n.observations == 0 && n.flags&flagAccepted == 0 {
		n.flags &^= flagKnown
		n.separate, n.replicas = 0, 0
	}
}

// Mark keeps behaviours of an incident from being learned, until Accept. What was learned of them before is not normal any longer,
// unless it was normal before the incident. It returns how many were not marked before.
func (p *Profile) Mark(keys ...Keys) int { return p.flag(keys, flagMarked, false) }

// Accept makes behaviours normal for good: somebody said that they are benign.
func (p *Profile) Accept(keys ...Keys) { p.flag(keys, flagKnown|flagAccepted, true) }

// Forbid makes behaviours surprising for good: somebody said that they are malicious.
func (p *Profile) Forbid(keys ...Keys) { p.flag(keys, flagForbidden, true) }

// flag gives nodes another mark, which takes the place of the one they had. They are made if they are not there and that is wanted. It returns how
// many have it only now.
func (p *Profile) flag(keys []Keys, flag uint8, insert bool) int {
	fresh := 0
	for _, key := range keys {
		for i, k := range [...]uint64{key.Exact, key.Wide, key.Shape} {
			if k == 0 {
				continue
			}
			n := p.table.find(k)
			if n == nil && insert {
				n = p.insert(k, 1)
				n.flags |= wholeFlag(i == 0 || i == 1 && key.Exact == 0)
			}
			// That one program should not have done it says nothing about those for which it is normal.
			keep := n != nil && n.flags&flagKnown != 0 && (flag == flagMarked || flag == flagForbidden && i > 0)
			// That it is part of another incident takes nothing back of what somebody has said.
			keep = keep || n != nil && n.flags&flagForbidden != 0 && flag == flagMarked
			if n != nil && !keep {
				if n.flags&flag != flag {
					fresh++
				}
				n.flags = n.flags&flagsOfPlace | flag
				n.observations = max(n.observations, 1) // with none it would count as forgotten
			}
		}
	}
	return fresh
}
