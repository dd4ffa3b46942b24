// SPDX-License-Identifier: Apache-2.0

// Package mount holds the kernel half of the tracer "mount" and the types it shares with user space: file
// systems that are mounted, moved, changed and unmounted. It knows nothing of how events are read or what
// becomes of them.
package mount

//go:generate go tool -modfile=../../internal/tools/go.mod bpf2go -cc clang-19 -strip llvm-strip-19 -target amd64,arm64 -no-global-types -type event_header -type mount_event -type mount_workload -type mount_kind -type mount_operation -type mount_flags Mount mount.bpf.c -- -I../include -O2 -g -Wall -Werror -mcpu=v3
