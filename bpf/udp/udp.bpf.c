//go:build ignore
// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Tracer "udp": who exchanges datagrams with whom, and how many.
//
// A flow is a socket and a far end. Its first packet is an event, all others are counted in the entry of
// the flow, which user space takes when the flow is over. Packets are counted where the socket sends them
// and where they reach it, so over loopback each is counted at both ends.
#include "../include/event.h"
#include "../include/owner.h"
#include "../include/packet.h"
#include "../include/workload.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

enum udp_kind {
	UDP_START = 0,
	UDP_FLOW = 1, // made in user space, of an entry of the map of flows
};

// Which end of the flow the process is: a client sends first.
enum udp_side {
	SIDE_UNKNOWN = 0, // the socket was open before we looked
	SIDE_CLIENT = 1,
	SIDE_SERVER = 2,
};

enum udp_flags {
	// The header names no process.
	UDP_OWNER_UNKNOWN = 1,
};

// Flows that are counted at one moment. When it is full, packets of further ones are counted for their
// workload alone, and each as lost.
#define FLOWS_MAX 8192

// A flow that has had no packet for this long is over. User space sets it.
const volatile __u64 idle_ns = 30000000000;

struct udp_start_event {
	struct event_header header;
	struct endpoints ends;
	__u16 side;
	__u16 flags;
	__u32 reserved;
};

struct udp_flow_key {
	__u64 socket; // cookie
	__u8 remote_address[ADDRESS_BYTES];
	__u16 remote_port;
	__u16 family;
	// A flow that was idle for too long is left alone from then on, so that user space can take it
	// without losing a packet. If there is another packet before that, its flow is a new one.
	__u32 generation;
};

struct udp_flow {
	struct event_header header; // the time is that of the first packet
	__u8 local_address[ADDRESS_BYTES];
	__u16 local_port;
	__u16 side;
	__u16 flags;
	__u16 reserved;
	__u64 last_ns;
	__u64 packets_sent;
	__u64 bytes_sent;
	__u64 packets_received;
	__u64 bytes_received;
};

EXPORT_TYPE(struct, event_header);
EXPORT_TYPE(struct, udp_start_event);
EXPORT_TYPE(enum, udp_kind);
EXPORT_TYPE(enum, udp_side);
EXPORT_TYPE(enum, udp_flags);

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, FLOWS_MAX); // user space sets it
	__type(key, struct udp_flow_key);
	__type(value, struct udp_flow);
} flows SEC(".maps");

struct udp_workload {
	__u64 flows;
	__u64 packets_sent;
	__u64 packets_received;
	__u64 bytes_sent;
	__u64 bytes_received;
};

WORKLOADS(udp_workload)

#define GENERATIONS 2

static __always_inline bool flow_is_over(struct udp_flow *flow, __u64 now)
{
	// Another processor may have been a little later.
	return (__s64)(now - flow->last_ns) >= (__s64)idle_ns;
}

// find_flow returns the flow that goes on, or NULL and with the key where a new one belongs.
static __always_inline struct udp_flow *find_flow(struct udp_flow_key *key, __u64 now)
{
	key->generation = 0;
	struct udp_flow *first = bpf_map_lookup_elem(&flows, key);
	if (first && !flow_is_over(first, now))
		return first;
	key->generation = 1;
	struct udp_flow *second = bpf_map_lookup_elem(&flows, key);
	if (second && !flow_is_over(second, now))
		return second;
	if (!first)
		key->generation = 0;
	else if (second)
		key->generation = GENERATIONS; // user space is late: there is no room
	return NULL;
}

struct datagram {
	__u64 now;
	__u64 bytes;
	__u64 packets;
	bool outgoing;
};

static __always_inline void count_flow(struct udp_flow *flow, struct datagram *d)
{
	flow->last_ns = d->now;
	if (d->outgoing) {
		__sync_fetch_and_add(&flow->packets_sent, d->packets);
		__sync_fetch_and_add(&flow->bytes_sent, d->bytes);
	} else {
		__sync_fetch_and_add(&flow->packets_received, d->packets);
		__sync_fetch_and_add(&flow->bytes_received, d->bytes);
	}
}

static __always_inline void count_workload(__u64 cgroup, struct datagram *d, __u64 flows_begun)
{
	struct udp_workload *workload = workload_of(cgroup);

	if (!workload)
		return;
	if (flows_begun)
		__sync_fetch_and_add(&workload->flows, flows_begun);
	if (d->outgoing) {
		__sync_fetch_and_add(&workload->packets_sent, d->packets);
		__sync_fetch_and_add(&workload->bytes_sent, d->bytes);
	} else {
		__sync_fetch_and_add(&workload->packets_received, d->packets);
		__sync_fetch_and_add(&workload->bytes_received, d->bytes);
	}
}

static __always_inline __u16 side_of(struct socket_owner *owner, struct datagram *d)
{
	// What an older socket did before we looked is of no matter when it could only have been part of
	// a flow that is over.
	if (!owner || (owner->seen_late && d->now - owner->header.time_ns < idle_ns))
		return SIDE_UNKNOWN;
	return d->outgoing ? SIDE_CLIENT : SIDE_SERVER;
}

static __always_inline void submit_start(struct udp_flow *flow, struct endpoints *ends)
{
	struct udp_start_event event = { .side = flow->side, .flags = flow->flags };

	event.header = flow->header;
	event.ends = *ends;
	event_submit(UDP_START, &event, sizeof(event));
}

