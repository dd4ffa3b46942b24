// SPDX-License-Identifier: Apache-2.0

package process

import (
	"container/list"
	"path"
	"slices"
	"strings"
	"sync"
	"time"
	"unique"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
)

// Key identifies a process: a pid together with the start time of its first thread, in nanoseconds
// of CLOCK_BOOTTIME.
type Key struct {
	PID       uint32
	StartTime uint64
}

// KeyOf converts the kernel's form.
func KeyOf(k decode.ProcessKey) Key { return Key{PID: k.Pid, StartTime: k.StartTimeNs} }

// Process is a program image that runs or ran. It is never changed after it was published: an exec
// makes a new one.
type Process struct {
	Key
	// ExecID counts the execs of this process and its ancestors, as task_struct.self_exec_id.
	ExecID uint64
	Parent Key
	// CreationTime is the wall-clock time of Key.StartTime, converted once so that all events of
	// a process agree on it.
	CreationTime time.Time
	// Executable is the path of the file in valid UTF-8, empty if it is not known. Paths repeat, so
	// equal ones share their memory.
	Executable unique.Handle[string]
	// ParentCreationTime is the same for the parent, so that it equals the one on the parent's own
	// events.
	ParentCreationTime time.Time
	// ParentExecutable is what the parent was executing when this image started.
	ParentExecutable unique.Handle[string]
	CgroupID         uint64
}

// ExecutableName is the last element of the executable's path.
func (p *Process) ExecutableName() string {
	if p.Executable.Value() == "" {
		return ""
	}
	return path.Base(p.Executable.Value())
}

// pathBytes is what the paths of an image take if nothing else shares them.
func (p *Process) pathBytes() int { return len(p.Executable.Value()) + len(p.ParentExecutable.Value()) }

// unknown is the executable of a process that was never seen executing anything.
var unknown = unique.Make("")

// imagesMax is how many images of one process are remembered. An event of an earlier one may be read
// after the exec that followed it, since it travels through another ring: a shell's child opens the
// file for its output and then executes env, which executes the program.
const imagesMax = 4

// TablePathBytesMax bounds the paths in a table, each counted as often as it stands there. Ordinary ones
// never reach it: it is for a host on which somebody executes files with very long paths on purpose.
const TablePathBytesMax = 16 << 20

// entry is a process in the table, in one of its two queues.
type entry struct {
	images   []*Process // newest first, never empty
	exitedAt uint64     // CLOCK_BOOTTIME, 0 while alive
	place    *list.Element
}

func (e *entry) pathBytes() int {
	sum := 0
	for _, image := range e.images {
		sum += image.pathBytes()
	}
	return sum
}

func (e *entry) newest() *Process { return e.images[0] }

// add puts an image in its place: a snapshot may have seen a later one than events that waited in the
// ring.
func (e *entry) add(p *Process) {
	at := 0
	for at < len(e.images) && e.images[at].ExecID > p.ExecID {
		at++
	}
	if at < len(e.images) && e.images[at].ExecID == p.ExecID {
		e.images[at] = p
		return
	}
	e.images = slices.Insert(e.images, at, p)
	if len(e.images) > imagesMax {
		e.images = slices.Delete(e.images, imagesMax, len(e.images))
	}
}

// imageOf returns the image that an event belongs to, nil if it is not known.
func (e *entry) imageOf(execID uint64) *Process {
	for _, image := range e.images {
		if image.ExecID == execID {
			return image
		}
	}
	return nil
}

// Outcome tells how a look-up ended.
type Outcome int

// Values of Outcome.
const (
	// Found is the image that the event belongs to.
	Found Outcome = iota
	// Stale is what is known of the process, but not the image: its exec has not been read yet, or
	// was lost, or is too long ago.
	Stale
	// Missing means that nothing is known of the process.
	Missing
)

// Stats counts what happened to a Table since it was made.
type Stats struct {
	Entries int
	// EvictedExited and EvictedAlive count processes that were forgotten for lack of room.
	EvictedExited, EvictedAlive uint64
	// DuplicateExits counts exit events of processes that were known to be gone.
	DuplicateExits uint64
	// ParentsMissing counts processes whose parent was not in the table.
	ParentsMissing uint64
}

