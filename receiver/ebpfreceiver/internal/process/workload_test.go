// SPDX-License-Identifier: Apache-2.0

package process

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	processbpf "github.com/meerkat-otel/meerkat/bpf/process"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/container"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
)

const (
	id1 = "3f2a9d6c1b7e4850a9c3d2e1f0b8a7968574635241302f1e0d9c8b7a69584736"
	id2 = "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9"
)

func newWorkloads(entriesMax int) *Workloads {
	return NewWorkloads(Hierarchy{}, container.NewFinder(container.Settings{}), entriesMax)
}

func cgroupEvent(kind uint16, id uint64, path string, at time.Duration) *decode.ProcessCgroup {
	e := &decode.ProcessCgroup{ProcessCgroupEvent: &processbpf.ProcessCgroupEvent{}, Path: []byte(path)}
	e.Header.Kind, e.Header.CgroupId, e.Header.TimeNs = kind, id, uint64(at)
	return e
}

func made(id uint64, path string) *decode.ProcessCgroup {
	return cgroupEvent(decode.KindProcessCgroupMkdir, id, path, 0)
}

func removed(id uint64, at time.Duration) *decode.ProcessCgroup {
	return cgroupEvent(decode.KindProcessCgroupRmdir, id, "", at)
}

func TestWorkloads_madeAndLookedUp(t *testing.T) {
	w := newWorkloads(10)
	w.Changed(made(5, "/docker/"+id1))
	w.Changed(made(6, "/system.slice/ssh.service"))
	assert.Equal(t, Workload{CgroupID: 5, CgroupPath: "/docker/" + id1, Container: container.Container{ID: id1, Runtime: "docker"}}, *w.Lookup(5))
	assert.Equal(t, Workload{CgroupID: 6, CgroupPath: "/system.slice/ssh.service"}, *w.Lookup(6))
	first := w.Lookup(5)
	assert.Same(t, first, w.Lookup(5))
	assert.Equal(t, WorkloadStats{Entries: 2}, w.Stats())

	assert.Equal(t, Workload{CgroupID: 7}, *w.Lookup(7))
	assert.Equal(t, WorkloadStats{Entries: 2, Unknown: 1}, w.Stats())
}

func TestWorkloads_removedOnesAreKeptForAWhile(t *testing.T) {
	w := newWorkloads(10)
	for id := uint64(1); id <= 3; id++ {
		w.Changed(made(id, fmt.Sprintf("/%d", id)))
	}
	w.Changed(removed(1, time.Hour))
	assert.Equal(t, "/1", w.Lookup(1).CgroupPath)
	assert.Empty(t, w.TakeForgotten(0))
	w.Changed(removed(2, time.Hour+WorkloadRetention-1))
	assert.Equal(t, "/1", w.Lookup(1).CgroupPath)
	w.Changed(removed(3, time.Hour+WorkloadRetention))
	assert.Empty(t, w.Lookup(1).CgroupPath)
	assert.Equal(t, "/2", w.Lookup(2).CgroupPath)
	assert.Equal(t, []uint64{1}, w.TakeForgotten(0))
	assert.Empty(t, w.TakeForgotten(0), "each is told once")
	assert.Equal(t, 2, w.Stats().Entries)
}

func TestWorkloads_bound(t *testing.T) {
	w := newWorkloads(2)
	w.Changed(made(1, "/1"))
	w.Changed(made(2, "/2"))
	w.Changed(made(3, "/3"))
	assert.Equal(t, WorkloadStats{Entries: 2, Refused: 1}, w.Stats())
	assert.Empty(t, w.Lookup(3).CgroupPath)
	w.Changed(made(2, "/2/renamed")) // known ones can be told again
	assert.Equal(t, "/2/renamed", w.Lookup(2).CgroupPath)

	// One that is gone makes room before its time.
	w.Changed(removed(1, time.Hour))
	w.Changed(made(4, "/4"))
	assert.Empty(t, w.Lookup(1).CgroupPath)
	assert.Equal(t, "/4", w.Lookup(4).CgroupPath)
	assert.Equal(t, []uint64{1}, w.TakeForgotten(0))
	assert.EqualValues(t, 1, w.Stats().Refused)
}

// What is counted in the kernel for a cgroup that found no room here has to go some time, too.
func TestWorkloads_refusedOnesAreForgottenToo(t *testing.T) {
	w := newWorkloads(1)
	w.Changed(made(1, "/1"))
	w.Changed(made(2, "/2"))
	w.Changed(removed(2, time.Hour))
	w.Changed(removed(3, time.Hour+WorkloadRetention))
	assert.Equal(t, []uint64{2}, w.TakeForgotten(0))
	assert.Equal(t, "/1", w.Lookup(1).CgroupPath)
}

