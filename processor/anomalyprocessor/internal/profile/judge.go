// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"math"
	"time"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
)

// Part is which part of a judgement decided.
type Part uint8

// Parts.
const (
	PartNone   Part = iota // nothing is surprising
	PartExact              // what this executable does, or what this parent executes
	PartWide               // what the workload does
	PartShape              // the shape of the arguments
	PartAction             // that something of the kind happens at all
)

// Evidence is what a surprise was estimated from: at the place where the new thing is, Observations were made, and Distinct different
// things were seen. Of the object, the first Segments are known; the next one is new.
type Evidence struct {
	Observations, Distinct uint32
	Segments               int
	// Age is how long ago, in observed time, the place was seen first.
	Age time.Duration
	// Many tells that there were too many different things there to tell them apart.
	Many bool
}

// Judgement is what a profile says about an observation.
type Judgement struct {
	// Bits is the surprise: 0 for what is normal, 16 at most.
	Bits float64
	// ShapeBits is which part of it is because of the arguments.
	ShapeBits float64
	// Part and Evidence are about the larger share.
	Part     Part
	Evidence Evidence
	State    State
	// New tells that it is news of the version that is new at present: much of that is to be expected.
	New bool
	// Behaviour is one number for the generalised behaviour: the same on each replica and host.
	Behaviour uint64
	// Accepted tells that somebody said that it is benign.
	Accepted bool
	// Forbidden tells that somebody said that it is malicious.
	Forbidden bool
}

// shapeWeight is what the surprise about arguments counts, next to that about who does what.
const shapeWeight = 0.5

// Judge tells how surprising an observation is. It changes nothing.
func (p *Profile) Judge(o *Observation) Judgement {
	j := Judgement{State: p.state, Behaviour: p.behaviour(o)}
	known, forbidden := p.knows(&o.exact)
	if o.exact.count == 0 {
		known, forbidden = p.knows(&o.wide)
	}
	if forbidden {
		j.Bits, j.Part, j.Forbidden = bitsMax, PartExact, true
		return j
	}
	j.Accepted = p.accepted(o)
	if !known && (o.Sensitivity != behaviour.Ordinary || !p.oneOfMany(o)) {
		j.Bits, j.Part, j.Evidence = p.place(o)
	}
	if o.shape.count > 1 {
		p.judgeShape(o, &j)
	}
	j.New = j.Bits > 0 && p.state == Drifting && o.version == p.drifting
	return j
}

// oneOfMany tells whether an observation is one of so many different ones at its place that they are not told apart. What is sensitive
// is not to be hidden among them.
func (p *Profile) oneOfMany(o *Observation) bool {
	c := &o.exact
	if c.count == 0 {
		c = &o.wide
	}
	_, _, deep := p.surprise(c)
	if deep == 0 {
		return false
	}
	n := p.table.find(mix(c.keys[deep-1], saltWildcard))
	return n != nil && p.normal(n)
}

// accepted looks at what somebody said about the whole of a behaviour, its arguments included.
func (p *Profile) accepted(o *Observation) bool {
	c := &o.exact
	if c.count == 0 {
		c = &o.wide
	}
	return p.saidBenign(c) && (o.shape.count <= 1 || p.saidBenign(&o.shape))
}

func (p *Profile) saidBenign(c *chain) bool {
	n := p.table.find(c.leaf())
	if n == nil && c.loose != 0 {
		n = p.table.find(c.loose)
	}
	return n != nil && n.flags&flagAccepted != 0
}

// behaviour is the leaf of the exact chain, read in the other way if only that was seen before.
func (p *Profile) behaviour(o *Observation) uint64 {
	c := &o.exact
	if c.count == 0 {
		c = &o.wide
	}
	if c.loose != 0 && p.table.find(c.leaf()) == nil && p.table.find(c.loose) != nil {
		return c.loose
	}
	return c.leaf()
}

// judgeShape adds the surprise about arguments. Those of a program that is not known yet say nothing more.
func (p *Profile) judgeShape(o *Observation, j *Judgement) {
	known, forbidden := p.knows(&o.shape)
	if known || forbidden {
		return
	}
	bits, evidence, deep := p.surprise(&o.shape)
	if deep == 0 {
		return
	}
	j.ShapeBits = bits * shapeWeight
	if j.ShapeBits > j.Bits {
		j.Part, j.Evidence = PartShape, evidence
		j.Evidence.Segments = deep - 1
	}
	j.Bits = min(j.Bits+j.ShapeBits, bitsMax)
}

// knows tells whether the whole of a chain is normal, or forbidden.
func (p *Profile) knows(c *chain) (known, forbidden bool) {
	if c.count == 0 {
		return false, false
	}
	n := p.table.find(c.leaf())
	if n == nil && c.loose != 0 {
		n = p.table.find(c.loose)
	}
	return n != nil && p.normal(n), n != nil && n.flags&flagForbidden != 0
}

// normal tells whether a node counts as known. A profile that learns takes everything for normal that it has seen before.
func (p *Profile) normal(n *node) bool {
	if p.state == Learning {
		return n.flags&flagForbidden == 0 // what is marked was told
	}
	return n.flags&flagAccepted != 0 || n.flags&flagKnown != 0 && n.observations>>min(p.clock.epoch()-n.epoch, 31) > 0
}

// place returns the surprise about an object. The exact context has the last word, unless it is new itself or too thin: then the
// workload as a whole may know better.
func (p *Profile) place(o *Observation) (float64, Part, Evidence) {
	bits, evidence, deep := p.surprise(&o.exact)
	evidence.Segments = deep - 1
	if deep > 0 && p.table.find(o.exact.keys[0]).observations >= thinObservations {
		return bits, PartExact, evidence
	}
	if known, _ := p.knows(&o.wide); known {
		return 0, PartNone, Evidence{}
	}
	wideBits, wideEvidence, wideDeep := p.surprise(&o.wide)
	if deep > 0 && bits < wideBits {
		return bits, PartExact, evidence
	}
	if wideDeep <= 1 {
		return wideBits, PartAction, wideEvidence
	}
	wideEvidence.Segments = wideDeep - 2
	return wideBits, PartWide, wideEvidence
}

// surprise returns how surprising a new child is below the deepest known node of a chain, and how many nodes down that is; 0 if not
// even the first is known.
func (p *Profile) surprise(c *chain) (float64, Evidence, int) {
	var deepest *node
	deep := 0
	for deep < c.count {
		n := p.table.find(c.keys[deep])
		if n == nil || !p.normal(n) {
			break
		}
		deepest = n
		deep++
	}
	if deepest == nil {
		return 0, Evidence{}, 0
	}
	evidence := Evidence{
		Observations: deepest.observations, Distinct: uint32(deepest.distinct), Many: deepest.distinct >= childrenMax,
		Age: time.Duration(p.clock.bucket()-deepest.first) * bucket,
	}
	return bitsOf(deepest.observations, deepest.distinct), evidence, deep
}

// bitsOf estimates the probability of a new child from how often there was one. It is rounded, so that no machine's way to calculate
// shows in it.
func bitsOf(observations uint32, distinct uint16) float64 {
	bits := -math.Log2((float64(distinct) + 0.5) / (float64(observations) + 1))
	return math.Round(min(max(bits, 0), bitsMax)*256) / 256
}