// Table remembers processes, those that are gone for a while too, since their last events come
// later than their exit: connections are closed by the kernel on its own time.
//
// When it is full, in entries or in bytes of paths, it forgets processes that have exited, longest gone first, and only then living
// ones, longest known first. A process that was forked and executed a program takes about 400 bytes,
// one with as many images as are remembered 660, paths apart.
type Table struct {
	clock *Clock
	max   int

	mu      sync.RWMutex
	entries map[Key]*entry
	// holders have the start time of the process that got a pid last, by pid; nil until somebody asks by pid.
	holders   map[uint32]uint64
	pathBytes int
	alive     *list.List // of *entry, by time of the last exec or fork
	exited    *list.List // of *entry, by time of exit
	stats     Stats
	own       Key
}

// ExitedRetention is how long a process is remembered after its exit if there is room.
const ExitedRetention = 2 * time.Minute

// NewTable returns an empty table for at most entriesMax processes.
func NewTable(clock *Clock, entriesMax int) *Table {
	return &Table{
		clock:   clock,
		max:     entriesMax,
		entries: map[Key]*entry{},
		alive:   list.New(),
		exited:  list.New(),
	}
}

// Own returns the process that has taken the snapshot, the zero value before that.
func (t *Table) Own() Key {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.own
}

func (t *Table) setOwn(key Key) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.own = key
}

// Exec records that a process started a program, or, for a snapshot, that it runs one.
func (t *Table) Exec(e *decode.ProcessExec) *Process {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.newProcess(e.Head(), KeyOf(e.Parent), unique.Make(strings.ToValidUTF8(string(e.Executable), "\uFFFD")))
	if old, ok := t.entries[p.Key]; ok {
		p.CreationTime = old.newest().CreationTime
	}
	t.publish(p)
	return p
}

// Fork records a new process, which runs what its parent runs.
func (t *Table) Fork(e *decode.ProcessFork) *Process {
	t.mu.Lock()
	defer t.mu.Unlock()
	executable := unknown
	if parent, ok := t.entries[KeyOf(e.Parent)]; ok {
		executable = parent.newest().Executable
	}
	p := t.newProcess(e.Head(), KeyOf(e.Parent), executable)
	if old, ok := t.entries[p.Key]; ok {
		return old.newest()
	}
	t.publish(p)
	return p
}

// Exit records that a process is gone. It reports false if that was known already.
func (t *Table) Exit(e *decode.ProcessExit) (*Process, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := KeyOf(e.Header.Process)
	known, ok := t.entries[key]
	if !ok {
		t.publish(t.newProcess(e.Head(), Key{}, unknown))
		known = t.entries[key]
	}
	if known.exitedAt != 0 {
		t.stats.DuplicateExits++
		return known.newest(), false
	}
	t.alive.Remove(known.place)
	known.exitedAt = max(1, e.Header.TimeNs)
	known.place = t.exited.PushBack(known)
	t.forgetExited(e.Header.TimeNs)
	return known.newest(), true
}

// Lookup finds the image that an event belongs to. With Stale it returns the newest image that is
// known, with Missing one that says no more than the event's header does.
func (t *Table) Lookup(h *decode.Header) (*Process, Outcome) {
	key := KeyOf(h.Process)
	t.mu.RLock()
	defer t.mu.RUnlock()
	known, ok := t.entries[key]
	if !ok {
		return t.unnamed(h), Missing
	}
	if image := known.imageOf(h.ExecId); image != nil {
		return image, Found
	}
	return known.newest(), Stale
}

// Holder finds the process that has a pid at a time, in nanoseconds of CLOCK_BOOTTIME; 0 for now. It returns nil if
// that is not known. Events that tell a start time are for Lookup.
func (t *Table) Holder(pid uint32, at uint64) *Process {
	t.indexHolders()
	t.mu.RLock()
	defer t.mu.RUnlock()
	start, ok := t.holders[pid]
	if !ok || at > 0 && start > at {
		return nil
	}
	known, ok := t.entries[Key{pid, start}]
	if !ok || known.exitedAt > 0 && (at == 0 || known.exitedAt < at) {
		return nil
	}
	return known.newest()
}

