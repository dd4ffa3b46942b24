// SPDX-License-Identifier: Apache-2.0

package emit

import (
	"container/list"
	"sync"
	"time"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/process"
)

// CrashWindow is how long crashes of an executable in a workload are counted together.
const CrashWindow = time.Hour

// CrashHistory counts how often an executable has crashed in a workload. When it is full, it forgets those
// that have not crashed for the longest time. An entry takes about 300 bytes and its two names, which
// are paths of executables and cgroups.
type CrashHistory struct {
	max int

	mu        sync.Mutex
	entries   map[crashKey]*list.Element
	recent    *list.List // of *crashCount, the latest crash last
	forgotten uint64
}

type crashKey struct {
	workload   string
	cgroupID   uint64 // if nothing else is known of the workload
	executable string
}

type crashCount struct {
	key   crashKey
	since uint64 // CLOCK_BOOTTIME of the first crash
	count int64
}

// NewCrashHistory returns an empty table for at most entriesMax executables.
func NewCrashHistory(entriesMax int) *CrashHistory {
	return &CrashHistory{max: entriesMax, entries: map[crashKey]*list.Element{}, recent: list.New()}
}

// Forgotten is how many counts were given up before their time, for lack of room.
func (h *CrashHistory) Forgotten() uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.forgotten
}

// add counts a crash, at a time in nanoseconds of CLOCK_BOOTTIME.
func (h *CrashHistory) add(key crashKey, at uint64) int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	place, known := h.entries[key]
	if !known {
		h.makeRoom(at)
		place = h.recent.PushBack(&crashCount{key: key, since: at})
		h.entries[key] = place
	}
	h.recent.MoveToBack(place)
	entry := place.Value.(*crashCount)
	if isOver(entry, at) {
		entry.since, entry.count = at, 0
	}
	entry.count++
	return entry.count
}

func (h *CrashHistory) makeRoom(at uint64) {
	if len(h.entries) < h.max {
		return
	}
	oldest := h.recent.Front()
	entry := oldest.Value.(*crashCount)
	if !isOver(entry, at) {
		h.forgotten++
	}
	h.recent.Remove(oldest)
	delete(h.entries, entry.key)
}

func isOver(entry *crashCount, at uint64) bool {
	return at > entry.since && at-entry.since >= uint64(CrashWindow)
}

// crashKeyOf names the workload so that it keeps its name when it is started again: the containers of a
// pod are others then, and a service has another cgroup of the same path.
func crashKeyOf(w *process.Workload, executable string) crashKey {
	key := crashKey{workload: w.Container.PodUID, executable: executable}
	if key.workload == "" {
		key.workload = w.CgroupPath
	}
	if key.workload == "" {
		key.cgroupID = w.CgroupID
	}
	return key
}
