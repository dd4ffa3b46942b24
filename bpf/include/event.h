// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Top layer: what every event starts with, how it leaves the kernel, and how it is accounted for.
//
// Each tracer is one object with one ring buffer of its own, so that a flood of one tracer's events
// cannot push out another's. For each kind of event
//     offered = submitted + filtered + aggregated + held_back + lost_ring + lost_map
// holds at any moment at which no program runs. A tracer calls event_offer() once for each event
// that it sees, and then exactly one of event_submit(), event_filter(), event_aggregate() and
// event_lose_map(), or event_wanted(), which filters if it says no.
#ifndef MEERKAT_EVENT_H
#define MEERKAT_EVENT_H

#include "kernel.h"
#include "header.h"
#include "filter.h"
#include "rate.h"

// EXPORT_TYPE keeps a type that no map mentions in the type information of the object, from which
// the Go types are made.
#define EXPORT_TYPE(keyword, name) const keyword name *const name##_is_exported __attribute__((unused)) = 0

// Kinds of event a tracer may have.
#define EVENT_KINDS_MAX 32

enum event_flags {
	// More of its kind happened in its workload than the rate that is set. Set only by tracers whose events
	// user space needs all the same; those of others stay in the kernel.
	EVENT_HELD_BACK = 1,
	// Of a snapshot: the process is the one that takes it.
	EVENT_OF_COLLECTOR = 2,
};

struct event_counters {
	__u64 offered;
	__u64 submitted;
	__u64 filtered;
	__u64 aggregated;
	__u64 held_back; // more than the rate that is set
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

// event_wanted tells whether the configuration asks for an event, and accounts for it if not. A tracer
// calls it as soon as the header is filled, before anything that takes long.
static __always_inline bool event_wanted(struct event_header *header)
{
	if (filter_wants(header))
		return true;
	event_filter(header->kind);
	return false;
}

// event_wanted_with does the same for an event that has a far end.
static __always_inline bool event_wanted_with(struct event_header *header, struct filter_far_end *far_end)
{
	if (filter_wants(header) && filter_wants_far_end(far_end))
		return true;
	event_filter(header->kind);
	return false;
}

// event_submit sends an event, which starts with its header, unless its workload has had enough of them.
static __always_inline void event_submit(__u32 kind, void *event, __u64 bytes)
{
	struct event_header *header = event;

	if (!rate_admits(kind, header->cgroup_id)) {
#ifdef EVENTS_TELL_WHO
		header->flags |= EVENT_HELD_BACK;
#else
		EVENT_COUNT(kind, held_back);
		return;
#endif
	}
	__u64 waiting = bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA);
	__u64 wake = waiting >= ring_wakeup_bytes ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;

	if (bpf_ringbuf_output(&events, event, bytes, wake))
		EVENT_COUNT(kind, lost_ring);
	else
		EVENT_COUNT(kind, submitted);
}

// event_admitted tells whether the workload may have another event now, and accounts for it if not. It is for
// programs that reserve.
static __always_inline bool event_admitted(__u32 kind, __u64 cgroup_id)
{
	if (rate_admits(kind, cgroup_id))
		return true;
	EVENT_COUNT(kind, held_back);
	return false;
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

// event_submit_at_once sends an event that the reader has to act on before more happens, and wakes it. It is for rare
// events: no workload has enough of them.
static __always_inline void event_submit_at_once(__u32 kind, void *event, __u64 bytes)
{
	if (bpf_ringbuf_output(&events, event, bytes, BPF_RB_FORCE_WAKEUP))
		EVENT_COUNT(kind, lost_ring);
	else
		EVENT_COUNT(kind, submitted);
}

#endif
