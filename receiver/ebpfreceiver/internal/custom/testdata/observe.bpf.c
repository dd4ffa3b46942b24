//go:build ignore
// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Programs of kinds that only observe. Each counts its runs, and those that see a process report it.
#include "kernel.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

enum source {
	FROM_TRACEPOINT,
	FROM_RAW_TRACEPOINT,
	FROM_BTF_TRACEPOINT,
	FROM_CLOCK,
	FROM_ITERATOR,
	SOURCES,
};

struct whose {
	__u32 pid;
	__u64 cgroup;
};

struct exec_event {
	__u64 time;
	struct whose who;
	enum source source;
};

// Without it the compiler keeps no type information of the struct.
const struct exec_event *unused_exec_event __attribute__((unused));

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 65536);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SOURCES);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

struct task_key {
	__u32 uid;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 128);
	__type(key, struct task_key);
	__type(value, __u64);
} tasks SEC(".maps");

extern int LINUX_KERNEL_VERSION __kconfig;
extern _Bool LINUX_HAS_BPF_COOKIE __kconfig;

__u64 kernel_version;
_Bool has_cookie;
__u32 watched_pid;

static void count(__u32 source)
{
	__u64 *value = bpf_map_lookup_elem(&counts, &source);

	if (value)
		__sync_fetch_and_add(value, 1);
}

static void report(enum source source)
{
	struct exec_event *event;

	if (watched_pid && watched_pid != bpf_get_current_pid_tgid() >> 32)
		return;
	count(source);
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event)
		return;
	__builtin_memset(event, 0, sizeof(*event));
	event->time = bpf_ktime_get_ns();
	event->who.pid = bpf_get_current_pid_tgid() >> 32;
	event->who.cgroup = bpf_get_current_cgroup_id();
	event->source = source;
	bpf_ringbuf_submit(event, 0);
}

SEC("tracepoint/sched/sched_process_exec")
int by_tracepoint(void *ctx)
{
	kernel_version = LINUX_KERNEL_VERSION;
	has_cookie = LINUX_HAS_BPF_COOKIE;
	report(FROM_TRACEPOINT);
	return 0;
}

SEC("raw_tp/sched_process_exec")
int by_raw_tracepoint(void *ctx)
{
	report(FROM_RAW_TRACEPOINT);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int by_btf_tracepoint(__u64 *ctx)
{
	report(FROM_BTF_TRACEPOINT);
	return 0;
}

SEC("perf_event")
int by_clock(void *ctx)
{
	count(FROM_CLOCK);
	return 0;
}

// What it writes nobody reads.
SEC("iter/task")
int by_iterator(struct bpf_iter__task *ctx)
{
	char line[] = "task\n";

	if (ctx->task) {
		count(FROM_ITERATOR);
		bpf_seq_write((void *)ctx->meta->seq, line, sizeof(line) - 1);
	}
	return 0;
}
