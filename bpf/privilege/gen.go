// SPDX-License-Identifier: Apache-2.0

// Package privilege holds the kernel half of the tracer "privilege" and the types it shares with user
// space: how processes come by privileges, use them, and give them up. It knows nothing of how events are
// read or what becomes of them.
package privilege

//go:generate go tool -modfile=../../internal/tools/go.mod bpf2go -cc clang-19 -strip llvm-strip-19 -target amd64,arm64 -no-global-types -type event_header -type ids -type capabilities -type namespaces -type ids_event -type capabilities_event -type capability_use_event -type namespace_event -type root_event -type restriction_event -type privilege_workload -type privilege_kind -type privilege_operation -type privilege_flags -type capability_scope -type memory_call Privilege privilege.bpf.c -- -I../include -O2 -g -Wall -Werror -mcpu=v3
