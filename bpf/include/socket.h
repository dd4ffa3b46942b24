// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Middle layer: what a socket is and which addresses it connects.
#ifndef MEERKAT_SOCKET_H
#define MEERKAT_SOCKET_H

#include "kernel.h"
#include "file.h"
#include <bpf/bpf_endian.h>

#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define IPPROTO_TCP 6
#define IPPROTO_UDP 17

// include/linux/net.h
#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define SOCK_RAW 3
#define SOCK_PACKET 10
// What stands beside the type in the argument of socket(2): SOCK_NONBLOCK and SOCK_CLOEXEC.
#define SOCK_TYPE_MASK 0xf
// include/net/sock.h: the port was asked for, instead of chosen by the kernel.
#define SOCK_BINDPORT_LOCK 8

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

static __always_inline bool socket_is_inet(struct sock *sk)
{
	__u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);

	return family == AF_INET || family == AF_INET6;
}

static __always_inline bool socket_port_was_asked_for(struct sock *sk)
{
	return BPF_CORE_READ_BITFIELD_PROBED(sk, sk_userlocks) & SOCK_BINDPORT_LOCK;
}

// The name of a unix socket: a path without a terminator, or a name that starts with a zero byte and has
// no place in any file system. The room behind it is for the verifier.
#define UNIX_NAME_BYTES_MAX 108
#define UNIX_NAME_ROOM_BYTES 112

// Both parts start as zeros.
struct unix_name {
	__u8 name[UNIX_NAME_ROOM_BYTES];
	__u8 given[UNIX_NAME_ROOM_BYTES]; // may go on behind a terminator
};

// unix_name_end copies what was given as far as it is a name, and returns its length.
static __always_inline __u32 unix_name_end(struct unix_name *name, __u32 given_bytes)
{
	if (!name->given[0]) {
		__builtin_memcpy(name->name, name->given, sizeof(name->name));
		return given_bytes;
	}
	long length = bpf_probe_read_kernel_str(name->name, sizeof(name->name), name->given);
	return length > 0 ? length - 1 : 0;
}

// unix_name_of_socket returns the length of the name: 0 for a socket that has none.
static __always_inline __u32 unix_name_of_socket(struct unix_name *name, struct sock *sk)
{
	struct unix_address *address = BPF_CORE_READ((struct unix_sock *)sk, addr);
	__u32 length = BPF_CORE_READ(address, len) - sizeof(address->name[0].sun_family);

	FORGET(length);
	if (!address || length > UNIX_NAME_BYTES_MAX)
		return 0;
	if (bpf_core_read(name->given, length, &address->name[0].sun_path))
		return 0;
	return unix_name_end(name, length);
}

// unix_name_of_address does the same with the argument of bind(2) or connect(2) and its length.
static __always_inline __u32 unix_name_of_address(struct unix_name *name, __u64 address, __u32 length)
{
	length -= sizeof(__u16);
	FORGET(length);
	if (length > UNIX_NAME_BYTES_MAX)
		return 0;
	if (bpf_probe_read_user(name->given, length, (void *)address + sizeof(__u16)))
		return 0;
	return unix_name_end(name, length);
}

// unix_peer_task is the process at the other end as SO_PEERCRED names it: of a listener the one that called
// listen(2). NULL if it is gone, or for datagrams.
static __always_inline struct task_struct *unix_peer_task(struct sock *sk)
{
	struct hlist_node *link = BPF_CORE_READ(sk, sk_peer_pid, tasks[PIDTYPE_PID].first);

	return link ? (void *)link - bpf_core_field_offset(struct task_struct, pid_links) : NULL;
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
