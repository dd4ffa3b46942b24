// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	"os"

	crashbpf "github.com/meerkat-otel/meerkat/bpf/crash"
)

// Crash observes processes that die of a signal whose default is to dump core.
func Crash() Spec {
	return Spec{
		Name:           "crash",
		Brief:          "Processes that die of a signal whose default is to dump core.",
		DefaultEnabled: true,
		Cost:           CostLow,
		Privileges:     basePrivileges(),
		Kinds:          []string{"exit"},
		Load:           crashbpf.LoadCrash,
		Hooks: []Hook{
			// The first reads an argument that the tracepoint has since 6.16: older kernels
			// refuse to load it.
			hook("sched_process_exit", crashbpf.CrashProgCrashExitGroup,
				crashbpf.CrashProgCrashExit, crashbpf.CrashProgCrashExitRaw),
			hook("signal_deliver", crashbpf.CrashProgCrashSignalDeliver, crashbpf.CrashProgCrashSignalDeliverRaw),
		},
	}
}

// CrashConstants are the constants of the tracer's programs that depend on the machine alone.
func CrashConstants() map[string]any {
	return map[string]any{crashbpf.CrashVarPageBytes: uint32(os.Getpagesize())}
}
