// SPDX-License-Identifier: Apache-2.0

//go:build linux

package process

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/container"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
)

// dockerState stands for Docker's folder.
type dockerState struct {
	t      testing.TB
	folder string
}

func newDockerState(t testing.TB) dockerState {
	t.Helper()
	return dockerState{t: t, folder: t.TempDir()}
}

func (d dockerState) finder() *container.Finder {
	return container.NewFinder(container.Settings{Docker: []string{d.folder}})
}

func (d dockerState) write(id, content string) {
	d.t.Helper()
	folder := filepath.Join(d.folder, "containers", id)
	require.NoError(d.t, os.MkdirAll(folder, 0o700))
	require.NoError(d.t, os.WriteFile(filepath.Join(folder, "config.v2.json"), []byte(content), 0o600))
}

func (d dockerState) workloads() *Workloads { return NewWorkloads(Hierarchy{}, d.finder(), 10) }

// appeared is the event of a cgroup that was made while we were there.
func appeared(id uint64, path string) *decode.ProcessCgroup {
	return cgroupEvent(decode.KindProcessCgroupMkdir, id, path, time.Minute)
}

func look(outcome container.Outcome) map[Look]uint64 {
	return map[Look]uint64{{Runtime: container.Docker, Outcome: outcome}: 1}
}

func TestWorkloads_namesWhenTheCgroupAppears(t *testing.T) {
	docker := newDockerState(t)
	docker.write(id1, `{"Name":"/web"}`)
	w := docker.workloads()
	w.Changed(appeared(5, "/docker/"+id1))
	assert.Equal(t, "web", w.Lookup(5).Container.Name)
	assert.False(t, w.Lookup(5).Pending)
	assert.Equal(t, look(container.Found), w.Looks())

	// What it is called stays, whatever becomes of the state, and is so for cgroups inside.
	docker.write(id1, `{"Name":"/renamed"}`)
	w.Changed(appeared(6, "/docker/"+id1+"/init.scope"))
	assert.Equal(t, "web", w.Lookup(6).Container.Name)
	assert.Same(t, w.Lookup(5), w.Settled(w.Lookup(5)))
	assert.Equal(t, look(container.Found), w.Looks(), "it was looked for once")
}

// State that is written between the cgroup and the first program is found by the second look, which is the last one.
func TestWorkloads_secondLook(t *testing.T) {
	docker := newDockerState(t)
	w := docker.workloads()
	w.Changed(appeared(5, "/docker/"+id1))
	w.Changed(appeared(6, "/docker/"+id1+"/init.scope"))
	before := w.Lookup(6)
	assert.True(t, before.Pending)
	assert.Empty(t, w.Looks())

	docker.write(id1, `{"Name":"/web"}`)
	assert.Equal(t, "web", w.Settled(before).Container.Name)
	for _, cgroup := range []uint64{5, 6} {
		assert.Equal(t, "web", w.Lookup(cgroup).Container.Name)
		assert.False(t, w.Lookup(cgroup).Pending)
	}
	assert.Equal(t, "web", w.Settled(before).Container.Name, "who still has the old one")
	assert.Equal(t, look(container.FoundLater), w.Looks())

	// It still has the age of its own cgroup.
	assert.EqualValues(t, time.Minute, w.Lookup(6).ContainerCreated)
}

func TestWorkloads_thereIsNoThirdLook(t *testing.T) {
	for want, content := range map[container.Outcome]string{container.Absent: "", container.Damaged: "{"} {
		docker := newDockerState(t)
		if content != "" {
			docker.write(id1, content)
		}
		w := docker.workloads()
		w.Changed(appeared(5, "/docker/"+id1))
		assert.Empty(t, w.Settled(w.Lookup(5)).Container.Name)
		docker.write(id1, `{"Name":"/late"}`)
		assert.Empty(t, w.Settled(w.Lookup(5)).Container.Name, "series that have begun keep what they are called")
		assert.Equal(t, look(want), w.Looks())
	}
}

