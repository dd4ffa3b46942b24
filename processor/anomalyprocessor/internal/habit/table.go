// SPDX-License-Identifier: Apache-2.0

package habit

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// Table has the habits of one workload. The zero value is empty. Not safe for concurrent use.
type Table struct {
	entries []Seen
	index   map[uint64]int
	bytes   int
	omitted uint64
	tracers Tracers
}

// Bytes is what the table takes.
func (t *Table) Bytes() int { return t.bytes }

// Omitted counts what had no room, or had a text that is too long.
func (t *Table) Omitted() uint64 { return t.omitted }

// Tracers returns the tracers of which there was an event.
func (t *Table) Tracers() Tracers { return t.tracers }

// Watched takes in that there was an event of these tracers.
func (t *Table) Watched(tracers Tracers) { t.tracers |= tracers }

// All returns the habits in the order of their numbers, which does not depend on how the table became what it is.
func (t *Table) All() []Seen {
	all := slices.Clone(t.entries)
	slices.SortFunc(all, func(a, b Seen) int { return cmp.Compare(a.id(), b.id()) })
	return all
}

// Record takes in that something was seen, once, and learned tells whether the profile was learning then. What is new is copied, and takes
// room: room is asked whether so many more bytes may be taken, and told with
// a negative number what was given up.
func (t *Table) Record(h *Habit, at time.Time, learned bool, room func(more int) bool) {
	now := at.Unix()
	t.merge(Seen{Habit: *h, Count: 1, First: now, Last: now, Times: 1, Learned: learned}, room)
}

// Merge takes in another table of the same workload. Learned tells whether what that learned counts as learned here.
func (t *Table) Merge(other *Table, learned bool, room func(more int) bool) {
	t.tracers |= other.tracers
	t.omitted += other.omitted
	for _, s := range other.All() {
		s.Learned = s.Learned && learned
		t.merge(s, room)
	}
}

func (t *Table) merge(s Seen, room func(more int) bool) {
	if !s.valid() {
		t.omitted++
		return
	}
	if i, ok := t.index[s.id()]; ok {
		t.entries[i].add(&s)
		return
	}
	if t.crowded(&s.Habit) {
		s.Network, s.Peer, s.Behaviour = everywhere(s.Network), Peer{}, 0
		if i, ok := t.index[s.id()]; ok {
			t.entries[i].add(&s)
			return
		}
	}
	if !t.makeRoom(&s, room) {
		t.omitted++
		return
	}
	s.clone()
	if t.index == nil {
		t.index = map[uint64]int{}
	}
	t.index[s.id()] = len(t.entries)
	t.entries = append(t.entries, s)
	t.bytes += s.bytes()
}

// add takes in further sights of the same.
func (s *Seen) add(more *Seen) {
	if more.Last-s.Last >= int64(spacing/time.Second) && s.Times < math.MaxUint8 {
		s.Times++
	}
	s.Times = max(s.Times, more.Times)
	if s.Count += more.Count; s.Count < more.Count {
		s.Count = math.MaxUint64
	}
	s.First, s.Last = min(s.First, more.First), max(s.Last, more.Last)
	s.Learned = s.Learned || more.Learned
	if more.Behaviour != 0 {
		s.Behaviour = more.Behaviour
	}
}

// crowded tells whether there are too many networks to tell another one apart.
func (t *Table) crowded(h *Habit) bool {
	if !h.outside() {
		return false
	}
	networks := 0
	for i := range t.entries {
		o := &t.entries[i]
		if o.outside() && o.Network.Bits() > 0 && o.Kind == h.Kind && o.Transport == h.Transport && o.Port == h.Port &&
			o.Network.Addr().Is4() == h.Network.Addr().Is4() {
			networks++
		}
	}
	return networks >= networksMax
}

// makeRoom tells whether there is room for one more, after what is stale made way.
func (t *Table) makeRoom(s *Seen, room func(more int) bool) bool {
	if s.Kind == Label && t.labels() >= labelsMax {
		return false
	}
	for len(t.entries) >= entriesMax || !room(s.bytes()) {
		if !t.dropStale(s.Last, room) {
			return false
		}
	}
	return true
}

func (t *Table) labels() int {
	labels := 0
	for i := range t.entries {
		if t.entries[i].Kind == Label {
			labels++
		}
	}
	return labels
}

// dropStale removes what was not seen for the longest time, if that is long enough.
func (t *Table) dropStale(now int64, room func(more int) bool) bool {
	oldest := -1
	for i := range t.entries {
		if oldest < 0 || t.entries[i].Last < t.entries[oldest].Last {
			oldest = i
		}
	}
	if oldest < 0 || now-t.entries[oldest].Last < int64(staleAfter/time.Second) {
		return false
	}
	t.bytes -= t.entries[oldest].bytes()
	room(-t.entries[oldest].bytes())
	delete(t.index, t.entries[oldest].id())
	last := len(t.entries) - 1
	if oldest != last {
		t.entries[oldest] = t.entries[last]
		t.index[t.entries[oldest].id()] = oldest
	}
	t.entries = t.entries[:last]
	return true
}
