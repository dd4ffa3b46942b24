// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Middle layer: no more events of a kind from one workload than a rate that user space sets.
#ifndef MEERKAT_RATE_H
#define MEERKAT_RATE_H

#include "kernel.h"
#include "filter.h"

// (workload, kind of event) that are counted one by one; further ones share the entry of workload 0.
#define RATES_MAX 2048
#define NANOSECONDS_PER_SECOND 1000000000ULL

struct rate_key {
	__u64 cgroup_id;
	__u32 kind;
	__u32 reserved;
};

struct rate {
	__u64 second; // of CLOCK_BOOTTIME
	__u64 events; // in that second
	__u64 held_back; // since the beginning
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, RATES_MAX);
	__type(key, struct rate_key);
	__type(value, struct rate);
} rates SEC(".maps");

static __always_inline struct rate *rate_of(__u32 kind, __u64 cgroup_id)
{
	struct rate_key key = { .cgroup_id = cgroup_id, .kind = kind };
	struct rate empty = {};
	struct rate *rate = bpf_map_lookup_elem(&rates, &key);

	if (rate)
		return rate;
	bpf_map_update_elem(&rates, &key, &empty, BPF_NOEXIST);
	rate = bpf_map_lookup_elem(&rates, &key);
	if (rate)
		return rate;
	key.cgroup_id = 0;
	return bpf_map_lookup_elem(&rates, &key);
}

// rate_admits takes the event into account. Programs on several processors may each admit the last one,
// so the rate is not exact; what is held back is.
static __always_inline bool rate_admits(__u32 kind, __u64 cgroup_id)
{
	struct filter_settings *settings = filter_settings_now();

	if (!settings || !settings->rate_events_max)
		return true;
	struct rate *rate = rate_of(kind, cgroup_id);
	if (!rate)
		return true;
	__u64 second = bpf_ktime_get_boot_ns() / NANOSECONDS_PER_SECOND;
	if (rate->second != second) {
		rate->second = second;
		rate->events = 0;
	}
	if (rate->events >= settings->rate_events_max) {
		__sync_fetch_and_add(&rate->held_back, 1);
		return false;
	}
	__sync_fetch_and_add(&rate->events, 1);
	return true;
}

#endif
