// SPDX-License-Identifier: Apache-2.0

package process

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/procfs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func v1Mount(mountPoint string, options ...string) *procfs.MountInfo {
	m := &procfs.MountInfo{FSType: "cgroup", MountPoint: mountPoint, SuperOptions: map[string]string{"rw": ""}}
	for _, option := range options {
		m.SuperOptions[option] = ""
	}
	return m
}

func v2Mount(mountPoint string) *procfs.MountInfo {
	return &procfs.MountInfo{FSType: "cgroup2", MountPoint: mountPoint, SuperOptions: map[string]string{"rw": ""}}
}

func TestChooseHierarchy(t *testing.T) {
	tmpfs := &procfs.MountInfo{FSType: "tmpfs", MountPoint: "/sys/fs/cgroup", SuperOptions: map[string]string{"memory": ""}}
	inMemory := procfs.Cgroup{HierarchyID: 9, Controllers: []string{"memory"}, Path: "/user"}
	inPids := procfs.Cgroup{HierarchyID: 4, Controllers: []string{"pids"}, Path: "/"}
	inCPU := procfs.Cgroup{HierarchyID: 2, Controllers: []string{"cpu", "cpuacct"}, Path: "/"}
	inSystemd := procfs.Cgroup{HierarchyID: 1, Controllers: []string{"name=systemd"}, Path: "/"}
	inV2 := procfs.Cgroup{HierarchyID: 0, Path: "/user.slice"}
	for name, c := range map[string]struct {
		mounts  []*procfs.MountInfo
		cgroups []procfs.Cgroup
		want    Hierarchy
	}{
		"v1: memory before the others": {
			[]*procfs.MountInfo{tmpfs, v1Mount("/sys/fs/cgroup/cpu,cpuacct", "cpu", "cpuacct"), v1Mount("/sys/fs/cgroup/pids", "pids"), v1Mount("/sys/fs/cgroup/memory", "memory")},
			[]procfs.Cgroup{inSystemd, inCPU, inPids, inMemory},
			Hierarchy{ID: 9, Controller: "memory", MountPoint: "/sys/fs/cgroup/memory"},
		},
		"v1 without memory": {
			[]*procfs.MountInfo{v1Mount("/sys/fs/cgroup/cpu,cpuacct", "cpu", "cpuacct"), v1Mount("/sys/fs/cgroup/pids", "pids")},
			[]procfs.Cgroup{inCPU, inPids},
			Hierarchy{ID: 4, Controller: "pids", MountPoint: "/sys/fs/cgroup/pids"},
		},
		"v1 with cpu alone, mounted with cpuacct": {
			[]*procfs.MountInfo{v1Mount("/sys/fs/cgroup/cpu,cpuacct", "cpu", "cpuacct")},
			[]procfs.Cgroup{inCPU},
			Hierarchy{ID: 2, Controller: "cpu", MountPoint: "/sys/fs/cgroup/cpu,cpuacct"},
		},
		"hybrid": {
			[]*procfs.MountInfo{v2Mount("/sys/fs/cgroup/unified"), v1Mount("/sys/fs/cgroup/systemd", "name=systemd"), v1Mount("/sys/fs/cgroup/memory", "memory")},
			[]procfs.Cgroup{inV2, inSystemd, inMemory},
			Hierarchy{ID: 9, Controller: "memory", MountPoint: "/sys/fs/cgroup/memory"},
		},
		"hybrid whose v1 hierarchies are all systemd's": {
			[]*procfs.MountInfo{v1Mount("/sys/fs/cgroup/systemd", "name=systemd"), v2Mount("/sys/fs/cgroup/unified")},
			[]procfs.Cgroup{inSystemd, inV2},
			Hierarchy{MountPoint: "/sys/fs/cgroup/unified"},
		},
		"v1 controller that is mounted without being in use": {
			[]*procfs.MountInfo{v1Mount("/mnt/old", "memory"), v2Mount("/sys/fs/cgroup")},
			[]procfs.Cgroup{inV2},
			Hierarchy{MountPoint: "/sys/fs/cgroup"},
		},
		"pure v2": {
			[]*procfs.MountInfo{v2Mount("/sys/fs/cgroup")}, []procfs.Cgroup{inV2},
			Hierarchy{MountPoint: "/sys/fs/cgroup"},
		},
		"pure v2, mounted twice": {
			[]*procfs.MountInfo{v2Mount("/sys/fs/cgroup"), v2Mount("/run/other")}, []procfs.Cgroup{inV2},
			Hierarchy{MountPoint: "/sys/fs/cgroup"},
		},
		"another file system with the same option": {
			[]*procfs.MountInfo{tmpfs, v2Mount("/sys/fs/cgroup")}, []procfs.Cgroup{inMemory, inV2},
			Hierarchy{MountPoint: "/sys/fs/cgroup"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := chooseHierarchy(c.mounts, c.cgroups)
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
	for name, mounts := range map[string][]*procfs.MountInfo{"nothing": nil, "nothing of use": {tmpfs}} {
		_, err := chooseHierarchy(mounts, []procfs.Cgroup{inMemory})
		require.EqualError(t, err, "no cgroup hierarchy is mounted: mount -t cgroup2 cgroup2 /sys/fs/cgroup", name)
	}
}

// On the machine that runs the test: what was chosen is a mounted hierarchy that this process is in.
func TestFindHierarchy(t *testing.T) {
	h, err := FindHierarchy()
	require.NoError(t, err)
	info, err := os.Stat(h.MountPoint)
	require.NoError(t, err)
	assert.True(t, info.IsDir())
	own, err := os.ReadFile("/proc/self/cgroup")
	require.NoError(t, err)
	var found bool
	for line := range strings.Lines(string(own)) {
		id, rest, _ := strings.Cut(line, ":")
		controllers, _, _ := strings.Cut(rest, ":")
		found = found || (id == strconv.Itoa(h.ID) && strings.Contains(controllers, h.Controller))
	}
	assert.True(t, found, "%+v is not in\n%s", h, own)
}
