// SPDX-License-Identifier: Apache-2.0

package dns

import (
	"container/list"
	"net/netip"
	"sync"
	"time"
)

// NamesStats counts what happened to Names since they were made.
type NamesStats struct {
	Entries int
	// Evicted are those that were forgotten for lack of room.
	Evicted uint64
}

// Names remembers, for each workload, by which name it found an address. Workloads are kept apart: what one
// of them looked up says nothing about another, whose name server may be its own. Its methods may be called
// from several goroutines.
type Names struct {
	max, maxPerWorkload, maxBytes int

	mu        sync.Mutex
	workloads map[uint64]*workloadNames
	order     *list.List // of *entry, the oldest first
	bytes     int
	stats     NamesStats
}

type workloadNames struct {
	entries map[netip.Addr]*entry
	order   *list.List // of *entry, the oldest first
}

type entry struct {
	cgroupID  uint64
	addr      netip.Addr
	name      string
	expiresNs uint64
	// place is in the order of all, ownPlace in that of the workload.
	place, ownPlace *list.Element
}

// NewNames returns an empty table.
func NewNames() *Names {
	return &Names{
		max: NamesMax, maxPerWorkload: NamesPerWorkloadMax, maxBytes: NameBytesMax,
		workloads: map[uint64]*workloadNames{}, order: list.New(),
	}
}

// NameOf returns the name by which a workload found an address last, empty if there is none that still
// holds. The time is in nanoseconds of CLOCK_BOOTTIME.
func (n *Names) NameOf(cgroupID uint64, addr netip.Addr, timeNs uint64) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	workload, ok := n.workloads[cgroupID]
	if !ok {
		return ""
	}
	e, ok := workload.entries[addr.Unmap()]
	if !ok || e.expiresNs <= timeNs {
		return ""
	}
	return e.name
}

// Stats returns the counts so far.
func (n *Names) Stats() NamesStats {
	n.mu.Lock()
	defer n.mu.Unlock()
	stats := n.stats
	stats.Entries = n.order.Len()
	return stats
}

// learn remembers a name. Nobody's are not remembered.
func (n *Names) learn(cgroupID uint64, addr netip.Addr, name string, nowNs uint64, life time.Duration) {
	if cgroupID == 0 {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if workload, ok := n.workloads[cgroupID]; ok {
		if known, ok := workload.entries[addr]; ok {
			n.drop(known)
		}
	}
	n.forgetExpired(nowNs)
	n.makeRoom(cgroupID, len(name))
	workload, ok := n.workloads[cgroupID]
	if !ok {
		workload = &workloadNames{entries: map[netip.Addr]*entry{}, order: list.New()}
		n.workloads[cgroupID] = workload
	}
	life = min(max(life, nameLifeMin), nameLifeMax)
	e := &entry{cgroupID: cgroupID, addr: addr, name: name, expiresNs: nowNs + uint64(life)}
	e.place, e.ownPlace = n.order.PushBack(e), workload.order.PushBack(e)
	workload.entries[addr] = e
	n.bytes += len(name)
}

// makeRoom forgets the oldest names: those of the workload itself when it has too many, else anybody's.
func (n *Names) makeRoom(cgroupID uint64, bytes int) {
	if workload, ok := n.workloads[cgroupID]; ok && workload.order.Len() >= n.maxPerWorkload {
		n.drop(workload.order.Front().Value.(*entry))
		n.stats.Evicted++
	}
	for n.order.Len() > 0 && (n.order.Len() >= n.max || n.bytes+bytes > n.maxBytes) {
		n.drop(n.order.Front().Value.(*entry))
		n.stats.Evicted++
	}
}

// forgetExpired looks at the oldest ones: what has expired behind one that has not is found later.
func (n *Names) forgetExpired(nowNs uint64) {
	for n.order.Len() > 0 {
		oldest := n.order.Front().Value.(*entry)
		if oldest.expiresNs > nowNs {
			return
		}
		n.drop(oldest)
	}
}

func (n *Names) drop(e *entry) {
	workload := n.workloads[e.cgroupID]
	delete(workload.entries, e.addr)
	workload.order.Remove(e.ownPlace)
	if workload.order.Len() == 0 {
		delete(n.workloads, e.cgroupID)
	}
	n.order.Remove(e.place)
	n.bytes -= len(e.name)
}
