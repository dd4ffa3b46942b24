// SPDX-License-Identifier: Apache-2.0

// Package oom holds the kernel half of the tracer "oom" and the types it shares with user space:
// processes that the kernel kills because memory has run out. It knows nothing of how events are read
// or what becomes of them.
package oom

//go:generate go tool -modfile=../../internal/tools/go.mod bpf2go -cc clang-19 -strip llvm-strip-19 -target amd64,arm64 -no-global-types -type event_header -type oom_event -type oom_workload -type oom_kind -type oom_constraint OOM oom.bpf.c -- -I../include -O2 -g -Wall -Werror -mcpu=v3
