// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Middle layer: what the configuration asks for. All tracers share these maps; user space fills them, and
// may change them while the programs run.
//
// The kernel drops what it can tell cheaply. User space applies the same rules to everything that it
// reads, so what the kernel can't tell yet (a container that starts, a process that executes) is not
// reported by mistake.
#ifndef MEERKAT_FILTER_H
#define MEERKAT_FILTER_H

#include "kernel.h"
#include "header.h"
#include "path.h"
#include <bpf/bpf_endian.h>

#define FILTER_CGROUPS_MAX 4096
#define FILTER_USERS_MAX 256
#define FILTER_PROCESSES_MAX 8192
#define FILTER_NETWORKS_MAX 256
#define FILTER_PORTS_MAX 256
// A path that is named, and all below it, are two rules.
#define FILTER_PATHS_MAX 512
// With the number of bits in front as much as a trie takes. Of longer paths the beginning is looked at.
#define FILTER_PATH_BYTES_MAX 252

enum filter_verdict {
	FILTER_INCLUDE = 1,
	FILTER_EXCLUDE = 2,
};

// Which maps have rules. A dimension with rules that include excludes what none of them names; of cgroups
// and processes only user space knows whether one does.
enum filter_checks {
	FILTER_BY_CGROUP = 1,
	FILTER_BY_USER = 2,
	FILTER_BY_USER_INCLUDED = 4,
	FILTER_BY_PROCESS = 8,
	FILTER_BY_NETWORK = 16,
	FILTER_BY_NETWORK_INCLUDED = 32,
	FILTER_BY_PORT = 64,
	FILTER_BY_PORT_INCLUDED = 128,
	FILTER_BY_PATH = 256,
	FILTER_BY_PATH_INCLUDED = 512,
};

struct filter_settings {
	struct process_key own_process; // the collector, whose own activity would make events of its events
	__u32 checks;
	__u32 rate_events_max; // per second, of one kind in one workload; 0: no limit
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct filter_settings);
} filter_current SEC(".maps");

// Verdicts by cgroup id. One that is not there is let through to user space.
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, FILTER_CGROUPS_MAX);
	__type(key, __u64);
	__type(value, __u8);
} filter_cgroups SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, FILTER_USERS_MAX);
	__type(key, __u32);
	__type(value, __u8);
} filter_users SEC(".maps");

// A verdict comes from the executable, so it is of one program image.
struct filter_process {
	__u64 exec_id;
	__u32 verdict;
	__u32 reserved;
};

// The least recently used ones are forgotten when it is full, and let through to user space.
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, FILTER_PROCESSES_MAX);
	__type(key, struct process_key);
	__type(value, struct filter_process);
} filter_processes SEC(".maps");

struct filter_network {
	__u32 prefix_bits;
	__u8 address[16]; // IPv4 as a mapped address
};

// The longest prefix decides.
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, FILTER_NETWORKS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct filter_network);
	__type(value, __u8);
} filter_networks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, FILTER_PORTS_MAX);
	__type(key, __u16);
	__type(value, __u8);
} filter_ports SEC(".maps");

struct filter_path {
	__u32 prefix_bits;
	char path[FILTER_PATH_BYTES_MAX]; // as the process names it; one that is meant as a whole ends with a zero
};

// The longest prefix decides.
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, FILTER_PATHS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct filter_path);
	__type(value, __u8);
} filter_paths SEC(".maps");

static __always_inline struct filter_settings *filter_settings_now(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&filter_current, &zero);
}

// filter_inherit makes a new process what its parent is, whose image it shares.
static __always_inline void filter_inherit(struct process_key *parent, struct process_key *child)
{
	struct filter_settings *settings = filter_settings_now();

	if (!settings || !(settings->checks & FILTER_BY_PROCESS))
		return;
	struct filter_process *verdict = bpf_map_lookup_elem(&filter_processes, parent);
	if (!verdict)
		return;
	struct filter_process inherited = *verdict;
	bpf_map_update_elem(&filter_processes, child, &inherited, BPF_ANY);
}

// filter_forget comes with the end of a process.
static __always_inline void filter_forget(struct process_key *process)
{
	struct filter_settings *settings = filter_settings_now();

	if (settings && settings->checks & FILTER_BY_PROCESS)
		bpf_map_delete_elem(&filter_processes, process);
}

