// SPDX-License-Identifier: Apache-2.0

// Package dns holds the kernel half of the tracer "dns" and the types it shares with user space: messages
// that are exchanged with name servers. It neither parses nor matches them, and knows nothing of how they
// are read or what becomes of them.
package dns

//go:generate go tool -modfile=../../internal/tools/go.mod bpf2go -cc clang-19 -strip llvm-strip-19 -target amd64,arm64 -no-global-types -type event_header -type endpoints -type dns_message_event -type dns_workload -type dns_kind -type dns_flags DNS dns.bpf.c -- -I../include -O2 -g -Wall -Werror -mcpu=v3
