// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Middle layer: what a process has of memory, which mapping an address is in, and the memory cgroups.
#ifndef MEERKAT_MEMORY_H
#define MEERKAT_MEMORY_H

#include "kernel_memory.h"
#include "cgroup.h"

// include/linux/mm_types_task.h: what the resident memory of a process is counted by.
enum memory_counter {
	MM_FILEPAGES = 0,
	MM_ANONPAGES = 1,
	MM_SWAPENTS = 2,
	MM_SHMEMPAGES = 3,
	MEMORY_COUNTERS = 4,
};

// Processors whose shares of a counter are summed. On more, the figures lack up to the kernel's batch of
// pages (32, or twice the number of processors) for each of the others.
#define PROCESSORS_MAX 1024

// One value per processor. The kernel hands out where it is on each; the map itself holds the number that
// stands for all of them. What lies between the two is where a processor's memory starts, and leads to
// every other value that the kernel keeps per processor.
struct per_processor {
	__s64 pages[MEMORY_COUNTERS]; // first: nothing has to be added to an address that may be none
	__u64 by_way_of;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct per_processor);
} per_processor SEC(".maps");

// address_of makes a number of a pointer, by way of memory: the verifier lets nobody calculate with some.
static __always_inline __u64 address_of(volatile __u64 *by_way_of, const void *pointer)
{
	*(const void *volatile *)by_way_of = pointer;
	return *by_way_of;
}

static __always_inline __u64 per_processor_number(struct per_processor *own)
{
	__u64 map = address_of(&own->by_way_of, &per_processor), number = 0;

	bpf_probe_read_kernel(&number, sizeof(number), (void *)map + bpf_core_field_offset(struct bpf_array, pptrs));
	return number;
}

// As percpu_counter_sum() in lib/percpu_counter.c, of all counters at once. The sums stand in the map, where
// the verifier does not follow how large they get in each round.
static __always_inline void sum_per_processor(struct per_processor *own, struct mm_struct___percpu *mm)
{
	__u64 number = per_processor_number(own);
	__u64 shares[MEMORY_COUNTERS];
	__u32 zero = 0;

	for (int i = 0; i < MEMORY_COUNTERS; i++) {
		// Not by index: the size of an element is the kernel's.
		struct percpu_counter *counter = (void *)mm + bpf_core_field_offset(mm->rss_stat) + i * bpf_core_type_size(struct percpu_counter);
		own->pages[i] = BPF_CORE_READ(counter, count);
		shares[i] = (__u64)BPF_CORE_READ(counter, counters);
	}
	for (int processor = 0; processor < PROCESSORS_MAX && number; processor++) {
		struct per_processor *there = bpf_map_lookup_percpu_elem(&per_processor, &zero, processor);
		if (!there)
			break;
		__u64 start = address_of(&there->by_way_of, there) - number;
		for (int i = 0; i < MEMORY_COUNTERS; i++) {
			__s32 share = 0;
			bpf_probe_read_kernel(&share, sizeof(share), (void *)(shares[i] + start));
			own->pages[i] += share;
		}
	}
}

// memory_counters_read leaves the numbers of pages in the map. Before 6.2 each thread keeps up to 64 pages
// of each kind to itself. A global function, so that the verifier goes through its loops once.
__noinline int memory_counters_read(__u64 mm)
{
	__u32 zero = 0;
	struct per_processor *own = bpf_map_lookup_elem(&per_processor, &zero);

	if (!own)
		return 0;
	if (!bpf_core_type_exists(struct mm_rss_stat)) {
		sum_per_processor(own, (void *)mm);
		return 0;
	}
	for (int i = 0; i < MEMORY_COUNTERS; i++)
		own->pages[i] = BPF_CORE_READ((struct mm_struct___summed *)mm, rss_stat.count[i].counter);
	return 0;
}

// memory_counters returns the numbers of pages by enum memory_counter.
static __always_inline __s64 *memory_counters(struct mm_struct *mm)
{
	__u32 zero = 0;
	struct per_processor *own = bpf_map_lookup_elem(&per_processor, &zero);

	memory_counters_read((__u64)mm);
	return own ? own->pages : NULL;
}

static __always_inline struct mem_cgroup *memory_cgroup_of_task(struct task_struct *task)
{
	struct css_set *set = BPF_CORE_READ(task, cgroups);
	struct cgroup_subsys_state *state = NULL;

	if (!bpf_core_enum_value_exists(enum cgroup_subsys_id, memory_cgrp_id))
		return NULL;
	bpf_core_read(&state, sizeof(state), &set->subsys[0] + bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id));
	// The state is the first thing in it.
	return (void *)state;
}

#endif
