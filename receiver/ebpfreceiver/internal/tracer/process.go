// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	"maps"
	"slices"

	processbpf "github.com/meerkat-otel/meerkat/bpf/process"
)

// Process observes exec, failed exec, fork and exit of processes, and the cgroups they live in. The
// other tracers' events get their identity from it.
func Process() Spec {
	return Spec{
		Name:           "process",
		Brief:          "Programs that are executed or fail to be, processes that fork and exit.",
		DefaultEnabled: true,
		Cost:           CostMedium,
		Privileges:     basePrivileges(),
		Kinds:          []string{"exec", "exec_failed", "fork", "exit", "cgroup_mkdir", "cgroup_rmdir"},
		Load:           processbpf.LoadProcess,
		Hooks: []Hook{
			hook("sched_process_exec", processbpf.ProcessProgProcessExec, processbpf.ProcessProgProcessExecRaw),
			hook("sched_process_fork", processbpf.ProcessProgProcessFork, processbpf.ProcessProgProcessForkRaw),
			// The first reads an argument that the tracepoint has since 6.16: older kernels
			// refuse to load it.
			hook("sched_process_exit", processbpf.ProcessProgProcessExitGroup,
				processbpf.ProcessProgProcessExit, processbpf.ProcessProgProcessExitRaw),
			hook("cgroup_mkdir", processbpf.ProcessProgProcessCgroupMkdir, processbpf.ProcessProgProcessCgroupMkdirRaw),
			hook("cgroup_rmdir", processbpf.ProcessProgProcessCgroupRmdir, processbpf.ProcessProgProcessCgroupRmdirRaw),
			syscallHook(processbpf.ProcessProgProcessExecFailed, slices.Sorted(maps.Keys(execCalls()))...),
		},
		Snapshot: processbpf.ProcessProgProcessSnapshot,
	}
}

// execCalls are the calls by name.
func execCalls() map[string]processbpf.ProcessExecCall {
	return map[string]processbpf.ProcessExecCall{
		"execve":   processbpf.ProcessExecCallCALL_EXECVE,
		"execveat": processbpf.ProcessExecCallCALL_EXECVEAT,
	}
}

// ProcessConstants are the constants of the tracer's programs that depend on the architecture alone.
func ProcessConstants() map[string]any {
	return map[string]any{processbpf.ProcessVarExecCalls: syscallTable(execCalls(), asByte)}
}
