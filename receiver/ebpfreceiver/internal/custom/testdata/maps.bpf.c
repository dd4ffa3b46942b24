//go:build ignore
// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Maps that are refused, one of which is chosen, beside a program that is not.
#include "kernel.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct {
#if defined(PINNED)
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
#elif defined(PROGRAMS)
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, 4);
#elif defined(STORAGE)
	__uint(type, 29); // BPF_MAP_TYPE_TASK_STORAGE
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u64);
#elif defined(PERF)
	__uint(type, 4); // BPF_MAP_TYPE_PERF_EVENT_ARRAY
	__uint(key_size, 4);
	__uint(value_size, 4);
#elif defined(ODD_RING)
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 5000);
#elif defined(LARGE)
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 1000000);
	__type(key, __u32);
	__type(value, __u64);
#endif
} chosen SEC(".maps");

SEC("tracepoint/sched/sched_process_exec")
int harmless(void *ctx)
{
	return 0;
}