static __always_inline bool filter_wants(struct event_header *header)
{
	struct filter_settings *settings = filter_settings_now();
	__u8 *verdict;

	if (!settings)
		return true;
	if (header->process.pid == settings->own_process.pid &&
	    header->process.start_time_ns == settings->own_process.start_time_ns)
		return false;
	__u32 checks = settings->checks;
	if (!checks)
		return true;
	if (checks & FILTER_BY_CGROUP) {
		verdict = bpf_map_lookup_elem(&filter_cgroups, &header->cgroup_id);
		if (verdict && *verdict == FILTER_EXCLUDE)
			return false;
	}
	if (checks & FILTER_BY_PROCESS) {
		struct process_key process = header->process;
		struct filter_process *image = bpf_map_lookup_elem(&filter_processes, &process);
		if (image && image->exec_id == header->exec_id && image->verdict == FILTER_EXCLUDE)
			return false;
	}
	if (checks & FILTER_BY_USER) {
		verdict = bpf_map_lookup_elem(&filter_users, &header->uid);
		if (verdict ? *verdict == FILTER_EXCLUDE : (checks & FILTER_BY_USER_INCLUDED) != 0)
			return false;
	}
	return true;
}

// Where something goes to or comes from. Ports are in host order.
struct filter_far_end {
	struct filter_network address; // with all its bits
	__u16 near_port;
	__u16 port;
};

#define FILTER_ADDRESS_BITS 128

// filter_far_end_of takes an address as struct endpoints has it: IPv4 in the first four bytes.
static __always_inline void filter_far_end_of(struct filter_far_end *far_end, bool is_ipv4, const __u8 *address,
					      __u16 near_port, __u16 port)
{
	far_end->address.prefix_bits = FILTER_ADDRESS_BITS;
	if (is_ipv4) {
		__builtin_memset(far_end->address.address, 0, 10);
		far_end->address.address[10] = 0xff;
		far_end->address.address[11] = 0xff;
		__builtin_memcpy(far_end->address.address + 12, address, 4);
	} else {
		__builtin_memcpy(far_end->address.address, address, 16);
	}
	far_end->near_port = near_port;
	far_end->port = port;
}

static __always_inline bool filter_wants_far_end(struct filter_far_end *far_end)
{
	struct filter_settings *settings = filter_settings_now();
	__u8 *verdict;

	if (!settings || !settings->checks)
		return true;
	__u32 checks = settings->checks;
	if (checks & FILTER_BY_NETWORK) {
		verdict = bpf_map_lookup_elem(&filter_networks, &far_end->address);
		if (verdict ? *verdict == FILTER_EXCLUDE : (checks & FILTER_BY_NETWORK_INCLUDED) != 0)
			return false;
	}
	if (checks & FILTER_BY_PORT) {
		__u8 *near = bpf_map_lookup_elem(&filter_ports, &far_end->near_port);
		verdict = bpf_map_lookup_elem(&filter_ports, &far_end->port);
		if ((near && *near == FILTER_EXCLUDE) || (verdict && *verdict == FILTER_EXCLUDE))
			return false;
		if (!near && !verdict && (checks & FILTER_BY_PORT_INCLUDED))
			return false;
	}
	return true;
}

// filter_wants_path looks at the path of an object. scratch is memory to do so. A path that is not known as a
// whole is let through to user space.
static __always_inline bool filter_wants_path(struct filter_path *scratch, struct path_buffer *path)
{
	struct filter_settings *settings = filter_settings_now();

	if (!settings || !(settings->checks & FILTER_BY_PATH))
		return true;
	if (!path || path->flags & (PATH_CUT | PATH_UNREACHABLE))
		return true;
	__u32 start = path->start & (PATH_BYTES_MAX - 1);
	__u32 length = (PATH_BYTES_MAX - 1 - start) & (PATH_BYTES_MAX - 1);
	if (length > FILTER_PATH_BYTES_MAX)
		length = FILTER_PATH_BYTES_MAX;
	__builtin_memset(scratch, 0, sizeof(*scratch));
	scratch->prefix_bits = 8 * FILTER_PATH_BYTES_MAX;
	bpf_probe_read_kernel(scratch->path, length, &path->data[start]);
	__u8 *verdict = bpf_map_lookup_elem(&filter_paths, scratch);
	return verdict ? *verdict != FILTER_EXCLUDE : !(settings->checks & FILTER_BY_PATH_INCLUDED);
}

#endif
