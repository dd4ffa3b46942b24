// SPDX-License-Identifier: Apache-2.0

// Package tcp holds the kernel half of the tracer "tcp" and the types it shares with user space: TCP
// connections that are opened, accepted, refused and closed. It knows nothing of how events are read
// or what becomes of them.
package tcp

//go:generate go tool -modfile=../../internal/tools/go.mod bpf2go -cc clang-19 -strip llvm-strip-19 -target amd64,arm64 -no-global-types -type event_header -type connection_event -type endpoints -type tcp_workload -type tcp_facts -type tcp_seen_key -type tcp_seen -type seen_count -type tcp_kind -type tcp_side -type tcp_flags -type tcp_call TCP tcp.bpf.c -- -I../include -O2 -g -Wall -Werror -mcpu=v3
