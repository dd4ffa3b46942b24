//go:build ignore
// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Tracer "socket": sockets that are bound, that listen, and that are of an unusual kind.
//
// What a call has done is taken from the socket itself. The arguments of a bind that failed are all that
// there is of it.
#include "../include/event.h"
#include "../include/scratch.h"
#include "../include/seen.h"
#include "../include/socket.h"
#include "../include/syscall.h"
#include "../include/workload.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

enum socket_kind {
	SOCKET_CREATE = 0,
	SOCKET_BIND = 1,
	SOCKET_LISTEN = 2,
	// Repeats of an earlier event; made in user space of what the deduplication has counted.
	SOCKET_REPEAT = 3,
};

enum socket_flags {
	// It was like that before we looked.
	SOCKET_SNAPSHOT = 1,
	// There was no room to remember that this has been seen: it will be reported each time.
	SOCKET_NOT_DEDUPLICATED = 2,
};

// What a system call does. User space fills the table, since it knows the numbers of its architecture.
enum socket_operation {
	OPERATION_NONE = 0,
	OPERATION_SOCKET = 1,
	OPERATION_BIND = 2,
	OPERATION_LISTEN = 3,
	OPERATION_SOCKETCALL = 4, // of i386: any of these
};

// (process, what it did) that are remembered at one time. Beyond that events are reported without
// deduplication.
#define SEEN_MAX 2048
// Address families of which the expected ones are told by a bit.
#define FAMILIES_MAX 64

// 32-bit calls come behind the others.
const volatile __u8 socket_operations[2 * SYSCALLS_MAX] = {};
// By their numbers: sockets of these families are events only when they are raw, bound or listen.
const volatile __u64 expected_families = 0;

// What makes two events one and a repeat.
struct socket_facts {
	__u32 family;
	__u32 type;
	__s32 protocol;
	__u16 kind;
	__u16 error;
	__u16 port; // as it was asked for: 0 if the kernel chose it
	__u16 name_bytes; // of the name of a unix socket
	__u32 reserved;
	__u8 address[ADDRESS_BYTES];
};

// Behind it: the name of a unix socket.
struct socket_event {
	struct event_header header;
	__u64 window; // number of the time window in which further ones are counted, from 1; 0: they are not
	__u64 inode;  // 0 if there is no socket
	struct socket_facts facts;
	__u32 backlog;
	__u16 bound_port;
	__u16 flags;
};

struct socket_seen_key {
	struct process_key process;
	__u64 window;
	struct socket_facts facts;
	__u8 name[UNIX_NAME_ROOM_BYTES];
};

struct socket_workload {
	__u64 created;
	__u64 bound;
	__u64 listening;
	__u64 failed;
};

EXPORT_TYPE(struct, event_header);
EXPORT_TYPE(struct, socket_event);
EXPORT_TYPE(enum, socket_kind);
EXPORT_TYPE(enum, socket_flags);
EXPORT_TYPE(enum, socket_operation);

SEEN(socket_seen_key, SEEN_MAX);

struct socket_scratch {
	struct socket_event event;
	struct unix_name name; // behind the event
	struct socket_seen_key seen_key;
};

SCRATCH(scratch_map, socket_scratch);
SCRATCH(snapshot_scratch_map, socket_scratch);

WORKLOADS(socket_workload)

static __always_inline bool family_is_expected(__u32 family)
{
	return family < FAMILIES_MAX && expected_families >> family & 1;
}

// creation_is_event: a raw socket sees and makes packets of any kind, so of a family that everybody uses it
// is unusual all the same. Those of netlink are called raw without being it.
static __always_inline bool creation_is_event(__u32 family, __u32 type)
{
	bool internet = family == AF_INET || family == AF_INET6;

	return (internet && (type == SOCK_RAW || type == SOCK_PACKET)) || !family_is_expected(family);
}

// address_is_event leaves out what has no address that anybody could connect to, such as netlink.
static __always_inline bool address_is_event(__u32 family)
{
	return family == AF_INET || family == AF_INET6 || family == AF_UNIX || !family_is_expected(family);
}

static __always_inline void count_for_workload(struct socket_event *event)
{
	__u64 cgroup = event->header.cgroup_id;

	if (event->facts.error)
		WORKLOAD_ADD(cgroup, failed, 1);
	else if (event->facts.kind == SOCKET_CREATE)
		WORKLOAD_ADD(cgroup, created, 1);
	else if (event->facts.kind == SOCKET_BIND)
		WORKLOAD_ADD(cgroup, bound, 1);
	else
		WORKLOAD_ADD(cgroup, listening, 1);
}

// begin offers an event and fills its header. It returns false for one that is not wanted.
static __always_inline bool begin(struct socket_scratch *scratch, __u32 kind, bool is_event, struct task_struct *task)
{
	event_offer(kind);
	if (!is_event) {
		event_filter(kind);
		return false;
	}
	__builtin_memset(&scratch->event, 0, sizeof(scratch->event) + sizeof(scratch->name));
	scratch->event.facts.kind = kind;
	event_header_of(&scratch->event.header, kind, task);
	return event_wanted(&scratch->event.header);
}

