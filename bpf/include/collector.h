// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Middle layer: whether it is the collector itself that does something.
#ifndef MEERKAT_COLLECTOR_H
#define MEERKAT_COLLECTOR_H

#include "kernel.h"

// The collector, by its pid in its own pid namespace: what it does to files would make events of its
// events. The namespace is named by device and inode of its file in nsfs.
const volatile __u32 own_pid = 0;
const volatile __u64 own_namespace_device = 0;
const volatile __u64 own_namespace_inode = 0;

static __always_inline bool current_is_collector(void)
{
	struct bpf_pidns_info inside = {};

	if (bpf_get_ns_current_pid_tgid(own_namespace_device, own_namespace_inode, &inside, sizeof(inside)))
		return false;
	return inside.tgid == own_pid;
}

#endif