// indexHolders begins to keep the index by pid.
func (t *Table) indexHolders() {
	t.mu.RLock()
	has := t.holders != nil
	t.mu.RUnlock()
	if has {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.holders = map[uint32]uint64{}
	for key := range t.entries {
		t.hold(key)
	}
}

// hold notes who has a pid.
func (t *Table) hold(key Key) {
	if t.holders != nil && t.holders[key.PID] < key.StartTime {
		t.holders[key.PID] = key.StartTime
	}
}

// Exited reports whether a process is known to have exited.
func (t *Table) Exited(key Key) bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	known, ok := t.entries[key]
	return ok && known.exitedAt != 0
}

// Ancestors appends the chain of parents, nearest first, as far as it is known, and at most
// depthMax of them.
func (t *Table) Ancestors(p *Process, depthMax int, ancestors []*Process) []*Process {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for range depthMax {
		parent, ok := t.entries[p.Parent]
		// A process that is its own ancestor can only come from corrupt input.
		if !ok || parent.newest().Key == p.Key {
			break
		}
		p = parent.newest()
		ancestors = append(ancestors, p)
	}
	return ancestors
}

// Stats returns the counts so far.
func (t *Table) Stats() Stats {
	t.mu.RLock()
	defer t.mu.RUnlock()
	stats := t.stats
	stats.Entries = len(t.entries)
	return stats
}

// unnamed is what a header alone tells.
func (t *Table) unnamed(h *decode.Header) *Process {
	return &Process{
		Key:              KeyOf(h.Process),
		ExecID:           h.ExecId,
		CreationTime:     t.clock.Time(h.Process.StartTimeNs),
		Executable:       unknown,
		ParentExecutable: unknown,
		CgroupID:         h.CgroupId,
	}
}

func (t *Table) newProcess(h *decode.Header, parent Key, executable unique.Handle[string]) *Process {
	p := t.unnamed(h)
	p.Parent, p.Executable = parent, executable
	p.ParentCreationTime = t.clock.Time(parent.StartTime)
	if known, ok := t.entries[parent]; ok {
		p.ParentExecutable = known.newest().Executable
		p.ParentCreationTime = known.newest().CreationTime
	} else if parent.PID != 0 {
		t.stats.ParentsMissing++
	}
	return p
}

// publish adds an image to its process and forgets other processes if there are too many.
func (t *Table) publish(p *Process) {
	e, known := t.entries[p.Key]
	switch {
	case !known:
		if len(t.entries) >= t.max {
			t.evict()
		}
		e = &entry{}
		e.place = t.alive.PushBack(e)
		t.entries[p.Key] = e
		t.hold(p.Key)
	case e.exitedAt == 0:
		t.alive.MoveToBack(e.place)
	}
	before := e.pathBytes()
	e.add(p)
	t.pathBytes += e.pathBytes() - before
	for t.pathBytes > TablePathBytesMax && len(t.entries) > 1 {
		t.evict()
	}
}

func (t *Table) evict() {
	if oldest := t.exited.Front(); oldest != nil {
		t.forget(t.exited, oldest)
		t.stats.EvictedExited++
		return
	}
	t.forget(t.alive, t.alive.Front())
	t.stats.EvictedAlive++
}

func (t *Table) forget(queue *list.List, place *list.Element) {
	queue.Remove(place)
	e := place.Value.(*entry)
	t.pathBytes -= e.pathBytes()
	key := e.newest().Key
	delete(t.entries, key)
	if t.holders[key.PID] == key.StartTime {
		delete(t.holders, key.PID)
	}
}

// forgetExited drops what has been gone for longer than ExitedRetention.
func (t *Table) forgetExited(now uint64) {
	for place := t.exited.Front(); place != nil; place = t.exited.Front() {
		if e := place.Value.(*entry); e.exitedAt+uint64(ExitedRetention) > now {
			return
		}
		t.forget(t.exited, place)
	}
}
