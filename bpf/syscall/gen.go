// SPDX-License-Identifier: Apache-2.0

// Package syscall holds the program that runs at the end of every system call and hands over to those
// of the tracers that asked for it, and the maps that say who did. It is no tracer: it makes no events.
package syscall

//go:generate go tool -modfile=../../internal/tools/go.mod bpf2go -cc clang-19 -strip llvm-strip-19 -target amd64,arm64 -no-global-types -type syscall_chain -type syscall_cost Syscall syscall.bpf.c -- -I../include -O2 -g -Wall -Werror -mcpu=v3
