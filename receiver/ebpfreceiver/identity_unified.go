// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"sync"
	"time"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/container"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/process"
)

// unifiedWorkloads are the cgroups of version 2 on a host whose workloads are named by a hierarchy of version 1. The
// programs of others know no ids but these: bpf_get_current_cgroup_id has them. Ids of different hierarchies may be
// the same number, so neither may be looked up among the other's.
type unifiedWorkloads struct {
	hierarchy  process.Hierarchy
	containers *container.Finder
	// naming are the workloads by the hierarchy that names them, which know most containers.
	naming *process.Workloads

	mu     sync.Mutex
	table  *process.Workloads
	listed time.Time
}

// findUnified returns nil where version 2 names workloads.
func findUnified(naming process.Hierarchy, containers *container.Finder, workloads *process.Workloads) (*unifiedWorkloads, error) {
	if naming.ID == 0 {
		return nil, nil
	}
	hierarchy, _, err := process.FindUnified()
	if err != nil {
		return nil, err
	}
	return &unifiedWorkloads{hierarchy: hierarchy, containers: containers, naming: workloads}, nil
}

// Lookup returns the workload of a cgroup. No event tells of new cgroups, so they are listed anew for one that is not
// known. One that is gone has nothing but the id.
func (u *unifiedWorkloads) Lookup(id uint64) *process.Workload {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.table != nil {
		if workload := u.table.Lookup(id); workload.CgroupPath != "" || time.Since(u.listed) < unifiedListingPause {
			return workload
		}
	}
	u.table, u.listed = process.NewWorkloads(u.hierarchy, u.containers, workloadEntriesMax), time.Now()
	u.table.AskFirst(u.naming)
	if u.hierarchy.MountPoint != "" {
		// What can't be listed stays unknown, and is tried again.
		_ = u.table.Scan()
	}
	return u.table.Lookup(id)
}
