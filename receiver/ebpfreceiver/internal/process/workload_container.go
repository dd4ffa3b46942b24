// SPDX-License-Identifier: Apache-2.0

package process

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/container"
)

// Look is a runtime and what became of the look for one of its containers. Both have few values.
type Look struct {
	Runtime string
	Outcome container.Outcome
}

// Looks counts containers by what became of the look for their state.
func (w *Workloads) Looks() map[Look]uint64 {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return maps.Clone(w.looks)
}

// AskFirst makes a table ask another one, which lists another hierarchy, before it looks for the state of a container
// itself. It has to be called before anything is added.
func (w *Workloads) AskFirst(elder *Workloads) { w.elder = elder }

// describe adds what the runtime's state tells. root says that the cgroup is named like a container's own; created is
// 0 if it was there before us: then the state would be there by now.
func (w *Workloads) describe(workload *Workload, root bool, created uint64) {
	if workload.Container.ID == "" {
		return
	}
	known := w.described(workload.Container.Key())
	switch {
	case known == nil:
	case !root || known.CgroupID == workload.CgroupID && known.CgroupPath == workload.CgroupPath && !w.isGone(known):
		// A cgroup inside, or one that is told once more, as of one that is listed while it is made.
		workload.Container, workload.Pending = known.Container, known.Pending
		return
	case known.CgroupID != workload.CgroupID && !w.isGone(known):
		// Whoever may make cgroups can name one like a container's. The first one has the name.
		w.count(workload.Container.Runtime, container.Doubtful)
		workload.Container = container.Container{}
		return
	}
	if w.elder != nil {
		if elder := w.elder.described(workload.Container.Key()); elder != nil {
			workload.Container = elder.Container
			return
		}
	}
	outcome := w.containers.Describe(&workload.Container)
	workload.Pending = outcome != container.Found && created != 0
	if !workload.Pending {
		w.count(workload.Container.Runtime, outcome)
	}
}

// described returns the workload of a container's own cgroup; nil if there is none.
func (w *Workloads) described(key string) *Workload {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return w.roots[key]
}

// isGone tells whether a cgroup is not there any more. Its removal may have been missed.
func (w *Workloads) isGone(workload *Workload) bool {
	w.mu.RLock()
	gone := w.gone[workload.CgroupID]
	w.mu.RUnlock()
	if gone || w.hierarchy.MountPoint == "" {
		return gone
	}
	_, err := os.Lstat(filepath.Join(w.hierarchy.MountPoint, workload.CgroupPath))
	return errors.Is(err, fs.ErrNotExist)
}

// Settled returns a workload with what is said of it from now on. If the runtime's state did not tell who the
// container is when the cgroup appeared, it is looked at for the second and last time: the container's first program
// runs by now, or its first counts are about to get a name that they keep.
func (w *Workloads) Settled(workload *Workload) *Workload {
	if !workload.Pending {
		return workload
	}
	found := workload.Container
	outcome := w.containers.Describe(&found)
	if outcome == container.Found {
		outcome = container.FoundLater
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if now := w.entries[workload.CgroupID]; now == nil || !now.Pending {
		if now != nil && now.Container.Key() == found.Key() {
			return now // somebody else was faster
		}
		return workload
	}
	for id, other := range w.entries {
		if !other.Pending || other.Container.Key() != found.Key() {
			continue
		}
		changed := *other
		changed.Container, changed.Pending = found, false
		w.replace(id, &changed)
	}
	w.looks[Look{Runtime: found.Runtime, Outcome: outcome}]++
	return w.entries[workload.CgroupID]
}

// replace puts another workload in the place of one, since others hold the old one. It is called with mu held. What
// has become known may be more than there is room for, until the next cgroup appears.
func (w *Workloads) replace(id uint64, changed *Workload) {
	w.bytes += changed.bytes() - w.entries[id].bytes()
	w.entries[id] = changed
	if root := w.roots[changed.Container.Key()]; root != nil && root.CgroupID == id {
		w.roots[changed.Container.Key()] = changed
	}
}

func (w *Workloads) count(runtime string, outcome container.Outcome) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.looks[Look{Runtime: runtime, Outcome: outcome}]++
}

// countUnsettled counts a container that is forgotten before anything was told of it. It is called with mu held.
func (w *Workloads) countUnsettled(id uint64) {
	workload := w.entries[id]
	if workload == nil || !workload.Pending {
		return
	}
	if root := w.roots[workload.Container.Key()]; root != nil && root.CgroupID == id {
		w.looks[Look{Runtime: workload.Container.Runtime, Outcome: container.Absent}]++
	}
}
