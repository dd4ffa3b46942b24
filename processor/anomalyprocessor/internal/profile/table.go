// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"math/bits"
	"slices"
)

// Marks of a node.
const (
	flagKnown     = 1 << iota // it is normal
	flagMarked                // it was part of an incident: not learned until somebody says that it was benign
	flagForbidden             // somebody said that it was malicious: never learned
	flagWildcard              // it stands for all children beyond the limit
	flagAccepted              // somebody said that it is benign: known for good
	flagWhole                 // it is a whole behaviour, not only the beginning of one
	flagsEnd
)

// flagsOfPlace say what a node stands for; the others what is thought of that.
const flagsOfPlace = flagWildcard | flagWhole

// node is what is known about one prefix of behaviours.
type node struct {
	key          uint64 // 0 is an empty slot
	observations uint32 // saturating
	last, first  uint32 // buckets of observed time
	replicas     uint32 // a bit for each of 32 groups of instances
	distinct     uint16 // how often there was a new child, saturating
	separate     uint8  // buckets in which it was seen, saturating
	flags        uint8
	depth        uint8
	epoch        uint8 // half-lives that are taken into account
	told         uint8 // what was told of it to others
	_            uint8
}

// table is a hash table with open addressing and linear probing. Its capacity is any number, so that it fits into a limit exactly.
type table struct {
	slots []node
	used  int
	// evicted counts nodes that were forgotten for want of room.
	evicted uint64
}

func newTable(slots int) table { return table{slots: make([]node, slots)} }

// home is the slot in which a key is looked for first.
func (t *table) home(key uint64) int {
	high, _ := bits.Mul64(key*0x9e3779b97f4a7c15, uint64(len(t.slots)))
	return int(high)
}

// find returns the node of a key, or nil. It is valid until the next insertion.
func (t *table) find(key uint64) *node {
	for i := t.home(key); ; {
		switch n := &t.slots[i]; n.key {
		case key:
			return n
		case 0:
			return nil
		}
		if i++; i == len(t.slots) {
			i = 0
		}
	}
}

// full tells whether one more node would make the table slow.
func (t *table) full() bool { return t.used >= len(t.slots)/4*3 }

// place puts a node whose key is not there yet. There has to be room.
func (t *table) place(n node) *node {
	for i := t.home(n.key); ; {
		if t.slots[i].key == 0 {
			t.slots[i] = n
			t.used++
			return &t.slots[i]
		}
		if i++; i == len(t.slots) {
			i = 0
		}
	}
}

// resize moves everything into a table of another size.
func (t *table) resize(slots int) {
	old := t.slots
	t.slots, t.used = make([]node, slots), 0
	for i := range old {
		if old[i].key != 0 {
			t.place(old[i])
		}
	}
}

// worth orders nodes by what would be lost with them. A flood of names that never come again is lost first, then what was not
// seen for the longest time, what lies deeper before what it lies in. What people or incidents said is kept the longest.
func (n *node) worth() uint64 {
	class := uint64(1)
	switch {
	case n.flags&(flagMarked|flagForbidden|flagAccepted) != 0:
		class = 3
	case n.flags&flagKnown != 0:
		class = 2
	case n.observations <= 1:
		class = 0
	}
	return class<<62 | uint64(n.last)<<8 | uint64(255-n.depth)
}

// evict forgets an eighth of the nodes, those that are worth the least.
func (t *table) evict() {
	worths := make([]uint64, 0, t.used)
	for i := range t.slots {
		if t.slots[i].key != 0 {
			worths = append(worths, t.slots[i].worth())
		}
	}
	slices.Sort(worths)
	number := max(len(worths)/8, 1)
	limit := worths[number-1]
	old := t.slots
	t.slots, t.used = make([]node, len(old)), 0
	for i := range old {
		switch {
		case old[i].key == 0:
		case number > 0 && old[i].worth() <= limit:
			number--
			t.evicted++
		default:
			t.place(old[i])
		}
	}
}

// all returns the nodes in the order of their keys, which does not depend on how the table became what it is.
func (t *table) all() []node {
	nodes := make([]node, 0, t.used)
	for i := range t.slots {
		if t.slots[i].key != 0 {
			nodes = append(nodes, t.slots[i])
		}
	}
	slices.SortFunc(nodes, func(a, b node) int {
		if a.key < b.key {
			return -1
		}
		return 1
	})
	return nodes
}
