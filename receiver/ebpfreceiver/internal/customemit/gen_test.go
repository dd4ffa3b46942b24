// SPDX-License-Identifier: Apache-2.0

package customemit_test

// The object has no DWARF, which would name folders.
//go:generate clang-19 -target bpfel -O2 -g -Wall -Werror -c testdata/tracer.bpf.c -o testdata/tracer_bpfel.o
//go:generate llvm-strip-19 -g testdata/tracer_bpfel.o
