// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Middle layer: what a socket is and which addresses it connects.
#ifndef MEERKAT_SOCKET_H
#define MEERKAT_SOCKET_H

#include "kernel.h"
#include "file.h"
#include <bpf/bpf_endian.h>

#define AF_INET 2
#define AF_INET6 10
#define IPPROTO_TCP 6
#define IPPROTO_UDP 17
// include/linux/net.h
#define SOCK_STREAM 1
#define SOCK_DGRAM 2

// include/net/tcp_states.h
enum {
	TCP_ESTABLISHED = 1,
	TCP_SYN_SENT,
	TCP_SYN_RECV,
	TCP_FIN_WAIT1,
	TCP_FIN_WAIT2,
	TCP_TIME_WAIT,
	TCP_CLOSE,
	TCP_CLOSE_WAIT,
	TCP_LAST_ACK,
	TCP_LISTEN,
	TCP_CLOSING,
};

// enum sock_flags in include/net/sock.h: set when the peer's FIN has been taken.
#define SOCK_DONE_BIT 1

#define ADDRESS_BYTES 16

// Both ends of a connection. IPv4 addresses take the first four bytes; an IPv6 socket that talks
// IPv4 has mapped addresses.
struct endpoints {
	__u8 local_address[ADDRESS_BYTES];
	__u8 remote_address[ADDRESS_BYTES];
	__u16 local_port;
	__u16 remote_port;
	__u16 family;
	__u16 reserved;
};

static __always_inline struct sock *socket_of_file(struct file *file)
{
	if (!file || file_type(file) != S_IFSOCK)
		return NULL;
	struct socket *socket = BPF_CORE_READ(file, private_data);

	return BPF_CORE_READ(socket, sk);
}

static __always_inline bool socket_is_tcp(struct sock *sk)
{
	__u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);

	return (family == AF_INET || family == AF_INET6) && BPF_CORE_READ(sk, sk_protocol) == IPPROTO_TCP;
}

static __always_inline bool socket_is_udp(struct sock *sk)
{
	__u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);

	return (family == AF_INET || family == AF_INET6) && BPF_CORE_READ(sk, sk_protocol) == IPPROTO_UDP &&
	       BPF_CORE_READ(sk, sk_type) == SOCK_DGRAM;
}

static __always_inline void endpoints_of_socket(struct endpoints *ends, struct sock *sk)
{
	__builtin_memset(ends, 0, sizeof(*ends));
	ends->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	// Not skc_num: that is given back before a closed socket's state changes.
	ends->local_port = bpf_ntohs(BPF_CORE_READ((struct inet_sock *)sk, inet_sport));
	ends->remote_port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	if (ends->family == AF_INET6) {
		BPF_CORE_READ_INTO(&ends->local_address, sk, __sk_common.skc_v6_rcv_saddr);
		BPF_CORE_READ_INTO(&ends->remote_address, sk, __sk_common.skc_v6_daddr);
	} else {
		*(__be32 *)ends->local_address = BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr);
		*(__be32 *)ends->remote_address = BPF_CORE_READ(sk, __sk_common.skc_daddr);
	}
}

// As struct sockaddr_in and sockaddr_in6 of the user interface lay it out.
struct socket_address {
	__u16 family;
	__be16 port;
	union {
		__be32 ipv4;
		struct {
			__u32 flow;
			__u8 ipv6[ADDRESS_BYTES];
		};
	};
};

// endpoints_of_address takes the far end from the argument of connect(2); the near end is not known.
static __always_inline bool endpoints_of_address(struct endpoints *ends, __u64 address)
{
	struct socket_address given = {};

	__builtin_memset(ends, 0, sizeof(*ends));
	// An IPv4 address is shorter: then only that much can be relied on to be there.
	if (bpf_probe_read_user(&given, 8, (void *)address))
		return false;
	ends->family = given.family;
	ends->remote_port = bpf_ntohs(given.port);
	if (given.family == AF_INET) {
		*(__be32 *)ends->remote_address = given.ipv4;
		return true;
	}
	if (given.family != AF_INET6 || bpf_probe_read_user(&given, sizeof(given), (void *)address))
		return false;
	__builtin_memcpy(ends->remote_address, given.ipv6, ADDRESS_BYTES);
	return true;
}

#endif
