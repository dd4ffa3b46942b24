// SPDX-License-Identifier: Apache-2.0

// Package crash holds the kernel half of the tracer "crash" and the types it shares with user space:
// processes that die of a signal whose default is to dump core. It knows nothing of how events are read
// or what becomes of them.
package crash

//go:generate go tool -modfile=../../internal/tools/go.mod bpf2go -cc clang-19 -strip llvm-strip-19 -target amd64,arm64 -no-global-types -type event_header -type crash_event -type crash_workload -type crash_kind -type crash_fault -type fault_access -type crash_flags Crash crash.bpf.c -- -I../include -O2 -g -Wall -Werror -mcpu=v3
