// SPDX-License-Identifier: Apache-2.0

// Package socket holds the kernel half of the tracer "socket" and the types it shares with user space:
// sockets that are bound, that listen, and that are of an unusual kind. It knows nothing of how events
// are read or what becomes of them.
package socket

//go:generate go tool -modfile=../../internal/tools/go.mod bpf2go -cc clang-19 -strip llvm-strip-19 -target amd64,arm64 -no-global-types -type event_header -type socket_facts -type socket_event -type socket_seen_key -type seen_count -type socket_workload -type socket_kind -type socket_flags -type socket_operation Socket socket.bpf.c -- -I../include -O2 -g -Wall -Werror -mcpu=v3