// Cgroups can be made and removed by the thousand within the retention, and nobody may ever ask for
// what was forgotten.
func TestWorkloads_boundHoldsUnderAFlood(t *testing.T) {
	const bound = 100
	w := newWorkloads(bound)
	for id := uint64(1); id <= 50*bound; id++ {
		w.Changed(made(id, "/x"))
		w.Changed(removed(id, time.Hour))
		w.Changed(removed(1_000_000+id, time.Hour)) // never seen
		require.LessOrEqual(t, len(w.entries), bound)
		require.LessOrEqual(t, len(w.removed), bound)
		require.LessOrEqual(t, len(w.forgotten), bound)
	}
	assert.Zero(t, w.Stats().Refused)
	assert.Len(t, w.TakeForgotten(0), bound)
}

// A folder is a cgroup's if it is listed below the mount point; its inode is the cgroup's id.
func TestWorkloads_scan(t *testing.T) {
	root := t.TempDir()
	paths := []string{"docker", "docker/" + id1, "system.slice", "system.slice/ssh.service"}
	for _, path := range paths {
		require.NoError(t, os.MkdirAll(filepath.Join(root, path), 0o700))
	}
	require.NoError(t, os.WriteFile(filepath.Join(root, "docker", "cgroup.procs"), nil, 0o600))
	w := NewWorkloads(Hierarchy{MountPoint: root}, container.NewFinder(container.Settings{}), 100)
	require.NoError(t, w.Scan())
	assert.Equal(t, len(paths)+1, w.Stats().Entries, "and the root")
	for _, path := range append(paths, "") {
		assert.Equal(t, filepath.Join("/", path), w.Lookup(inode(t, filepath.Join(root, path))).CgroupPath)
	}
	assert.Equal(t, id1, w.Lookup(inode(t, filepath.Join(root, "docker", id1))).Container.ID)
}

func inode(t *testing.T, path string) uint64 {
	t.Helper()
	info, err := os.Stat(path)
	require.NoError(t, err)
	return info.Sys().(*syscall.Stat_t).Ino
}

// The cgroups of the machine that runs the test.
func TestWorkloads_scanOfThisMachine(t *testing.T) {
	h, err := FindHierarchy()
	require.NoError(t, err)
	w := NewWorkloads(h, container.NewFinder(container.DefaultSettings()), 1<<20)
	require.NoError(t, w.Scan())
	assert.Positive(t, w.Stats().Entries)
	assert.Equal(t, "/", w.Lookup(inode(t, h.MountPoint)).CgroupPath)
}

func TestWorkloads_scanOfNothing(t *testing.T) {
	require.NoError(t, newWorkloads(10).Scan())
	w := NewWorkloads(Hierarchy{MountPoint: filepath.Join(t.TempDir(), "gone")}, container.NewFinder(container.Settings{}), 10)
	require.NoError(t, w.Scan())
	assert.Zero(t, w.Stats().Entries)

	w = NewWorkloads(Hierarchy{MountPoint: "/proc/self/mem/below"}, container.NewFinder(container.Settings{}), 10)
	require.ErrorIs(t, w.Scan(), syscall.ENOTDIR)
	require.ErrorContains(t, w.Scan(), "list the cgroups below /proc/self/mem/below: ")
}

func TestWorkloads_scanHasTheSameBound(t *testing.T) {
	root := t.TempDir()
	for n := range 20 {
		require.NoError(t, os.Mkdir(filepath.Join(root, fmt.Sprint(n)), 0o700))
	}
	w := NewWorkloads(Hierarchy{MountPoint: root}, container.NewFinder(container.Settings{}), 5)
	require.NoError(t, w.Scan())
	assert.Equal(t, WorkloadStats{Entries: 5, Refused: 16}, w.Stats())
}

func TestWorkloads_concurrentUse(t *testing.T) {
	w := newWorkloads(50)
	var users sync.WaitGroup
	for n := range uint64(4) {
		users.Go(func() {
			for id := n * 1000; id < (n+1)*1000; id++ {
				w.Changed(made(id, "/docker/"+id1))
				w.Changed(removed(id, time.Duration(id)))
			}
		})
		users.Go(func() {
			for id := range uint64(4000) {
				if got := w.Lookup(id).CgroupID; got != id {
					t.Errorf("asked for %d, got %d", id, got)
				}
				w.Stats()
				w.TakeForgotten(0)
			}
		})
	}
	users.Wait()
	assert.LessOrEqual(t, w.Stats().Entries, 50)
}
