// SPDX-License-Identifier: Apache-2.0

// Package injection holds the kernel half of the tracer "injection" and the types it shares with user
// space: ways to put code where it was not. It knows nothing of how events are read or what becomes of
// them.
package injection

//go:generate go tool -modfile=../../internal/tools/go.mod bpf2go -cc clang-19 -strip llvm-strip-19 -target amd64,arm64 -no-global-types -type event_header -type injection_event -type injection_call -type injection_seen_key -type seen_count -type injection_workload -type loader_file -type injection_kind -type injection_operation -type injection_flags Injection injection.bpf.c -- -I../include -O2 -g -Wall -Werror -mcpu=v3
