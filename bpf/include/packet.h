// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Middle layer: the ends and the payload of a packet that a socket sends or gets.
#ifndef MEERKAT_PACKET_H
#define MEERKAT_PACKET_H

#include "kernel.h"
#include "socket.h"
#include "filter.h"

// What a program on a cgroup answers: the packet or the call goes on.
#define CGROUP_ALLOW 1

// include/uapi/linux/if_ether.h
#define ETH_P_IP 0x0800
#define ETH_P_IPV6 0x86DD

#define UDP_HEADER_BYTES 8
// Where the header of TCP has its own length, in words, in the upper half of a byte.
#define TCP_LENGTH_AT 12

// The parts of headers that are read, as they are on the wire.
struct ipv4_header {
	__u8 version_and_words;
	__u8 before_addresses[11];
	__u8 source[4];
	__u8 destination[4];
};

struct ipv6_header {
	__u8 before_next[6];
	__u8 next;
	__u8 hop_limit;
	__u8 source[ADDRESS_BYTES];
	__u8 destination[ADDRESS_BYTES];
};

struct ports {
	__be16 source;
	__be16 destination;
};

struct packet {
	struct endpoints ends;
	// Where the header of the transport starts, in bytes from that of the network.
	__u32 transport_at;
	bool outgoing;
};

// packet_network takes the addresses, and finds where the header of the transport starts.
static __always_inline bool packet_network(struct packet *packet, struct __sk_buff *skb, __u8 protocol)
{
	__u8 *near = packet->outgoing ? packet->ends.local_address : packet->ends.remote_address;
	__u8 *far = packet->outgoing ? packet->ends.remote_address : packet->ends.local_address;

	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		struct ipv4_header ip;
		if (bpf_skb_load_bytes(skb, 0, &ip, sizeof(ip)))
			return false;
		packet->ends.family = AF_INET;
		packet->transport_at = (ip.version_and_words & 0xf) * 4;
		__builtin_memcpy(near, ip.source, sizeof(ip.source));
		__builtin_memcpy(far, ip.destination, sizeof(ip.destination));
		return true;
	}
	if (skb->protocol == bpf_htons(ETH_P_IPV6)) {
		struct ipv6_header ip;
		if (bpf_skb_load_bytes(skb, 0, &ip, sizeof(ip)))
			return false;
		packet->ends.family = AF_INET6;
		packet->transport_at = sizeof(ip);
		if (ip.next != protocol) {
			// There are extension headers, which the kernel has walked already.
			struct sk_buff *buffer = (struct sk_buff *)skb;
			packet->transport_at = (__u16)(BPF_CORE_READ(buffer, transport_header) - BPF_CORE_READ(buffer, network_header));
		}
		__builtin_memcpy(near, ip.source, ADDRESS_BYTES);
		__builtin_memcpy(far, ip.destination, ADDRESS_BYTES);
		return true;
	}
	return false;
}

// packet_ends_of_socket takes the ends as the process knows them. Translation of addresses on this host
// shows in a packet that is on its way out, but not in the answer when it reaches the socket.
static __always_inline void packet_ends_of_socket(struct packet *packet, struct bpf_sock *sk)
{
	packet->ends.local_port = sk->src_port;
	packet->ends.remote_port = bpf_ntohs(sk->dst_port);
	if (packet->ends.family == AF_INET) {
		*(__u32 *)packet->ends.local_address = sk->src_ip4;
		*(__u32 *)packet->ends.remote_address = sk->dst_ip4;
		return;
	}
	__u32 *local = (__u32 *)packet->ends.local_address, *remote = (__u32 *)packet->ends.remote_address;
	local[0] = sk->src_ip6[0];
	local[1] = sk->src_ip6[1];
	local[2] = sk->src_ip6[2];
	local[3] = sk->src_ip6[3];
	remote[0] = sk->dst_ip6[0];
	remote[1] = sk->dst_ip6[1];
	remote[2] = sk->dst_ip6[2];
	remote[3] = sk->dst_ip6[3];
}

static __always_inline void packet_far_end(struct filter_far_end *far_end, struct endpoints *ends)
{
	filter_far_end_of(far_end, ends->family == AF_INET, ends->remote_address, ends->local_port, ends->remote_port);
}

// packet_ends fills in everything. It is false for what is no packet of the protocol.
static __always_inline bool packet_ends(struct packet *packet, struct __sk_buff *skb, struct bpf_sock *sk, __u8 protocol)
{
	struct ports ports;

	if (!packet_network(packet, skb, protocol))
		return false;
	if (sk->dst_port) {
		packet_ends_of_socket(packet, sk);
		return true;
	}
	if (bpf_skb_load_bytes(skb, packet->transport_at, &ports, sizeof(ports)))
		return false;
	packet->ends.local_port = bpf_ntohs(packet->outgoing ? ports.source : ports.destination);
	packet->ends.remote_port = bpf_ntohs(packet->outgoing ? ports.destination : ports.source);
	return true;
}

#endif
