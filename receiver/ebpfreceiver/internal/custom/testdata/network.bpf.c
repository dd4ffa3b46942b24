//go:build ignore
// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Programs that see packets and sockets. All let everything pass.
#include "kernel.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

enum place {
	AT_XDP,
	AT_INGRESS,
	AT_EGRESS,
	AT_CGROUP,
	AT_CONNECT,
	AT_CREATE,
	PLACES,
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PLACES);
	__type(key, __u32);
	__type(value, __u64);
} packets SEC(".maps");

static void count(__u32 place)
{
	__u64 *value = bpf_map_lookup_elem(&packets, &place);

	if (value)
		(*value)++;
}

SEC("xdp")
int at_xdp(void *ctx)
{
	count(AT_XDP);
	return 2; // XDP_PASS
}

SEC("tcx/ingress")
int at_ingress(void *ctx)
{
	count(AT_INGRESS);
	return -1; // TCX_NEXT
}

SEC("tc/egress")
int at_egress(void *ctx)
{
	count(AT_EGRESS);
	return -1;
}

SEC("cgroup_skb/egress")
int at_cgroup(void *ctx)
{
	count(AT_CGROUP);
	return 1;
}

SEC("cgroup/connect4")
int at_connect(void *ctx)
{
	count(AT_CONNECT);
	return 1;
}

SEC("cgroup/sock_create")
int at_create(void *ctx)
{
	count(AT_CREATE);
	return 1;
}
