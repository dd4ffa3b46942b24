// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Top layer: counts per workload, kept in the kernel and read on a timer, so that they are exact
// even when events are filtered, aggregated or lost.
#ifndef MEERKAT_WORKLOAD_H
#define MEERKAT_WORKLOAD_H

#include "kernel.h"

// cgroups that are counted one by one; further ones share the entry of key 0.
#define WORKLOADS_MAX 4096

// WORKLOADS(type) defines the map `workloads`, cgroup id -> struct type of __u64 counts. User space
// makes the entry of key 0 before it attaches anything, and removes those of cgroups that are gone.
#define WORKLOADS(value_type)                                                                 \
	struct {                                                                              \
		__uint(type, BPF_MAP_TYPE_HASH);                                              \
		__uint(max_entries, WORKLOADS_MAX);                                           \
		__type(key, __u64);                                                           \
		__type(value, struct value_type);                                             \
	} workloads SEC(".maps");                                                             \
                                                                                              \
	static __always_inline struct value_type *workload_of(__u64 cgroup)                   \
	{                                                                                     \
		struct value_type *workload = bpf_map_lookup_elem(&workloads, &cgroup);       \
		struct value_type empty = {};                                                 \
		__u64 others = 0;                                                             \
                                                                                              \
		if (workload)                                                                 \
			return workload;                                                      \
		bpf_map_update_elem(&workloads, &cgroup, &empty, BPF_NOEXIST);                \
		workload = bpf_map_lookup_elem(&workloads, &cgroup);                          \
		if (workload)                                                                 \
			return workload;                                                      \
		return bpf_map_lookup_elem(&workloads, &others);                              \
	}

#define WORKLOAD_ADD(cgroup, what, number)                               \
	do {                                                             \
		typeof(workload_of(cgroup)) counted = workload_of(cgroup); \
		if (counted)                                             \
			__sync_fetch_and_add(&counted->what, (number));  \
	} while (0)

#endif
