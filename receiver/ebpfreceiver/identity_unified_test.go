// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/container"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/customemit"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/process"
)

func TestUnified_onlyBesidesVersion1(t *testing.T) {
	u, err := findUnified(process.Hierarchy{MountPoint: "/sys/fs/cgroup"}, nil, nil)
	require.NoError(t, err)
	assert.Nil(t, u, "version 2 names workloads itself")
	u, err = findUnified(process.Hierarchy{ID: 4, Controller: "memory"}, noContainers(), newNoWorkloads())
	require.NoError(t, err)
	require.NotNil(t, u)
}

// A cgroup that is made later is found too, and ids are never looked up in the other hierarchy.
func TestUnified_lookup(t *testing.T) {
	u, err := findUnified(process.Hierarchy{ID: 4, Controller: "memory"}, noContainers(), newNoWorkloads())
	require.NoError(t, err)
	require.NotEmpty(t, u.hierarchy.MountPoint, "version 2 is mounted")
	assert.Equal(t, "/", u.Lookup(1).CgroupPath)

	path := fmt.Sprintf("/meerkat-unified-%d", os.Getpid())
	folder := filepath.Join(u.hierarchy.MountPoint, path)
	require.NoError(t, os.Mkdir(folder, 0o755))
	defer func() { require.NoError(t, os.Remove(folder)) }()
	var stat syscall.Stat_t
	require.NoError(t, syscall.Stat(folder, &stat))
	require.Eventually(t, func() bool { return u.Lookup(stat.Ino).CgroupPath == path }, patience, 50*time.Millisecond)

	const nobodys = 1 << 60
	assert.Equal(t, &process.Workload{CgroupID: nobodys}, u.Lookup(nobodys))

	s := &session{identity: &identity{workloads: newNoWorkloads(), unified: u}}
	assert.Equal(t, path, s.ownerOf(customemit.Owner{CgroupID: stat.Ino}, time.Now()).Workload.CgroupPath)
	s.identity.unified = nil
	assert.Empty(t, s.ownerOf(customemit.Owner{CgroupID: stat.Ino}, time.Now()).Workload.CgroupPath, "the table of version 1 has not heard of it")
}

func noContainers() *container.Finder { return container.NewFinder(container.Settings{}) }

func newNoWorkloads() *process.Workloads {
	return process.NewWorkloads(process.Hierarchy{}, noContainers(), 1)
}
