//go:build ignore
// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Tracer "dns": messages between processes and name servers, as the process that asks sends and gets them.
//
// All of it comes from the network, so nothing is parsed here: the beginning of each message goes to user
// space, with whose it is.
#include "../include/event.h"
#include "../include/owner.h"
#include "../include/packet.h"
#include "../include/workload.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

enum dns_kind {
	DNS_QUERY = 0,
	DNS_ANSWER = 1,
	DNS_LOOKUP = 2, // made in user space, of a query and its answer
};

enum dns_flags {
	// The header names no process.
	DNS_OWNER_UNKNOWN = 1,
};

// Ports at which name servers are looked for; the list ends with 0. User space sets it.
#define PORTS_MAX 8
const volatile __u16 server_ports[PORTS_MAX] = { 53 };

// How much of a message is copied. Room is taken in one of three sizes, powers of two, since the ring wants
// a constant.
// Longer messages are cut.
#define PAYLOAD_SMALL_BYTES 128
#define PAYLOAD_MIDDLE_BYTES 512
#define PAYLOAD_BYTES_MAX 2048

struct dns_message_event {
	struct event_header header;
	struct endpoints ends;
	__u64 socket; // cookie
	// What was sent: over TCP a segment, with the length in front of each message.
	__u32 message_bytes;
	__u16 payload_bytes; // how much of it follows
	__u16 room_bytes;    // with the zeros behind that
	__u8 protocol;
	__u8 flags;
	__u16 reserved[3];
};

EXPORT_TYPE(struct, event_header);
EXPORT_TYPE(struct, dns_message_event);
EXPORT_TYPE(enum, dns_kind);
EXPORT_TYPE(enum, dns_flags);

struct dns_workload {
	__u64 queries;
	__u64 answers;
};

WORKLOADS(dns_workload)

struct zeros {
	__u8 bytes[PAYLOAD_BYTES_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct zeros);
} nothing SEC(".maps");

static __always_inline bool is_server_port(__u16 port)
{
	for (int i = 0; i < PORTS_MAX; i++) {
		if (!server_ports[i])
			return false;
		if (server_ports[i] == port)
			return true;
	}
	return false;
}

static __always_inline bool is_of_protocol(__u32 protocol, __u32 type)
{
	return (protocol == IPPROTO_UDP && type == SOCK_DGRAM) || (protocol == IPPROTO_TCP && type == SOCK_STREAM);
}

// SUBMIT_MESSAGE copies a message into room for `room` bytes of it.
#define SUBMIT_MESSAGE(skb, event, at, room)                                                     \
	do {                                                                                     \
		__u32 kind = (event)->header.kind, zero = 0, length = (event)->payload_bytes;    \
		struct zeros *zeros = bpf_map_lookup_elem(&nothing, &zero);                      \
		struct {                                                                         \
			struct dns_message_event event;                                          \
			__u8 payload[room];                                                      \
		} *message = event_reserve(kind, sizeof(*message));                              \
		if (!message)                                                                    \
			break;                                                                   \
		message->event = *(event);                                                       \
		message->event.room_bytes = (room);                                              \
		/* From 1 to the room, in the way that 5.10 understands. */                       \
		length = ((length - 1) & ((room) - 1)) + 1;                                      \
		bpf_probe_read_kernel(message->payload, (room), zeros);                          \
		if (bpf_skb_load_bytes((skb), (at), message->payload, length))                   \
			message->event.payload_bytes = 0;                                        \
		event_commit(kind, message);                                                     \
	} while (0)

static __always_inline void submit_message(struct __sk_buff *skb, struct dns_message_event *event, __u32 at)
{
	if (event->message_bytes > PAYLOAD_BYTES_MAX) {
		event->payload_bytes = PAYLOAD_BYTES_MAX;
		event_cut(event->header.kind);
	} else {
		event->payload_bytes = event->message_bytes;
	}
	if (event->payload_bytes <= PAYLOAD_SMALL_BYTES)
		SUBMIT_MESSAGE(skb, event, at, PAYLOAD_SMALL_BYTES);
	else if (event->payload_bytes <= PAYLOAD_MIDDLE_BYTES)
		SUBMIT_MESSAGE(skb, event, at, PAYLOAD_MIDDLE_BYTES);
	else
		SUBMIT_MESSAGE(skb, event, at, PAYLOAD_BYTES_MAX);
}

