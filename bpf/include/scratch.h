// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Top layer: space to assemble an event in that does not fit on the stack.
#ifndef MEERKAT_SCRATCH_H
#define MEERKAT_SCRATCH_H

#include "kernel.h"

// One scratch per program: a program does not interrupt itself on one CPU, but another may.
#define SCRATCH(name, value_type)                        \
	struct {                                         \
		__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); \
		__uint(max_entries, 1);                  \
		__type(key, __u32);                      \
		__type(value, struct value_type);        \
	} name SEC(".maps")

// at_most also tells the verifier the bound.
static __always_inline __u32 at_most(__u32 value, __u32 limit)
{
	FORGET(value);
	return value < limit ? value : limit;
}

#endif
