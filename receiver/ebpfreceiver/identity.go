// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"errors"
	"fmt"

	"github.com/cilium/ebpf/btf"

	"github.com/meerkat-otel/meerkat/internal/redaction"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/container"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/emit"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/process"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/tracer"
)

// identity is what the receiver knows of processes and containers. All streams share it.
type identity struct {
	clock     *process.Clock
	hierarchy process.Hierarchy
	processes *process.Table
	workloads *process.Workloads
	// containers tells who the containers are among the workloads.
	containers *container.Finder
	// unified is what cgroup ids of version 2 stand for where another hierarchy names workloads; nil elsewhere.
	unified *unifiedWorkloads
}

func newIdentity(c *Config, redact *redaction.Redactor) (*identity, error) {
	clock := process.NewClock()
	if err := clock.Refresh(); err != nil {
		return nil, fmt.Errorf("read the clocks: %w", err)
	}
	hierarchy, err := process.FindHierarchy()
	if err != nil {
		return nil, err
	}
	containers := container.NewFinder(c.Containers.settings(redact.Value))
	workloads := process.NewWorkloads(hierarchy, containers, workloadEntriesMax)
	unified, err := findUnified(hierarchy, containers, workloads)
	if err != nil {
		return nil, err
	}
	return &identity{
		unified:    unified,
		containers: containers,
		workloads:  workloads,
		clock:      clock,
		hierarchy:  hierarchy,
		processes:  process.NewTable(clock, c.ProcessTable.MaxEntries),
	}, nil
}

// snapshot adds what was there before the tracer was attached. What fails of it is not fatal: events
// of older processes then lack their executable or container.
func (id *identity) snapshot(t *tracer.Tracer, types *btf.Cache) error {
	scanErr := id.workloads.Scan()
	output, err := t.Snapshot(types)
	if err != nil {
		return errors.Join(scanErr, err)
	}
	_, err = id.processes.ReadSnapshot(output, id.workloads.Running)
	return errors.Join(scanErr, err, output.Close())
}

// learn is the identify function of the tracer "process".
func (id *identity) learn(event decode.Event) (emit.Who, error) {
	who := emit.Who{}
	switch e := event.(type) {
	case *decode.ProcessExec:
		who.Process = id.processes.Exec(e)
		who.Ancestors = id.processes.Ancestors(who.Process, ancestorsMax, nil)
		who.IsRuntime = id.workloads.IsRuntime(e, who.Ancestors)
	case *decode.ProcessFork:
		who.Process = id.processes.Fork(e)
	case *decode.ProcessExit:
		_, who.Outcome = id.processes.Lookup(e.Head())
		p, first := id.processes.Exit(e)
		if !first {
			return who, errRepeated
		}
		who.Process = p
	case *decode.ProcessCgroup:
		id.workloads.Changed(e)
		return id.lookup(event)
	default:
		return id.lookup(event)
	}
	who.Workload = id.workloads.Lookup(event.Head().CgroupId)
	if _, isExec := event.(*decode.ProcessExec); isExec {
		who.Workload = id.workloads.Settled(who.Workload)
	}
	return who, nil
}

// lookup is the identify function of all other tracers.
func (id *identity) lookup(event decode.Event) (emit.Who, error) {
	who := id.who(event.Head())
	if pair, ok := event.(decode.Pair); ok {
		other := id.who(pair.Other())
		who.Other = &other
	}
	if elsewhere, ok := event.(decode.Elsewhere); ok && elsewhere.OtherCgroup() != 0 {
		who.Elsewhere = id.workloads.Lookup(elsewhere.OtherCgroup())
	}
	return who, nil
}

func (id *identity) who(h *decode.Header) emit.Who {
	p, outcome := id.processes.Lookup(h)
	return emit.Who{Process: p, Outcome: outcome, Workload: id.workloads.Lookup(h.CgroupId)}
}

// hierarchyChoices are the values of enum cgroup_hierarchy_choice in bpf/include/cgroup.h.
var hierarchyChoices = map[string]uint32{"": 0, "memory": 1, "pids": 2, "cpu": 3}

// constants tells the programs where to find a task's cgroup.
func (id *identity) constants() map[string]any {
	return map[string]any{
		"cgroup_hierarchy_choice": hierarchyChoices[id.hierarchy.Controller],
		"cgroup_hierarchy_id":     int32(id.hierarchy.ID),
	}
}
