// SPDX-License-Identifier: Apache-2.0

// Package file holds the kernel half of the tracer "file" and the types it shares with user space:
// what processes do to files. It knows nothing of how events are read or what becomes of them.
package file

//go:generate go tool -modfile=../../internal/tools/go.mod bpf2go -cc clang-19 -strip llvm-strip-19 -target amd64,arm64 -no-global-types -type event_header -type file_event -type file_operation -type file_seen_key -type file_seen -type seen_count -type file_workload -type pattern_name -type pattern_bits -type pattern_suffix -type known_file -type file_kind -type file_access -type file_flags File file.bpf.c -- -I../include -O2 -g -Wall -Werror -mcpu=v3
