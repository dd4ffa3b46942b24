// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Top layer: whose a socket is. Packets are handled on behalf of whoever runs on the processor, so the
// process is remembered by the socket's cookie when a hook shows it that runs in the process itself.
#ifndef MEERKAT_OWNER_H
#define MEERKAT_OWNER_H

#include "event.h"
#include "socket.h"

// Sockets whose owner is remembered. When it is full, events of further ones name no process.
#define OWNERS_MAX 8192

struct socket_owner {
	struct event_header header; // as of the hook that showed it
	// The socket is older than the programs: what it has done already nobody has seen.
	__u32 seen_late;
	__u32 reserved;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, OWNERS_MAX); // user space sets it
	__type(key, __u64);		 // cookie of the socket, or its address
	__type(value, struct socket_owner);
} owners SEC(".maps");

static __always_inline struct socket_owner *owner_of(__u64 cookie)
{
	return bpf_map_lookup_elem(&owners, &cookie);
}

static __always_inline void owner_store(__u64 cookie, struct task_struct *task, __u32 seen_late, __u64 flags)
{
	struct socket_owner owner = { .seen_late = seen_late };

	event_header_of(&owner.header, 0, task);
	bpf_map_update_elem(&owners, &cookie, &owner, flags);
}

// owner_created is for the hook that sees a socket first.
static __always_inline void owner_created(__u64 cookie)
{
	owner_store(cookie, (void *)bpf_get_current_task(), false, BPF_ANY);
}

// owner_uses is for hooks that see a socket in use: it may have been handed on since it was made.
static __always_inline void owner_uses(__u64 cookie)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct socket_owner *known = owner_of(cookie);

	if (known && known->header.process.pid == bpf_get_current_pid_tgid() >> 32 &&
	    known->header.exec_id == BPF_CORE_READ(task, self_exec_id))
		return;
	owner_store(cookie, task, known ? known->seen_late : true, BPF_ANY);
}

// What an iterator over files has in hand of a socket is no pointer that every kernel lets it ask for a cookie
// with, so the address of the socket as file is the key there, which is never the number of a cookie.
static __always_inline __u64 owner_address(struct sock *sk)
{
	return (__u64)BPF_CORE_READ(sk, sk_socket);
}

// owner_of_packet is owner_of for hooks that have a packet in hand, and the cookie of its socket.
static __always_inline struct socket_owner *owner_of_packet(__u64 cookie, struct __sk_buff *skb)
{
	struct socket_owner *owner = owner_of(cookie);

	if (owner)
		return owner;
	return owner_of(owner_address(BPF_CORE_READ((struct sk_buff *)skb, sk)));
}

// owner_released is for the hook that sees a socket last.
static __always_inline void owner_released(struct bpf_sock *sk)
{
	__u64 key = bpf_get_socket_cookie(sk);

	bpf_map_delete_elem(&owners, &key);
	key = owner_address((struct sock *)sk);
	bpf_map_delete_elem(&owners, &key);
}

// owner_before is for an iterator over open files: it takes sockets that were there before us.
static __always_inline void owner_before(struct task_struct *task, struct sock *sk)
{
	owner_store(owner_address(sk), task, true, BPF_NOEXIST);
}

#endif
