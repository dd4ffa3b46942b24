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
	__type(key, __u64);		 // cookie of the socket
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

static __always_inline void owner_released(__u64 cookie)
{
	bpf_map_delete_elem(&owners, &cookie);
}

// owner_before is for an iterator over open files: it takes sockets that were there before us.
static __always_inline void owner_before(struct task_struct *task, struct file *file)
{
	__u64 cookie;

	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_sock_from_file)) {
		struct socket *socket = bpf_sock_from_file(file);

		if (!socket || !socket->sk)
			return;
		cookie = bpf_get_socket_cookie(socket->sk);
	} else {
		// A socket has a cookie here only if somebody has asked for it.
		cookie = BPF_CORE_READ(socket_of_file(file), __sk_common.skc_cookie.counter);
	}
	if (cookie)
		owner_store(cookie, task, true, BPF_NOEXIST);
}

#endif
