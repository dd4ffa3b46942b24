// SPDX-License-Identifier: Apache-2.0

// Package udp holds the kernel half of the tracer "udp" and the types it shares with user space: who
// exchanges datagrams with whom, and how many. It knows nothing of how events are read or what becomes of
// them.
package udp

//go:generate go tool -modfile=../../internal/tools/go.mod bpf2go -cc clang-19 -strip llvm-strip-19 -target amd64,arm64 -no-global-types -type event_header -type endpoints -type udp_start_event -type udp_flow_key -type udp_flow -type socket_owner -type udp_workload -type udp_kind -type udp_side -type udp_flags UDP udp.bpf.c -- -I../include -O2 -g -Wall -Werror -mcpu=v3
