// SPDX-License-Identifier: Apache-2.0

package btfvalue_test

// The objects have no DWARF, which would name folders.
//go:generate clang-19 -target bpfel -O2 -g -Wall -Werror -c testdata/records.bpf.c -o testdata/records_bpfel.o
//go:generate llvm-strip-19 -g testdata/records_bpfel.o
//go:generate clang-19 -target bpfeb -O2 -g -Wall -Werror -c testdata/records.bpf.c -o testdata/records_bpfeb.o
//go:generate llvm-strip-19 -g testdata/records_bpfeb.o