static __always_inline void describe(struct socket_scratch *scratch, struct sock *sk)
{
	struct socket_facts *facts = &scratch->event.facts;

	facts->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	facts->type = BPF_CORE_READ(sk, sk_type);
	facts->protocol = BPF_CORE_READ(sk, sk_protocol);
}

// describe_address adds where the socket can be reached.
static __always_inline void describe_address(struct socket_scratch *scratch, struct sock *sk)
{
	struct socket_event *event = &scratch->event;
	struct socket_facts *facts = &event->facts;

	if (facts->family == AF_UNIX)
		facts->name_bytes = unix_name_of_socket(&scratch->name, sk);
	else if (facts->family == AF_INET)
		*(__be32 *)facts->address = BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr);
	else if (facts->family == AF_INET6)
		BPF_CORE_READ_INTO(&facts->address, sk, __sk_common.skc_v6_rcv_saddr);
	// The port of a raw socket is the number of its protocol.
	if (socket_is_inet(sk) && facts->type != SOCK_RAW)
		event->bound_port = BPF_CORE_READ(sk, __sk_common.skc_num);
}

// describe_argument adds where a socket was to be reached.
static __always_inline void describe_argument(struct socket_scratch *scratch, __u64 address, __u32 bytes)
{
	struct socket_facts *facts = &scratch->event.facts;
	struct endpoints asked_for;

	if (facts->family == AF_UNIX)
		facts->name_bytes = unix_name_of_address(&scratch->name, address, bytes);
	else if ((facts->family == AF_INET || facts->family == AF_INET6) && endpoints_of_address(&asked_for, address)) {
		__builtin_memcpy(facts->address, asked_for.remote_address, ADDRESS_BYTES);
		facts->port = asked_for.remote_port;
		scratch->event.bound_port = asked_for.remote_port;
	}
}

static __always_inline struct socket_seen_key *seen_key_of(struct socket_scratch *scratch)
{
	struct socket_seen_key *key = &scratch->seen_key;

	key->process = scratch->event.header.process;
	key->window = scratch->event.window;
	key->facts = scratch->event.facts;
	__builtin_memcpy(key->name, scratch->name.name, sizeof(key->name));
	return key;
}

static __always_inline void submit(struct socket_scratch *scratch, __u32 kind)
{
	struct socket_event *event = &scratch->event;

	event_submit(kind, event, sizeof(*event) + at_most(event->facts.name_bytes, UNIX_NAME_BYTES_MAX));
}

static __always_inline void report(struct socket_scratch *scratch, __u32 kind)
{
	struct socket_event *event = &scratch->event;

	count_for_workload(event);
	event->window = seen_window(&event->header);
	if (event->window) {
		enum seen_result result = seen_before(seen_key_of(scratch), &event->header);
		if (result == SEEN_REPEAT) {
			event_aggregate(kind);
			return;
		}
		if (result == SEEN_FULL)
			event->flags |= SOCKET_NOT_DEDUPLICATED;
	}
	submit(scratch, kind);
}

static __always_inline struct file *socket_file(struct task_struct *task, int descriptor, struct sock **sk)
{
	struct file *file = file_of_descriptor(task, descriptor);

	*sk = socket_of_file(file);
	return file;
}

static __always_inline void created(struct socket_scratch *scratch, struct task_struct *task, struct syscall *call)
{
	struct socket_facts *facts = &scratch->event.facts;
	__u32 family = call->arguments[0], type = call->arguments[1] & SOCK_TYPE_MASK;
	struct sock *sk = NULL;

	if (!begin(scratch, SOCKET_CREATE, creation_is_event(family, type), task))
		return;
	facts->family = family;
	facts->type = type;
	facts->protocol = call->arguments[2];
	if (call->result < 0) {
		facts->error = -call->result;
	} else {
		struct file *file = socket_file(task, call->result, &sk);
		// Another thread has closed it, or the argument was one of several ways to say it.
		if (sk) {
			scratch->event.inode = BPF_CORE_READ(file, f_inode, i_ino);
			facts->family = BPF_CORE_READ(sk, __sk_common.skc_family);
			facts->type = BPF_CORE_READ(sk, sk_type);
			// Not every family keeps the protocol there.
			if (BPF_CORE_READ(sk, sk_protocol))
				facts->protocol = BPF_CORE_READ(sk, sk_protocol);
		}
	}
	report(scratch, SOCKET_CREATE);
}

static __always_inline void bound(struct socket_scratch *scratch, struct task_struct *task, struct syscall *call)
{
	struct sock *sk;
	struct file *file = socket_file(task, call->arguments[0], &sk);

	if (!sk || !begin(scratch, SOCKET_BIND, address_is_event(BPF_CORE_READ(sk, __sk_common.skc_family)), task))
		return;
	scratch->event.inode = BPF_CORE_READ(file, f_inode, i_ino);
	describe(scratch, sk);
	if (call->result < 0) {
		scratch->event.facts.error = -call->result;
		describe_argument(scratch, call->arguments[1], call->arguments[2]);
	} else {
		describe_address(scratch, sk);
		if (socket_port_was_asked_for(sk))
			scratch->event.facts.port = scratch->event.bound_port;
	}
	report(scratch, SOCKET_BIND);
}

