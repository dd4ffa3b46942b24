// SPDX-License-Identifier: Apache-2.0

package process

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/container"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
)

// Workload is what a cgroup stands for.
type Workload struct {
	CgroupID uint64
	// CgroupPath is the path in the hierarchy, as in /proc/<pid>/cgroup; empty if not known.
	CgroupPath string
	// Container is the zero value for cgroups that are no container's.
	Container container.Container
	// Pending tells that the runtime's state did not tell who the container is, and will be looked at once more.
	Pending bool
	// ContainerCreated is when the container's cgroup was made, or, of one that was there before us, when
	// its first process was created; 0 if that is not known. In nanoseconds of CLOCK_BOOTTIME.
	ContainerCreated uint64
}

// bytes is what it takes if it shares nothing with another one.
func (w *Workload) bytes() int { return len(w.CgroupPath) + w.Container.Bytes() }

// WorkloadRetention is how long a workload is remembered after its cgroup was removed: its last
// events are still on their way then. In nanoseconds of CLOCK_BOOTTIME.
const WorkloadRetention = ExitedRetention

// WorkloadBytesMax bounds the paths of cgroups that are remembered, and what is known of their containers.
const WorkloadBytesMax = 16 << 20

// WorkloadStats counts what happened to Workloads since they were made.
type WorkloadStats struct {
	Entries int
	// Refused counts cgroups that were not remembered for lack of room.
	Refused uint64
	// Unknown counts look-ups of cgroups that are not known.
	Unknown uint64
}

// Workloads maps cgroup ids to workloads. It learns of a cgroup from the event of its creation,
// which precedes any event of a process in it, and of the older ones by Scan.
type Workloads struct {
	hierarchy  Hierarchy
	containers *container.Finder
	max        int
	// elder is a table that may know containers already; nil if there is none.
	elder *Workloads

	mu      sync.RWMutex
	entries map[uint64]*Workload
	// roots are the containers' own cgroups, by the container's key; a container may have cgroups below.
	roots map[string]*Workload
	// gone are those of entries whose cgroups were removed.
	gone    map[uint64]bool
	bytes   int
	removed []removedWorkload // by time, at most max
	// forgotten is emptied on a timer, if anybody asks for it. Beyond max the later ones are left out:
	// what is kept elsewhere is bounded too, and was filled by the earlier ones.
	forgotten []uint64
	stats     WorkloadStats
	looks     map[Look]uint64
}

type removedWorkload struct {
	id uint64
	at uint64
}

// NewWorkloads returns an empty table for at most entriesMax cgroups.
func NewWorkloads(hierarchy Hierarchy, containers *container.Finder, entriesMax int) *Workloads {
	return &Workloads{
		hierarchy: hierarchy, containers: containers, max: entriesMax,
		entries: map[uint64]*Workload{}, roots: map[string]*Workload{}, gone: map[uint64]bool{}, looks: map[Look]uint64{},
	}
}

// Scan adds the cgroups that exist now. Directories that vanish or can't be read meanwhile are left
// out.
func (w *Workloads) Scan() error {
	if w.hierarchy.MountPoint == "" {
		return nil
	}
	err := filepath.WalkDir(w.hierarchy.MountPoint, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			if path == w.hierarchy.MountPoint {
				return err
			}
			return fs.SkipDir
		}
		if !entry.IsDir() {
			return nil
		}
		info, err := entry.Info()
		if err != nil {
			return fs.SkipDir
		}
		relative, err := filepath.Rel(w.hierarchy.MountPoint, path)
		if err != nil {
			return err
		}
		// The inode of a cgroup's directory is the id that the kernel knows it by.
		if stat, ok := info.Sys().(*syscall.Stat_t); ok {
			w.add(stat.Ino, filepath.Join("/", relative), 0)
		}
		return nil
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("list the cgroups below %s: %w", w.hierarchy.MountPoint, err)
	}
	return nil
}

// Changed takes the event of a cgroup that was made or removed.
func (w *Workloads) Changed(e *decode.ProcessCgroup) {
	if e.Header.Kind == decode.KindProcessCgroupMkdir {
		w.add(e.Header.CgroupId, string(e.Path), e.Header.TimeNs)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.removed) >= w.max {
		w.forgetOldestRemoved()
	}
	w.removed = append(w.removed, removedWorkload{id: e.Header.CgroupId, at: e.Header.TimeNs})
	if _, ok := w.entries[e.Header.CgroupId]; ok {
		w.gone[e.Header.CgroupId] = true
	}
	w.forgetRemoved(e.Header.TimeNs)
}

