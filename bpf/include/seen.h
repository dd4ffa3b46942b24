// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Top layer: things that are reported once in a time window for each process, and counted when they
// happen again.
#ifndef MEERKAT_SEEN_H
#define MEERKAT_SEEN_H

#include "event.h"

// Length of the time in which a thing is reported once; 0 switches deduplication off.
const volatile __u64 window_ns = 60000000000ULL;

// What a repeat needs besides its key. User space makes an event of it when the window is over.
struct seen_count {
	__u64 repeats;
	__u64 last_time_ns;
	__u64 exec_id;
	__u64 cgroup_id;
	__u32 uid;
	__u32 gid;
};

enum seen_result {
	SEEN_FIRST = 0,
	SEEN_REPEAT = 1,
	// There was no room to remember it: it will be reported each time.
	SEEN_FULL = 2,
};

// seen_first is the count of what has not happened again yet.
static __always_inline struct seen_count seen_first(struct event_header *header)
{
	return (struct seen_count){
		.exec_id = header->exec_id, .cgroup_id = header->cgroup_id, .uid = header->uid, .gid = header->gid,
	};
}

// SEEN(type, entries) defines the map `seen`. A key has a `struct process_key process`, and a `window`, which
// seen_window() numbers. Nothing counts into entries of past windows, nor into those of processes that are
// gone, so user space takes them out without a race.
#define SEEN(key_type, entries) SEEN_AS(key_type, seen_count, entries, true)

// SEEN_AS(key_type, value_type, entries, may_enter) is for values that have more in them behind the `struct
// seen_count`, and lets a key enter the map only if an expression is true, which sees `key`.
#define SEEN_AS(key_type, value_type, entries, may_enter)                                                   \
	struct {                                                                                            \
		__uint(type, BPF_MAP_TYPE_HASH);                                                            \
		__uint(max_entries, entries);                                                               \
		__type(key, struct key_type);                                                               \
		__type(value, struct value_type);                                                           \
	} seen SEC(".maps");                                                                                \
                                                                                                            \
	/* seen_before counts a repeat. If it is none, the next one will be. */                             \
	static __always_inline enum seen_result seen_before(struct key_type *key, struct event_header *header) \
	{                                                                                                   \
		struct seen_count *known = bpf_map_lookup_elem(&seen, key);                                 \
                                                                                                            \
		if (!known) {                                                                               \
			struct value_type first = {};                                                       \
                                                                                                            \
			if (!(may_enter))                                                                   \
				return SEEN_FULL;                                                           \
			*(struct seen_count *)&first = seen_first(header);                                  \
			if (!bpf_map_update_elem(&seen, key, &first, BPF_NOEXIST))                          \
				return SEEN_FIRST;                                                          \
			/* Another thread was faster, or the map is full. */                                \
			known = bpf_map_lookup_elem(&seen, key);                                            \
			if (!known)                                                                         \
				return SEEN_FULL;                                                           \
		}                                                                                           \
		known->last_time_ns = header->time_ns;                                                      \
		__sync_fetch_and_add(&known->repeats, 1);                                                   \
		return SEEN_REPEAT;                                                                         \
	}

// seen_window numbers windows from 1; 0 if there are none.
static __always_inline __u64 seen_window(struct event_header *header)
{
	return window_ns ? header->time_ns / window_ns + 1 : 0;
}

#endif
