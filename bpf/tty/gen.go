// SPDX-License-Identifier: Apache-2.0

// Package tty holds the kernel half of the tracer "tty" and the types it shares with user space:
// sessions at a terminal, and processes that enter a container from outside. It knows nothing of how
// events are read or what becomes of them.
package tty

//go:generate go tool -modfile=../../internal/tools/go.mod bpf2go -cc clang-19 -strip llvm-strip-19 -target amd64,arm64 -no-global-types -type event_header -type session_event -type session_end_event -type tty_kind -type tty_flags TTY tty.bpf.c -- -I../include -O2 -g -Wall -Werror -mcpu=v3
