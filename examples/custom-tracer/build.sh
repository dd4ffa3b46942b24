#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Compiles every tracer in the folders beside this file. It takes clang and llvm-strip, and the headers of libbpf and Linux
# (Debian, Ubuntu: apt install clang llvm libbpf-dev linux-libc-dev).
#
#   [CLANG=clang-19] [LLVM_STRIP=llvm-strip-19] build.sh
set -eu
cd "$(dirname "$0")"

for source in */*.bpf.c; do
	(
		cd "$(dirname "$source")"
		name=$(basename "$source" .c)
		# -g makes the description of all types (BTF), which the loader and the manifest need. -mcpu=v3 has been known to all
		# kernels since 5.1. Debian keeps the headers of the processor (asm/) apart.
		"${CLANG:-clang}" -target bpfel -mcpu=v3 -O2 -g -Wall -Werror -fdebug-compilation-dir=. \
			-I"/usr/include/$(uname -m)-linux-gnu" -c "$name.c" -o "$name.o"
		# The rest of what -g makes is for debuggers.
		"${LLVM_STRIP:-llvm-strip}" -g "$name.o"
	)
done
