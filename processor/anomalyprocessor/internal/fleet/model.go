// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"math/bits"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/delta"
)

// Model is what the fleet shows. It is not safe for concurrent use.
type Model struct {
	limits Limits
	// few are behaviours of one host, many those of more: whoever makes up behaviours on one host drives out only those of single hosts.
	few, many *simplelru.LRU[uint64, *entry]
	bytes     int
	sources   map[uint64]source
	stats     Stats
}

// source is the last delta of a workload on a host.
type source struct {
	sequence int64
	epoch    uint32
}

// Stats counts what a model has taken in, and which limits were hit.
type Stats struct {
	Behaviours, Bytes, Sources int
	// Taken, Repeated and Missed count deltas: taken in, come once more, and not come as their numbers tell.
	Taken, Repeated, Missed uint64
	// Forgotten counts behaviours that were forgotten for want of room, Untracked deltas whose number was not remembered.
	Forgotten, Untracked uint64
	// Changes grows whenever there is more to know.
	Changes uint64
}

// Source is who tells something.
type Source struct {
	Host, Workload string
	// Version is the hash of the version of the workload, such as the digest of its image; 0 if it is not known.
	Version uint64
	// Sequence grows by one with each delta of the workload on the host, and does not go back when the agent is started again.
	Sequence int64
}

// NewModel returns a model that knows nothing. The limits have to be positive.
func NewModel(limits Limits) (*Model, error) {
	m := &Model{limits: limits, sources: map[uint64]source{}}
	var err error
	if m.few, err = simplelru.NewLRU[uint64, *entry](limits.BehavioursMax, nil); err != nil {
		return nil, err
	}
	m.many, err = simplelru.NewLRU[uint64, *entry](limits.BehavioursMax, nil)
	return m, err
}

// Stats returns the present figures.
func (m *Model) Stats() Stats {
	stats := m.stats
	stats.Behaviours, stats.Bytes, stats.Sources = m.few.Len()+m.many.Len(), m.bytes, len(m.sources)
	return stats
}

// Learn takes in a delta. One that has come before changes nothing.
func (m *Model) Learn(from Source, table delta.Table, now time.Time) {
	epoch := epochOf(now)
	if m.repeated(from, epoch) {
		m.stats.Repeated++
		return
	}
	m.stats.Taken++
	host := short(from.Host)
	for _, behaviour := range table.Normal {
		m.add(behaviour, member{host: host}, epoch, false)
		if from.Version != 0 {
			m.add(ofImage(behaviour, from.Version), member{host, short(from.Workload)}, epoch, true)
		}
	}
	for _, behaviour := range table.Forbidden {
		e := m.get(behaviour, epoch, false)
		e.forbidden = epoch + 1
		m.put(behaviour, e)
	}
	if len(table.Normal)+len(table.Forbidden) > 0 {
		m.stats.Changes++
	}
}

// repeated remembers the number of a delta, and tells whether it is the one that came last.
func (m *Model) repeated(from Source, epoch uint32) bool {
	key := xxhash.Sum64String(from.Host + "\x00" + from.Workload)
	last, known := m.sources[key]
	if known && last.sequence == from.Sequence {
		return true
	}
	if !known && len(m.sources) >= sourcesMax {
		m.forgetSources(epoch)
		if len(m.sources) >= sourcesMax {
			m.stats.Untracked++
			return false
		}
	}
	if known && from.Sequence > last.sequence+1 {
		m.stats.Missed++
	}
	if !known || from.Sequence > last.sequence {
		m.sources[key] = source{from.Sequence, epoch}
	}
	return false
}

func (m *Model) forgetSources(epoch uint32) {
	for key, s := range m.sources {
		if epoch-s.epoch > 1 {
			delete(m.sources, key)
		}
	}
}

func (m *Model) add(key uint64, who member, epoch uint32, ofImage bool) {
	e := m.get(key, epoch, ofImage)
	e.add(who)
	m.put(key, e)
}

func (m *Model) lists() [2]*simplelru.LRU[uint64, *entry] {
	return [...]*simplelru.LRU[uint64, *entry]{m.many, m.few}
}

// get takes an entry out, or makes one, of the present generation.
func (m *Model) get(key uint64, epoch uint32, ofImage bool) *entry {
	for _, list := range m.lists() {
		if e, ok := list.Peek(key); ok {
			list.Remove(key)
			m.bytes -= e.bytes()
			e.turn(epoch)
			return e
		}
	}
	return &entry{epoch: epoch, ofImage: ofImage}
}

// put puts an entry in as the latest, and forgets others for it.
func (m *Model) put(key uint64, e *entry) {
	need := e.bytes()
	for m.few.Len()+m.many.Len() >= m.limits.BehavioursMax || m.bytes+need > m.limits.BytesMax {
		_, gone, ok := m.few.RemoveOldest()
		if !ok {
			if _, gone, ok = m.many.RemoveOldest(); !ok {
				break
			}
		}
		m.bytes -= gone.bytes()
		m.stats.Forgotten++
	}
	m.bytes += need
	if e.several() {
		m.many.Add(key, e)
	} else {
		m.few.Add(key, e)
	}
}

// look returns an entry as it is at a time, nil if nothing is known.
func (m *Model) look(key uint64, epoch uint32) *entry {
	for _, list := range m.lists() {
		if e, ok := list.Peek(key); ok {
			m.bytes -= e.bytes()
			e.turn(epoch)
			m.bytes += e.bytes()
			return e
		}
	}
	return nil
}

func epochOf(now time.Time) uint32 { return uint32(now.Unix() / int64(generation/time.Second)) }

func short(text string) uint32 { return uint32(xxhash.Sum64String(text)) }

// ofImage makes one number of a behaviour and a version.
func ofImage(behaviour, version uint64) uint64 {
	high, low := bits.Mul64(behaviour^0x9e3779b97f4a7c15, version^0xd6e8feb86659fd93)
	return high ^ low
}
