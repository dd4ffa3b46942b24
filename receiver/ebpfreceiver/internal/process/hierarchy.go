// SPDX-License-Identifier: Apache-2.0

package process

import (
	"errors"
	"fmt"
	"slices"

	"github.com/prometheus/procfs"
)

// Hierarchy is the cgroup hierarchy whose cgroups name workloads on this host.
type Hierarchy struct {
	// ID as in /proc/self/cgroup: 0 for v2.
	ID int
	// Controller by which it is found for a task: empty for v2.
	Controller string
	// MountPoint is where its directories can be listed.
	MountPoint string
}

// v1Controllers are tried in this order on hosts that still have v1 hierarchies: container runtimes
// make a cgroup in each of them, and memory is the one that is hardly ever missing.
var v1Controllers = []string{"memory", "pids", "cpu"}

// FindHierarchy chooses the hierarchy. On hybrid hosts v2 is mounted as well, but runtimes put their
// containers into v1, so a v1 controller wins when there is one.
func FindHierarchy() (Hierarchy, error) {
	mounts, err := procfs.GetMounts()
	if err != nil {
		return Hierarchy{}, fmt.Errorf("read the mounts: %w", err)
	}
	proc, err := procfs.Self()
	if err != nil {
		return Hierarchy{}, fmt.Errorf("open /proc: %w", err)
	}
	cgroups, err := proc.Cgroups()
	if err != nil {
		return Hierarchy{}, fmt.Errorf("read /proc/self/cgroup: %w", err)
	}
	return chooseHierarchy(mounts, cgroups)
}

// FindUnified is the hierarchy of v2, whichever names workloads. It is false if none is mounted.
func FindUnified() (Hierarchy, bool, error) {
	mounts, err := procfs.GetMounts()
	if err != nil {
		return Hierarchy{}, false, fmt.Errorf("read the mounts: %w", err)
	}
	i := slices.IndexFunc(mounts, isUnified)
	if i < 0 {
		return Hierarchy{}, false, nil
	}
	return Hierarchy{MountPoint: mounts[i].MountPoint}, true, nil
}

func isUnified(mount *procfs.MountInfo) bool { return mount.FSType == "cgroup2" && mount.Root == "/" }

func chooseHierarchy(mounts []*procfs.MountInfo, cgroups []procfs.Cgroup) (Hierarchy, error) {
	for _, controller := range v1Controllers {
		for _, mount := range mounts {
			if _, ok := mount.SuperOptions[controller]; !ok || mount.FSType != "cgroup" {
				continue
			}
			i := slices.IndexFunc(cgroups, func(c procfs.Cgroup) bool { return slices.Contains(c.Controllers, controller) })
			if i >= 0 {
				return Hierarchy{ID: cgroups[i].HierarchyID, Controller: controller, MountPoint: mount.MountPoint}, nil
			}
		}
	}
	for _, mount := range mounts {
		if mount.FSType == "cgroup2" {
			return Hierarchy{MountPoint: mount.MountPoint}, nil
		}
	}
	return Hierarchy{}, errors.New("no cgroup hierarchy is mounted: mount -t cgroup2 cgroup2 /sys/fs/cgroup")
}
