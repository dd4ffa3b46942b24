// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	"github.com/cilium/ebpf"
)

// Cost says how much work a tracer makes on an ordinary machine.
type Cost string

// Values of Cost.
const (
	CostLow    Cost = "low"    // events are rare: some per second
	CostMedium Cost = "medium" // hundreds per second, or a check on a frequent system call
	CostHigh   Cost = "high"   // runs on a path that is taken tens of thousands of times per second

	CostUnknown Cost = "unknown" // somebody else has written it
)

// Spec describes a tracer. It is never changed after it was made.
type Spec struct {
	// Name as in the configuration, and the stem of every file that belongs to the tracer.
	Name string
	// Brief says in one sentence what the tracer observes.
	Brief string
	// DefaultEnabled tells whether it runs when the configuration doesn't mention it.
	DefaultEnabled bool
	Cost           Cost
	// Privileges are the capabilities that it needs, with the reason for each.
	Privileges []Privilege
	// Kinds names the events by the number that they have in the kernel.
	Kinds []string
	// Load returns the object file's description.
	Load func() (*ebpf.CollectionSpec, error)
	// Hooks are attached in this order.
	Hooks []Hook
	// Snapshot is the iterator program that lists what was there before the hooks; may be empty.
	Snapshot string
}

// Privilege is a Linux capability and what it is needed for.
type Privilege struct {
	Capability string
	Reason     string
}

// Hook is one thing to observe and the programs that can do it, best first.
type Hook struct {
	// Name tells in the state of the tracer what is missing when no program could be attached.
	Name string
	// Programs are tried in order until one loads and attaches.
	Programs []string
	// Optional tells that without it nothing is missed, but less is known of what is seen. The tracer
	// is not degraded then.
	Optional bool
	// Syscalls are the calls at whose end the program runs, by name; empty for another kind of hook.
	// Calls that this kernel or architecture doesn't have are left out.
	Syscalls []string
	// Tracepoints are those that the program is attached to, all of them, instead of the one that its
	// section names: "group/name".
	Tracepoints []string
}

// hook is the usual case: a hook named after what it observes, with its programs.
func hook(name string, programs ...string) Hook {
	return Hook{Name: name, Programs: programs}
}

// optional marks a hook as one that need not be there.
func optional(h Hook) Hook {
	h.Optional = true
	return h
}

// syscallHook is a handler at the end of system calls.
func syscallHook(program string, syscalls ...string) Hook {
	return Hook{Name: "sys_exit", Programs: []string{program}, Syscalls: syscalls}
}

// enterHook is a program at the beginning of native system calls.
func enterHook(program string, syscalls ...string) Hook {
	h := Hook{Name: "sys_enter", Programs: []string{program}}
	for _, name := range syscalls {
		if _, _, native, _ := syscallNumbers(name); native {
			h.Tracepoints = append(h.Tracepoints, "syscalls/sys_enter_"+name)
		}
	}
	return h
}

// basePrivileges is what loading and attaching tracing programs takes since 5.8.
func basePrivileges(more ...Privilege) []Privilege {
	return append([]Privilege{
		{"CAP_BPF", "load programs and create maps"},
		{"CAP_PERFMON", "attach to tracepoints and read kernel memory"},
	}, more...)
}

// tracefsPrivilege is what per-event tracepoints take on top.
var tracefsPrivilege = Privilege{"CAP_DAC_READ_SEARCH", "read the numbers of tracepoints in tracefs"}

// cgroupPrivilege is what programs that observe sockets take on top.
var cgroupPrivilege = Privilege{"CAP_NET_ADMIN", "attach to the root of the cgroup v2 hierarchy, where packets are seen"}