func (w *Workloads) add(id uint64, path string, created uint64) {
	found, root := w.containers.Locate(path)
	workload := &Workload{CgroupID: id, CgroupPath: path, Container: found}
	w.describe(workload, root, created)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.drop(id)
	for len(w.entries) >= w.max || w.bytes+workload.bytes() > WorkloadBytesMax {
		if !w.forgetOldestRemoved() {
			w.stats.Refused++
			return
		}
	}
	switch above, ok := w.roots[workload.Container.Key()]; {
	case workload.Container.ID == "":
	case root:
		workload.ContainerCreated = created
		w.roots[workload.Container.Key()] = workload
	case ok:
		workload.ContainerCreated = above.ContainerCreated
	}
	w.entries[id] = workload
	w.bytes += workload.bytes()
}

// drop is called with mu held.
func (w *Workloads) drop(id uint64) {
	workload, ok := w.entries[id]
	if !ok {
		return
	}
	w.bytes -= workload.bytes()
	delete(w.entries, id)
	delete(w.gone, id)
	if root := w.roots[workload.Container.Key()]; root != nil && root.CgroupID == id {
		delete(w.roots, workload.Container.Key())
	}
}

// containerInit is the pid that the first process of a pid namespace has there.
const containerInit = 1

// Running takes a process of the snapshot: the first one of a container that was there before us tells
// how old that is.
func (w *Workloads) Running(e *decode.ProcessExec) {
	w.mu.Lock()
	defer w.mu.Unlock()
	workload, ok := w.entries[e.Header.CgroupId]
	if !ok || workload.Container.ID == "" || e.Vpid != containerInit {
		return
	}
	if root := w.roots[workload.Container.Key()]; root != nil {
		w.setCreated(root, e.Header.Process.StartTimeNs)
	}
}

// setCreated replaces the workloads of a container, since others hold the old ones. The earliest time
// wins: a process inside may have made a pid namespace of its own. It is called with mu held.
func (w *Workloads) setCreated(root *Workload, created uint64) {
	if root.ContainerCreated != 0 && root.ContainerCreated <= created {
		return
	}
	for id, workload := range w.entries {
		if workload.Container.Key() != root.Container.Key() {
			continue
		}
		changed := *workload
		changed.ContainerCreated = created
		w.replace(id, &changed)
	}
}

// Lookup returns the workload of a cgroup. For one that is not known it returns a workload that
// has nothing but the id.
func (w *Workloads) Lookup(cgroupID uint64) *Workload {
	if cgroupID == 0 {
		return &Workload{} // nobody's, such as a connection that no process has accepted
	}
	w.mu.RLock()
	workload, ok := w.entries[cgroupID]
	w.mu.RUnlock()
	if ok {
		return workload
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stats.Unknown++
	return &Workload{CgroupID: cgroupID}
}

// IsRuntime tells whether an exec is of the runtime of the container that it counts for: the process is on
// the way there, and its parent is not known to be in the same container.
func (w *Workloads) IsRuntime(e *decode.ProcessExec, parents []*Process) bool {
	if !e.OnTheWay() {
		return false
	}
	w.mu.RLock()
	defer w.mu.RUnlock()
	own, ok := w.entries[e.Header.CgroupId]
	if !ok || own.Container.ID == "" {
		return false
	}
	if len(parents) == 0 {
		return true
	}
	other, ok := w.entries[parents[0].CgroupID]
	return !ok || other.Container.ID != own.Container.ID
}

// TakeForgotten forgets what is due now, in nanoseconds of CLOCK_BOOTTIME, and returns the cgroups that
// were forgotten since the last call, so that what is kept about them elsewhere can go too.
func (w *Workloads) TakeForgotten(now uint64) []uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.forgetRemoved(now)
	forgotten := w.forgotten
	w.forgotten = nil
	return forgotten
}

// Stats returns the counts so far.
func (w *Workloads) Stats() WorkloadStats {
	w.mu.RLock()
	defer w.mu.RUnlock()
	stats := w.stats
	stats.Entries = len(w.entries)
	return stats
}

func (w *Workloads) forgetRemoved(now uint64) {
	for len(w.removed) > 0 && w.removed[0].at+uint64(WorkloadRetention) <= now {
		w.forgetOldestRemoved()
	}
}

func (w *Workloads) forgetOldestRemoved() bool {
	if len(w.removed) == 0 {
		return false
	}
	w.countUnsettled(w.removed[0].id)
	w.drop(w.removed[0].id)
	if len(w.forgotten) < w.max {
		w.forgotten = append(w.forgotten, w.removed[0].id)
	}
	w.removed = w.removed[1:]
	return true
}
