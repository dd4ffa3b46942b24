// SPDX-License-Identifier: Apache-2.0

// Package process holds the kernel half of the tracer "process" and the types it shares with user
// space: exec, failed exec, fork and exit of processes, and the cgroups that they live in. It knows
// nothing of how events are read or what becomes of them.
package process

//go:generate go tool -modfile=../../internal/tools/go.mod bpf2go -cc clang-19 -strip llvm-strip-19 -target amd64,arm64 -no-global-types -type event_header -type process_key -type event_counters -type exec_event -type exec_failed_event -type fork_event -type exit_event -type cgroup_event -type process_workload -type process_kind -type event_flags -type filter_settings -type filter_network -type filter_path -type filter_process -type filter_checks -type filter_verdict -type rate_key -type rate -type path_flags -type exec_flags -type exec_call Process process.bpf.c -- -I../include -O2 -g -Wall -Werror -mcpu=v3
