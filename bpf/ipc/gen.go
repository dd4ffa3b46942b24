// SPDX-License-Identifier: Apache-2.0

// Package ipc holds the kernel half of the tracer "ipc" and the types it shares with user space: how processes
// of one host reach each other. It knows nothing of how events are read or what becomes of them.
package ipc

//go:generate go tool -modfile=../../internal/tools/go.mod bpf2go -cc clang-19 -strip llvm-strip-19 -target amd64,arm64 -no-global-types -type event_header -type ipc_facts -type ipc_event -type ipc_seen_key -type seen_count -type ipc_workload -type ipc_kind -type ipc_object -type ipc_access -type ipc_flags -type ipc_operation IPC ipc.bpf.c -- -I../include -O2 -g -Wall -Werror -mcpu=v3