static __always_inline void listening(struct socket_scratch *scratch, struct task_struct *task, struct syscall *call)
{
	struct sock *sk;
	struct file *file = socket_file(task, call->arguments[0], &sk);

	if (!sk || !begin(scratch, SOCKET_LISTEN, address_is_event(BPF_CORE_READ(sk, __sk_common.skc_family)), task))
		return;
	scratch->event.inode = BPF_CORE_READ(file, f_inode, i_ino);
	describe(scratch, sk);
	describe_address(scratch, sk);
	scratch->event.facts.port = scratch->event.bound_port;
	if (call->result < 0) {
		scratch->event.facts.error = -call->result;
		scratch->event.backlog = call->arguments[1];
	} else {
		// The kernel has a limit for the argument.
		scratch->event.backlog = BPF_CORE_READ(sk, sk_max_ack_backlog);
	}
	report(scratch, SOCKET_LISTEN);
}

static __always_inline __u32 operation_of(struct syscall *call)
{
	__u32 operation = socket_operations[syscall_index(call)];

	if (operation != OPERATION_SOCKETCALL)
		return operation;
	switch (syscall_unpack_socketcall(call)) {
	case SOCKETCALL_SOCKET:
		return OPERATION_SOCKET;
	case SOCKETCALL_BIND:
		return OPERATION_BIND;
	case SOCKETCALL_LISTEN:
		return OPERATION_LISTEN;
	}
	return OPERATION_NONE;
}

SYSCALL_HANDLER_AND_NEXT(socket_syscall, call)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u32 zero = 0, operation = operation_of(call);
	struct socket_scratch *scratch = bpf_map_lookup_elem(&scratch_map, &zero);

	if (!scratch)
		return;
	if (operation == OPERATION_SOCKET)
		created(scratch, task, call);
	else if (operation == OPERATION_BIND)
		bound(scratch, task, call);
	else if (operation == OPERATION_LISTEN)
		listening(scratch, task, call);
}

// snapshot_kind says which event a socket would have been, had we looked: SOCKET_REPEAT for none. A UDP
// socket that somebody has given a port waits for whoever comes, as a listener does.
static __always_inline __u32 snapshot_kind(struct sock *sk)
{
	__u32 family = BPF_CORE_READ(sk, __sk_common.skc_family), type = BPF_CORE_READ(sk, sk_type);

	if (BPF_CORE_READ(sk, __sk_common.skc_state) == TCP_LISTEN)
		return SOCKET_LISTEN;
	if (creation_is_event(family, type))
		return SOCKET_CREATE;
	if (type != SOCK_DGRAM)
		return SOCKET_REPEAT;
	if (family == AF_UNIX && BPF_CORE_READ((struct unix_sock *)sk, addr))
		return SOCKET_BIND;
	if (socket_is_inet(sk) && socket_port_was_asked_for(sk) && !BPF_CORE_READ(sk, __sk_common.skc_dport))
		return SOCKET_BIND;
	return SOCKET_REPEAT;
}

// Sockets that were there before us. They leave through the ring, as all events do, and are accounted
// for in the same way.
SEC("iter/task_file")
int socket_snapshot(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	__u32 zero = 0;

	if (!task || !file)
		return 0;
	struct sock *sk = socket_of_file(file);
	struct socket_scratch *scratch = bpf_map_lookup_elem(&snapshot_scratch_map, &zero);
	if (!sk || !scratch)
		return 0;
	__u32 kind = snapshot_kind(sk);
	if (kind == SOCKET_REPEAT || !begin(scratch, kind, true, task))
		return 0;
	struct socket_event *event = &scratch->event;
	event->inode = BPF_CORE_READ(file, f_inode, i_ino);
	event->flags = SOCKET_SNAPSHOT;
	describe(scratch, sk);
	describe_address(scratch, sk);
	if (kind != SOCKET_CREATE)
		event->facts.port = event->bound_port;
	if (kind == SOCKET_LISTEN)
		event->backlog = BPF_CORE_READ(sk, sk_max_ack_backlog);
	// Once per process, however many descriptors it has, and not again what was seen since we attached.
	event->window = seen_window(&event->header);
	struct seen_count first = seen_first(&event->header);
	struct socket_seen_key *key = seen_key_of(scratch);
	if (bpf_map_update_elem(&seen, key, &first, BPF_NOEXIST)) {
		if (bpf_map_lookup_elem(&seen, key)) {
			event_filter(kind);
			return 0;
		}
		event->flags |= SOCKET_NOT_DEDUPLICATED;
	}
	submit(scratch, kind);
	return 0;
}
