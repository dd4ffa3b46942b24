// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"math/bits"

	"github.com/cespare/xxhash/v2"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/generalise"
)

// chain has the keys of the nodes from a context to an object. Without a context it is empty.
type chain struct {
	keys  [generalise.SegmentsMax + 3]uint64
	count int
	// loose is what the leaf may be as well, 0 if there is no such way to read it.
	loose uint64
}

func (c *chain) leaf() uint64 { return c.keys[c.count-1] }

// last is the leaf, or 0 if there is none.
func (c *chain) last() uint64 {
	if c.count == 0 {
		return 0
	}
	return c.leaf()
}

// Observation is an event in the form in which profiles judge and learn it. It is made to be used again and again, so that nothing
// is allocated for an event. Not safe for concurrent use.
type Observation struct {
	// Object is the generalised object, Shape that of the arguments of an Exec.
	Object, Shape generalise.Object
	// Action and Sensitivity are those of the event.
	Action      behaviour.Action
	Sensitivity behaviour.Sensitivity

	exact, wide, shape chain
	instance           uint64
	version            uint64
}

// Keys name what an observation would add to a profile. An incident keeps them to say later what became of it.
type Keys struct{ Exact, Wide, Shape uint64 }

// Keys returns the keys of an observation; 0 stands for one that is not there.
func (o *Observation) Keys() Keys {
	return Keys{o.exact.last(), o.wide.last(), o.shape.last()}
}

// Salts keep keys of different meaning apart. They stand in exported profiles, so they never change.
const (
	saltWorkload = 0x6d65_6572_0000_0001 + iota
	saltExact
	saltShape
	saltWildcard
	saltOperand
	saltRule
)

// mix makes one number of two, in this order.
func mix(a, b uint64) uint64 {
	high, low := bits.Mul64(a^0x9e3779b97f4a7c15, b^0xd6e8feb86659fd93)
	mixed := high ^ low ^ bits.RotateLeft64(a, 23)
	if mixed == 0 {
		return 1 // 0 is an empty slot
	}
	return mixed
}

func text(s string) uint64 { return xxhash.Sum64String(s) }

// From makes the observation of an event, which has to be valid.
func (o *Observation) From(g *generalise.Generaliser, e *behaviour.Event) {
	o.Action, o.Sensitivity = e.Action, e.Sensitive()
	o.instance, o.version = text(e.Instance), text(e.Version)
	if e.Version == "" {
		o.version = 0
	}
	o.generalise(g, e)
	o.exact.count, o.shape.count = 0, 0
	actor := e.Executable
	if e.Action == behaviour.Exec {
		actor = e.ParentExecutable
	}
	action := uint64(e.Action)
	if actor != "" {
		o.exact.begin(mix(mix(saltExact, action), text(actor)))
		o.exact.extend(&o.Object)
	}
	o.wide.begin(saltWorkload)
	o.wide.append(mix(saltWorkload, action))
	o.wide.extend(&o.Object)
	o.Shape.Reset()
	if e.Action == behaviour.Exec && len(e.Arguments) > 0 {
		g.Arguments(&o.Shape, e.Arguments)
		o.shape.begin(mix(mix(saltShape, action), text(e.Path)))
		o.shape.extend(&o.Shape)
		o.shape.append(mix(o.shape.leaf(), saltOperand)) // so that a shape is never only the beginning of another
	}
}

// generalise fills in the object.
func (o *Observation) generalise(g *generalise.Generaliser, e *behaviour.Event) {
	switch e.Action {
	case behaviour.Rename, behaviour.Link:
		g.Path(&o.Object, e.Target)
	case behaviour.Connect, behaviour.Accept, behaviour.Datagram:
		g.Address(&o.Object, e.Peer, e.Address, e.Port)
	case behaviour.Listen:
		g.Port(&o.Object, e.Port)
	case behaviour.Resolve:
		g.Domain(&o.Object, e.Detail)
	case behaviour.Privilege, behaviour.Injection, behaviour.Mount, behaviour.Signal, behaviour.Channel, behaviour.Crash, behaviour.Attempt,
		behaviour.Socket:
		g.Detail(&o.Object, e.Detail, e.Path)
	default:
		g.Path(&o.Object, e.Path)
	}
}

func (c *chain) begin(key uint64) {
	c.keys[0] = key
	c.count, c.loose = 1, 0
}

func (c *chain) append(key uint64) {
	c.keys[c.count] = key
	c.count++
}

// extend adds a key for each segment of an object.
func (c *chain) extend(o *generalise.Object) {
	for i := range o.Segments() {
		if i == o.Segments()-1 && len(o.Loose()) > 0 {
			c.loose = mix(c.leaf(), xxhash.Sum64(o.Loose()))
		}
		c.append(mix(c.leaf(), xxhash.Sum64(o.Segment(i))))
	}
}
