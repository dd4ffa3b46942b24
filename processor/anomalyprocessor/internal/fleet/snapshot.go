// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/axiomhq/hyperloglog"
)

// SnapshotPages is in how many pages a model is kept: what has changed little is written little.
const SnapshotPages = 64

// pageShift leaves as many bits of a hash as there are pages.
const pageShift = 58

// denseBytes is what a sketch takes in its written form: 8 bytes and a register for each of 256.
const denseBytes = 8 + 1<<precision

// PageSnapshot is a part of a model, for a storage.
type PageSnapshot struct {
	// Behaviours are those that were told of the longest time ago first.
	Behaviours []BehaviourSnapshot `json:"behaviours,omitempty"`
	Sources    []SourceSnapshot    `json:"sources,omitempty"`
}

// BehaviourSnapshot is what is known of a behaviour. Epochs are days since 1970.
type BehaviourSnapshot struct {
	Behaviour uint64           `json:"behaviour"`
	Epoch     uint32           `json:"epoch"`
	OfImage   bool             `json:"of_image,omitempty"`
	Forbidden uint32           `json:"forbidden,omitempty"`
	Crowds    [2]CrowdSnapshot `json:"crowds"`
}

// CrowdSnapshot is who has shown it: pairs of host and workload, and the estimate.
type CrowdSnapshot struct {
	Members []uint32 `json:"members,omitempty"`
	Sketch  []byte   `json:"sketch,omitempty"`
}

// SourceSnapshot is the number of the last delta of a workload on a host.
type SourceSnapshot struct {
	Source   uint64 `json:"source"`
	Sequence int64  `json:"sequence"`
	Epoch    uint32 `json:"epoch"`
}

// errSnapshot is about a page that no model has made.
var errSnapshot = errors.New("no part of a fleet's model")

// Snapshot returns what has to be kept. It shares no memory with the model.
func (m *Model) Snapshot() [SnapshotPages]PageSnapshot {
	var all [SnapshotPages]PageSnapshot
	for _, list := range m.lists() {
		for _, key := range list.Keys() {
			e, _ := list.Peek(key)
			page := &all[key>>pageShift]
			page.Behaviours = append(page.Behaviours, e.snapshot(key))
		}
	}
	for key, s := range m.sources {
		page := &all[key>>pageShift]
		page.Sources = append(page.Sources, SourceSnapshot{key, s.sequence, s.epoch})
	}
	for at := range all { // the same model has the same bytes
		slices.SortFunc(all[at].Sources, func(a, b SourceSnapshot) int { return cmp.Compare(a.Source, b.Source) })
	}
	return all
}

func (e *entry) snapshot(key uint64) BehaviourSnapshot {
	s := BehaviourSnapshot{Behaviour: key, Epoch: e.epoch, OfImage: e.ofImage, Forbidden: e.forbidden}
	for at := range e.crowds {
		if members := len(e.crowds[at].members); members > 0 {
			s.Crowds[at].Members = make([]uint32, 0, 2*members)
		}
		for _, m := range e.crowds[at].members {
			s.Crowds[at].Members = append(s.Crowds[at].Members, m.host, m.workload)
		}
		if sketch := e.crowds[at].sketch; sketch != nil {
			s.Crowds[at].Sketch, _ = sketch.MarshalBinary() // fails only for a precision that there is not
		}
	}
	return s
}

// Check tells what is wrong with a page that was read.
func (p *PageSnapshot) Check() error {
	for at := range p.Behaviours {
		if _, err := p.Behaviours[at].entry(); err != nil {
			return fmt.Errorf("behaviour %016x: %w", p.Behaviours[at].Behaviour, err)
		}
	}
	return nil
}

func (s *BehaviourSnapshot) entry() (*entry, error) {
	e := &entry{epoch: s.Epoch, ofImage: s.OfImage, forbidden: s.Forbidden}
	most := exactMax
	if s.OfImage {
		most = pairsMax
	}
	for at := range s.Crowds {
		from := &s.Crowds[at]
		if len(from.Members)%2 != 0 || len(from.Members) > 2*most {
			return nil, fmt.Errorf("%w: %d numbers of hosts and workloads", errSnapshot, len(from.Members))
		}
		for pair := range slices.Chunk(from.Members, 2) {
			e.crowds[at].members = append(e.crowds[at].members, member{pair[0], pair[1]})
		}
		if len(from.Sketch) == 0 {
			continue
		}
		// Of another precision or form it could not be added to, or take more than is counted.
		if len(from.Sketch) != denseBytes || from.Sketch[1] != precision || from.Sketch[3] != 0 {
			return nil, fmt.Errorf("%w: an estimate of %d bytes", errSnapshot, len(from.Sketch))
		}
		e.crowds[at].sketch = &hyperloglog.Sketch{}
		if err := e.crowds[at].sketch.UnmarshalBinary(from.Sketch); err != nil {
			return nil, fmt.Errorf("%w: %w", errSnapshot, err)
		}
	}
	return e, nil
}

// Restore takes in pages that were kept and checked, as far as there is room. What was learned since is kept as it is. It returns how many behaviours
// were taken in.
func (m *Model) Restore(pages []PageSnapshot) int {
	longest := 0
	for at := range pages {
		longest = max(longest, len(pages[at].Behaviours))
		for _, s := range pages[at].Sources {
			if _, known := m.sources[s.Source]; !known && len(m.sources) < sourcesMax {
				m.sources[s.Source] = source{s.Sequence, s.Epoch}
			}
		}
	}
	taken := 0
	for age := range longest { // page by page would make one page older than the next
		for at := range pages {
			if behind := longest - len(pages[at].Behaviours); age >= behind && m.restore(&pages[at].Behaviours[age-behind]) {
				taken++
			}
		}
	}
	if taken > 0 {
		m.stats.Changes++
	}
	return taken
}

func (m *Model) restore(s *BehaviourSnapshot) bool {
	for _, list := range m.lists() {
		if list.Contains(s.Behaviour) {
			return false
		}
	}
	e, err := s.entry()
	if err != nil {
		return false
	}
	m.put(s.Behaviour, e)
	return true
}
