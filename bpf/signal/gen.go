// SPDX-License-Identifier: Apache-2.0

// Package signal holds the kernel half of the tracer "signal" and the types it shares with user space:
// signals that go across users or cgroups, or to an init process. It knows nothing of how events are
// read or what becomes of them.
package signal

//go:generate go tool -modfile=../../internal/tools/go.mod bpf2go -cc clang-19 -strip llvm-strip-19 -target amd64,arm64 -no-global-types -type event_header -type signal_event -type signal_workload -type signal_kind -type signal_crossing -type signal_handling -type signal_result Signal signal.bpf.c -- -I../include -O2 -g -Wall -Werror -mcpu=v3