func TestWorkloads_forgottenBeforeTheSecondLook(t *testing.T) {
	w := newDockerState(t).workloads()
	w.Changed(appeared(5, "/docker/"+id1))
	pending := w.Lookup(5)
	w.Changed(removed(5, time.Hour))
	w.TakeForgotten(uint64(time.Hour + WorkloadRetention))
	assert.Equal(t, look(container.Absent), w.Looks())
	assert.Same(t, pending, w.Settled(pending), "it is gone")
}

// The last events of a container come when its cgroup and its state are gone.
func TestWorkloads_namesOutliveTheContainer(t *testing.T) {
	docker := newDockerState(t)
	docker.write(id1, `{"Name":"/web"}`)
	w := docker.workloads()
	w.Changed(appeared(5, "/docker/"+id1))
	w.Changed(removed(5, time.Hour))
	require.NoError(t, os.RemoveAll(docker.folder))
	assert.Equal(t, "web", w.Lookup(5).Container.Name)
}

// A container that is started again has another cgroup, and may be called otherwise.
func TestWorkloads_restart(t *testing.T) {
	docker := newDockerState(t)
	docker.write(id1, `{"Name":"/before"}`)
	w := docker.workloads()
	w.Changed(appeared(5, "/docker/"+id1))
	w.Changed(removed(5, time.Hour))
	docker.write(id1, `{"Name":"/after"}`)
	w.Changed(appeared(7, "/docker/"+id1))
	assert.Equal(t, "before", w.Lookup(5).Container.Name)
	assert.Equal(t, "after", w.Lookup(7).Container.Name)
}

// Who may make cgroups may call one like a container. It is not taken for it while that one is there.
func TestWorkloads_doubtful(t *testing.T) {
	docker, root := newDockerState(t), t.TempDir()
	docker.write(id1, `{"Name":"/web"}`)
	require.NoError(t, os.MkdirAll(filepath.Join(root, "docker", id1), 0o700))
	w := NewWorkloads(Hierarchy{MountPoint: root}, docker.finder(), 10)
	w.Changed(appeared(5, "/docker/"+id1))
	false1 := "/user.slice/user-1000.slice/docker-" + id1 + ".scope"
	w.Changed(appeared(6, false1))
	assert.Equal(t, Workload{CgroupID: 6, CgroupPath: false1}, *w.Lookup(6))
	assert.Equal(t, "web", w.Lookup(5).Container.Name)
	assert.EqualValues(t, 1, w.Looks()[Look{Runtime: container.Docker, Outcome: container.Doubtful}])

	// The removal of the first one may have been missed.
	require.NoError(t, os.Remove(filepath.Join(root, "docker", id1)))
	w.Changed(appeared(7, "/docker/"+id1))
	assert.Equal(t, "web", w.Lookup(7).Container.Name)
}

// Cgroups that are listed while they are made are told twice.
func TestWorkloads_toldTwice(t *testing.T) {
	docker, root := newDockerState(t), t.TempDir()
	docker.write(id1, `{"Name":"/web"}`)
	folder := filepath.Join(root, "docker", id1)
	require.NoError(t, os.MkdirAll(folder, 0o700))
	w := NewWorkloads(Hierarchy{MountPoint: root}, docker.finder(), 10)
	require.NoError(t, w.Scan())
	w.Changed(appeared(inode(t, folder), "/docker/"+id1))
	got := w.Lookup(inode(t, folder))
	assert.Equal(t, "web", got.Container.Name)
	assert.EqualValues(t, time.Minute, got.ContainerCreated)
	assert.Equal(t, look(container.Found), w.Looks())
}

func TestWorkloads_askFirst(t *testing.T) {
	docker := newDockerState(t)
	docker.write(id1, `{"Name":"/web"}`)
	elder := docker.workloads()
	elder.Changed(appeared(5, "/docker/"+id1))
	docker.write(id1, `{"Name":"/renamed"}`)
	docker.write(id2, `{"Name":"/other"}`)
	w := docker.workloads()
	w.AskFirst(elder)
	w.Changed(appeared(8, "/docker/"+id1))
	w.Changed(appeared(9, "/docker/"+id2))
	assert.Equal(t, "web", w.Lookup(8).Container.Name)
	assert.Equal(t, "other", w.Lookup(9).Container.Name)
}