static __always_inline void message(struct __sk_buff *skb, struct packet *packet, __u8 protocol, __u32 at)
{
	struct dns_message_event event = { .ends = packet->ends, .protocol = protocol };
	__u32 kind = packet->outgoing ? DNS_QUERY : DNS_ANSWER;
	struct filter_far_end far_end = {};

	event.message_bytes = skb->len - at;
	event.socket = bpf_get_socket_cookie(skb);
	struct socket_owner *owner = owner_of_packet(event.socket, skb);
	if (owner)
		event.header = owner->header;
	else
		event.flags = DNS_OWNER_UNKNOWN;
	event.header.time_ns = bpf_ktime_get_boot_ns();
	event.header.kind = kind;
	if (packet->outgoing)
		WORKLOAD_ADD(event.header.cgroup_id, queries, 1);
	else
		WORKLOAD_ADD(event.header.cgroup_id, answers, 1);
	event_offer(kind);
	packet_far_end(&far_end, &event.ends);
	if (!event_wanted_with(&event.header, &far_end))
		return;
	// Not answers: a question that was let through would seem to have none.
	if (packet->outgoing && !event_admitted(kind, event.header.cgroup_id))
		return;
	submit_message(skb, &event, at);
}

static __always_inline int packet_of_server(struct __sk_buff *skb, bool outgoing)
{
	struct packet packet = { .outgoing = outgoing };
	struct bpf_sock *sk = skb->sk;
	__u8 words;

	if (!sk)
		return CGROUP_ALLOW;
	sk = bpf_sk_fullsock(sk);
	if (!sk || !is_of_protocol(sk->protocol, sk->type))
		return CGROUP_ALLOW;
	// Most sockets are connected, and to something else.
	if (sk->dst_port && !is_server_port(bpf_ntohs(sk->dst_port)))
		return CGROUP_ALLOW;
	__u8 protocol = sk->protocol;
	if (!packet_ends(&packet, skb, sk, protocol) || !is_server_port(packet.ends.remote_port))
		return CGROUP_ALLOW;
	__u32 at = packet.transport_at + UDP_HEADER_BYTES;
	if (protocol == IPPROTO_TCP) {
		if (bpf_skb_load_bytes(skb, packet.transport_at + TCP_LENGTH_AT, &words, sizeof(words)))
			return CGROUP_ALLOW;
		at = packet.transport_at + (words >> 4) * 4;
	}
	if (skb->len > at)
		message(skb, &packet, protocol, at);
	return CGROUP_ALLOW;
}

SEC("cgroup_skb/egress")
int dns_egress(struct __sk_buff *skb)
{
	return packet_of_server(skb, true);
}

SEC("cgroup_skb/ingress")
int dns_ingress(struct __sk_buff *skb)
{
	return packet_of_server(skb, false);
}

SEC("cgroup/sock_release")
int dns_sock_release(struct bpf_sock *sk)
{
	if (is_of_protocol(sk->protocol, sk->type))
		owner_released(sk);
	return CGROUP_ALLOW;
}

static __always_inline int asks_server(struct bpf_sock_addr *ctx)
{
	if (is_of_protocol(ctx->protocol, ctx->type) && is_server_port(bpf_ntohs(ctx->user_port)))
		owner_uses(bpf_get_socket_cookie(ctx));
	return CGROUP_ALLOW;
}

SEC("cgroup/connect4")
int dns_connect4(struct bpf_sock_addr *ctx)
{
	return asks_server(ctx);
}

SEC("cgroup/connect6")
int dns_connect6(struct bpf_sock_addr *ctx)
{
	return asks_server(ctx);
}

SEC("cgroup/sendmsg4")
int dns_sendmsg4(struct bpf_sock_addr *ctx)
{
	return asks_server(ctx);
}

SEC("cgroup/sendmsg6")
int dns_sendmsg6(struct bpf_sock_addr *ctx)
{
	return asks_server(ctx);
}

// Owners of the sockets that were connected before us. It writes nothing but the map.
SEC("iter/task_file")
int dns_snapshot(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;

	if (!task || !file)
		return 0;
	struct sock *sk = socket_of_file(file);
	if (!sk || !(socket_is_udp(sk) || socket_is_tcp(sk)))
		return 0;
	if (is_server_port(bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport))))
		owner_before(task, sk);
	return 0;
}
