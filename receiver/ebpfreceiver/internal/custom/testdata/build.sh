#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Compiles the objects of the tests, as their authors would: one per variant of a source, named after it.
set -eu
cd "$(dirname "$0")"

build() { # object, source, options
	object=$1 source=$2
	shift 2
	clang-19 -target bpf -mcpu=v3 -O2 -g -Wall -Werror -fdebug-compilation-dir=. -I include -I ../../../../../bpf/include "$@" -c "$source" -o "$object"
	llvm-strip-19 -g "$object"
}

build observe.bpf.o observe.bpf.c
build network.bpf.o network.bpf.c
build probes-amd64.bpf.o probes.bpf.c -D__TARGET_ARCH_x86
build probes-arm64.bpf.o probes.bpf.c -D__TARGET_ARCH_arm64
for variant in WRITE_USER SEND_SIGNAL OVERRIDE_RETURN KFUNC FMOD_RET LSM WRITE_CONTEXT WRITE_CONTEXT_LATER CONFIG UNVERIFIABLE; do
	build "hostile-$variant.bpf.o" hostile.bpf.c "-D$variant"
done
for variant in PINNED PROGRAMS STORAGE PERF ODD_RING LARGE; do
	build "maps-$variant.bpf.o" maps.bpf.c "-D$variant"
done
