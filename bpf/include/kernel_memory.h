// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Bottom layer: the kernel types that tell of memory, as kernel.h has the others.
#ifndef MEERKAT_KERNEL_MEMORY_H
#define MEERKAT_KERNEL_MEMORY_H

#include "kernel.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct vm_area_struct {
	unsigned long vm_start, vm_end, vm_flags, vm_pgoff;
	struct rb_node vm_rb; // before 6.1
	struct file *vm_file;
};

// Since 6.1 the mappings of a process stand in a tree of these nodes; mapping.h tells them apart.
struct maple_range_64 {
	unsigned long pivot[15];
	void *slot[16];
};

struct maple_arange_64 {
	unsigned long pivot[9];
	void *slot[10];
};

// Before 6.2.
struct mm_rss_stat {
	atomic_long_t count[4];
};

struct percpu_counter {
	__s64 count;
	__s32 *counters;
};

struct mm_struct___summed {
	struct mm_rss_stat rss_stat;
};

struct mm_struct___percpu {
	struct percpu_counter rss_stat[4];
};

struct page_counter {
	atomic_long_t usage;
	unsigned long max;
};

struct mem_cgroup {
	struct cgroup_subsys_state css;
	struct page_counter memory;
	bool oom_lock; // only with CONFIG_MEMCG_V1 since 6.11
};

// The maps of BPF themselves.
struct bpf_array {
	union {
		struct {
			void *pptrs[0];
		};
	};
};

#pragma clang attribute pop

#endif