static __always_inline void begin_flow(struct __sk_buff *skb, struct udp_flow_key *key, struct endpoints *ends,
				       struct datagram *d)
{
	struct socket_owner *owner = owner_of_packet(key->socket, skb);
	struct udp_flow flow = { .side = side_of(owner, d), .last_ns = d->now };
	struct filter_far_end far_end = {};

	if (owner)
		flow.header = owner->header;
	else
		flow.flags = UDP_OWNER_UNKNOWN;
	flow.header.time_ns = d->now;
	flow.header.kind = UDP_START;
	packet_far_end(&far_end, ends);
	if (!event_wanted_with(&flow.header, &far_end)) {
		count_workload(flow.header.cgroup_id, d, 0);
		return;
	}
	__builtin_memcpy(flow.local_address, ends->local_address, ADDRESS_BYTES);
	flow.local_port = ends->local_port;
	count_flow(&flow, d);
	long error = key->generation < GENERATIONS ? bpf_map_update_elem(&flows, key, &flow, BPF_NOEXIST) : -1;
	if (!error) {
		count_workload(flow.header.cgroup_id, d, 1);
		submit_start(&flow, ends);
		return;
	}
	count_workload(flow.header.cgroup_id, d, 0);
	// Another processor may have begun the same flow meanwhile.
	struct udp_flow *other = bpf_map_lookup_elem(&flows, key);
	if (other) {
		count_flow(other, d);
		event_aggregate(UDP_START);
	} else {
		event_lose_map(UDP_START);
	}
}

static __always_inline bool fill_key(struct udp_flow_key *key, struct packet *packet, struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;

	if (!sk)
		return false;
	sk = bpf_sk_fullsock(sk);
	if (!sk || sk->protocol != IPPROTO_UDP || sk->type != SOCK_DGRAM || !packet_ends(packet, skb, sk, IPPROTO_UDP))
		return false;
	key->socket = bpf_get_socket_cookie(skb);
	__builtin_memcpy(key->remote_address, packet->ends.remote_address, ADDRESS_BYTES);
	key->remote_port = packet->ends.remote_port;
	key->family = packet->ends.family;
	return true;
}

static __always_inline int datagram(struct __sk_buff *skb, bool outgoing)
{
	struct packet packet = { .outgoing = outgoing };
	struct udp_flow_key key = {};
	struct datagram d = { .outgoing = outgoing, .packets = 1 };

	if (!fill_key(&key, &packet, skb))
		return CGROUP_ALLOW;
	d.now = bpf_ktime_get_boot_ns();
	__u32 headers = packet.transport_at + UDP_HEADER_BYTES;
	d.bytes = skb->len > headers ? skb->len - headers : 0;
	// What the network card will divide, or has put together, has one header here.
	if (skb->gso_segs > 1)
		d.packets = skb->gso_segs;
	event_offer(UDP_START);
	struct udp_flow *flow = find_flow(&key, d.now);
	if (flow) {
		count_flow(flow, &d);
		count_workload(flow->header.cgroup_id, &d, 0);
		event_aggregate(UDP_START);
	} else {
		begin_flow(skb, &key, &packet.ends, &d);
	}
	return CGROUP_ALLOW;
}

SEC("cgroup_skb/egress")
int udp_egress(struct __sk_buff *skb)
{
	return datagram(skb, true);
}

SEC("cgroup_skb/ingress")
int udp_ingress(struct __sk_buff *skb)
{
	return datagram(skb, false);
}

SEC("cgroup/sock_create")
int udp_sock_create(struct bpf_sock *sk)
{
	if (sk->protocol == IPPROTO_UDP && sk->type == SOCK_DGRAM)
		owner_created(bpf_get_socket_cookie(sk));
	return CGROUP_ALLOW;
}

SEC("cgroup/sock_release")
int udp_sock_release(struct bpf_sock *sk)
{
	if (sk->protocol == IPPROTO_UDP && sk->type == SOCK_DGRAM)
		owner_released(sk);
	return CGROUP_ALLOW;
}

static __always_inline int socket_used(struct bpf_sock_addr *ctx)
{
	if (ctx->protocol == IPPROTO_UDP && ctx->type == SOCK_DGRAM)
		owner_uses(bpf_get_socket_cookie(ctx));
	return CGROUP_ALLOW;
}

SEC("cgroup/connect4")
int udp_connect4(struct bpf_sock_addr *ctx)
{
	return socket_used(ctx);
}

SEC("cgroup/connect6")
int udp_connect6(struct bpf_sock_addr *ctx)
{
	return socket_used(ctx);
}

SEC("cgroup/sendmsg4")
int udp_sendmsg4(struct bpf_sock_addr *ctx)
{
	return socket_used(ctx);
}

SEC("cgroup/sendmsg6")
int udp_sendmsg6(struct bpf_sock_addr *ctx)
{
	return socket_used(ctx);
}

SEC("cgroup/recvmsg4")
int udp_recvmsg4(struct bpf_sock_addr *ctx)
{
	return socket_used(ctx);
}

SEC("cgroup/recvmsg6")
int udp_recvmsg6(struct bpf_sock_addr *ctx)
{
	return socket_used(ctx);
}

// Owners of the sockets that were open before us. It writes nothing but the map.
SEC("iter/task_file")
int udp_snapshot(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;

	if (!task || !file)
		return 0;
	struct sock *sk = socket_of_file(file);
	if (sk && socket_is_udp(sk))
		owner_before(task, sk);
	return 0;
}
