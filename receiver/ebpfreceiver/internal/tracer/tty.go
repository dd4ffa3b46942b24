// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	ttybpf "github.com/meerkat-otel/meerkat/bpf/tty"
)

// TTY observes people at work in containers: programs at a terminal, and those that a container's runtime
// executes in it from outside.
func TTY() Spec {
	return Spec{
		Name:       "tty",
		Brief:      "Interactive sessions in containers: programs at a terminal, or executed from outside by the runtime.",
		Cost:       CostLow,
		Privileges: basePrivileges(),
		Kinds:      []string{"session", "session_end"},
		Load:       ttybpf.LoadTTY,
		Hooks: []Hook{
			// Ends first: a session whose start was seen must not end unseen.
			hook("sched_process_exit", ttybpf.TTYProgTtyExitGroup, ttybpf.TTYProgTtyExit, ttybpf.TTYProgTtyExitRaw),
			hook("sched_process_exec", ttybpf.TTYProgTtyExec, ttybpf.TTYProgTtyExecRaw),
		},
	}
}

// TTYSessionsMax is how many sessions the kernel half waits to end.
const TTYSessionsMax = 4096
