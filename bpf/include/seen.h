// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Top layer: what a process does again and again is reported once in a time window, and counted.
#ifndef MEERKAT_SEEN_H
#define MEERKAT_SEEN_H

#include "event.h"

// What is remembered at one time. User space may set another limit. Beyond it events are reported without
// deduplication.
#define SEEN_MAX 4096

// Length of the time in which a thing is reported once; 0 switches deduplication off.
const volatile __u64 window_ns = 60000000000ULL;

// What makes two events the same.
struct seen_key {
	struct process_key process;
	__u64 window;
	__u64 object;
	__s32 error;
	__u16 operation;
	__u16 kind;
};

// What is told of the repeats.
struct seen_count {
	__u64 repeats;
	__u64 last_time_ns;
	__u64 exec_id;
	__u64 cgroup_id;
	__u32 uid;
	__u32 gid;
};

// Entries are of one time window each. Nothing counts into those of past windows, nor into those of
// processes that are gone, so user space takes them out without a race.
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SEEN_MAX);
	__type(key, struct seen_key);
	__type(value, struct seen_count);
} seen SEC(".maps");

enum seen_outcome {
	SEEN_FIRST,
	SEEN_REPEAT,
	SEEN_NO_ROOM,
};

// seen_before takes a key of which object, error and operation are filled. It counts a repeat; if it is
// none, the next one will be. *window becomes the number of the window, from 1; 0: repeats are not counted.
static __always_inline enum seen_outcome seen_before(struct event_header *header, struct seen_key *key, __u64 *window)
{
	struct seen_count first = {
		.exec_id = header->exec_id, .cgroup_id = header->cgroup_id, .uid = header->uid, .gid = header->gid,
	};

	*window = 0;
	if (!window_ns)
		return SEEN_FIRST;
	*window = header->time_ns / window_ns + 1;
	key->process = header->process;
	key->window = *window;
	key->kind = header->kind;
	struct seen_count *known = bpf_map_lookup_elem(&seen, key);
	if (!known) {
		if (!bpf_map_update_elem(&seen, key, &first, BPF_NOEXIST))
			return SEEN_FIRST;
		// Another thread was faster, or the map is full.
		known = bpf_map_lookup_elem(&seen, key);
		if (!known)
			return SEEN_NO_ROOM;
	}
	known->last_time_ns = header->time_ns;
	__sync_fetch_and_add(&known->repeats, 1);
	return SEEN_REPEAT;
}

#endif
