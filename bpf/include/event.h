// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Top layer: what every event starts with, how it leaves the kernel, and how it is accounted for.
//
// Each tracer is one object with one ring buffer of its own, so that a flood of one tracer's events
// cannot push out another's. For each kind of event
//     offered = submitted + filtered + aggregated + lost_ring + lost_map
// holds at any moment at which no program runs. A tracer calls event_offer() once for each event
// that it sees, and then exactly one of event_submit(), event_filter(), event_aggregate() and
// event_lose_map().
#ifndef MEERKAT_EVENT_H
#define MEERKAT_EVENT_H

#include "kernel.h"
#include "cgroup.h"

#define COMM_BYTES 16

// EXPORT_TYPE keeps a type that no map mentions in the type information of the object, from which
// the Go types are made.
#define EXPORT_TYPE(keyword, name) const keyword name *const name##_is_exported __attribute__((unused)) = 0

// Kinds of event a tracer may have.
#define EVENT_KINDS_MAX 32

// A process is its pid and its start time together: a pid alone is reused.
struct process_key {
	__u64 start_time_ns; // of the thread group leader, CLOCK_BOOTTIME
	__u32 pid;	     // thread group id in the initial pid namespace
	__u32 reserved;
};

struct event_header {
	__u64 time_ns; // when it happened, CLOCK_BOOTTIME
	struct process_key process;
	// task_struct.self_exec_id: counts the execs of a process, so (process, exec_id) names one
	// program image, and user space can tell that it has not read that exec yet.
	__u64 exec_id;
	__u64 cgroup_id;
	__u32 tid;
	__u32 uid; // effective
	__u32 gid; // effective
	__u16 kind;
	__u16 flags;
	__u8 comm[COMM_BYTES];
};

struct event_counters {
	__u64 offered;
	__u64 submitted;
	__u64 filtered;
	__u64 aggregated;
	__u64 lost_ring; // the ring buffer was full
	__u64 lost_map;	 // a map that was needed to build the event was full
	__u64 cut;	 // submitted with a part shortened
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20); // bytes; user space sets it
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, EVENT_KINDS_MAX);
	__type(key, __u32);
	__type(value, struct event_counters);
} counters SEC(".maps");

// Waking the reader for each record costs more than writing it. It is woken when this much waits,
// and looks by itself on a timer otherwise.
const volatile __u32 ring_wakeup_bytes = 64 << 10;

static __always_inline struct event_counters *event_counters_of(__u32 kind)
{
	return bpf_map_lookup_elem(&counters, &kind);
}

#define EVENT_COUNT(kind, what)                                       \
	do {                                                          \
		struct event_counters *counted = event_counters_of(kind); \
		if (counted)                                          \
			__sync_fetch_and_add(&counted->what, 1);      \
	} while (0)

static __always_inline void event_offer(__u32 kind)
{
	EVENT_COUNT(kind, offered);
}

static __always_inline void event_filter(__u32 kind)
{
	EVENT_COUNT(kind, filtered);
}

static __always_inline void event_aggregate(__u32 kind)
{
	EVENT_COUNT(kind, aggregated);
}

static __always_inline void event_lose_map(__u32 kind)
{
	EVENT_COUNT(kind, lost_map);
}

static __always_inline void event_cut(__u32 kind)
{
	EVENT_COUNT(kind, cut);
}

static __always_inline void process_key_of(struct process_key *key, struct task_struct *task)
{
	key->pid = BPF_CORE_READ(task, tgid);
	key->start_time_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	key->reserved = 0;
}

static __always_inline void event_header_of(struct event_header *header, __u16 kind, struct task_struct *task)
{
	header->time_ns = bpf_ktime_get_boot_ns();
	process_key_of(&header->process, task);
	header->exec_id = BPF_CORE_READ(task, self_exec_id);
	header->cgroup_id = cgroup_id(cgroup_of_task(task));
	header->tid = BPF_CORE_READ(task, pid);
	header->uid = BPF_CORE_READ(task, cred, euid.val);
	header->gid = BPF_CORE_READ(task, cred, egid.val);
	header->kind = kind;
	header->flags = 0;
	BPF_CORE_READ_STR_INTO(&header->comm, task, comm);
}

// event_wanted tells whether the configuration asks for an event, and accounts for it if not. A tracer
// calls it as soon as the header is filled, before anything that takes long.
static __always_inline bool event_wanted(struct event_header *header)
{
	return true;
}

static __always_inline void event_submit(__u32 kind, void *event, __u64 bytes)
{
	__u64 waiting = bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA);
	__u64 wake = waiting >= ring_wakeup_bytes ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;

	if (bpf_ringbuf_output(&events, event, bytes, wake))
		EVENT_COUNT(kind, lost_ring);
	else
		EVENT_COUNT(kind, submitted);
}

// event_reserve is for events that are too large for the stack, in programs that may interrupt themselves,
// for which a scratch value would not do. What it returns must be filled and committed.
static __always_inline void *event_reserve(__u32 kind, __u64 bytes)
{
	void *event = bpf_ringbuf_reserve(&events, bytes, 0);

	if (!event)
		EVENT_COUNT(kind, lost_ring);
	return event;
}

static __always_inline void event_commit(__u32 kind, void *event)
{
	__u64 waiting = bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA);

	bpf_ringbuf_submit(event, waiting >= ring_wakeup_bytes ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP);
	EVENT_COUNT(kind, submitted);
}

#endif
