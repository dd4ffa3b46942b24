//go:build ignore
// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Tracer "tcp": connections that are opened, accepted, refused and closed.
//
// Most changes of a socket's state happen in softirq, on behalf of whoever runs there. So the owner is
// remembered when a system call shows it, and every event takes its process from there.
#include "../include/event.h"
#include "../include/seen.h"
#include "../include/socket.h"
#include "../include/syscall.h"
#include "../include/workload.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

enum tcp_kind {
	TCP_CONNECT = 0,
	TCP_ACCEPT = 1,
	TCP_CLOSED = 2,
	// Repeats of an earlier event; made in user space of what the deduplication has counted.
	TCP_REPEAT = 3,
};

// Which end of the connection the process is.
enum tcp_side {
	SIDE_UNKNOWN = 0, // it was open before we looked
	SIDE_CLIENT = 1,
	SIDE_SERVER = 2,
};

enum tcp_flags {
	// Nobody accepted it, or it was open before we looked and nobody holds it: the header names no
	// process.
	TCP_OWNER_UNKNOWN = 1,
	// There was no room to remember that this has been seen: it will be reported each time.
	TCP_NOT_DEDUPLICATED = 2,
};

// Open connections whose owner is remembered. When it is full, events of further ones have
// TCP_OWNER_UNKNOWN.
#define OWNERS_MAX 16384
// Threads inside connect() at one moment.
#define CONNECTS_IN_FLIGHT_MAX 8192
// (process, what became of its connections with a far end) that are remembered at one time. Beyond that
// events are reported without deduplication.
#define SEEN_MAX 8192

// What a system call does. User space fills the table, since it knows the numbers of its architecture.
enum tcp_call {
	CALL_NONE = 0,
	CALL_ACCEPT = 1,
	CALL_SOCKETCALL = 2, // of i386: any of these
};

// 32-bit calls come behind the others.
const volatile __u8 tcp_calls[2 * SYSCALLS_MAX] = {};

struct connection_event {
	struct event_header header;
	struct endpoints ends;
	__u64 duration_ns; // connect: until answered; close: since established, 0 if not seen
	__u64 bytes_sent;
	__u64 bytes_received;
	__u32 retransmits;
	__u32 round_trip_us; // smoothed
	__s32 error;	     // errno of a failed connect
	__u16 side;
	__u16 flags;
};

// What makes two events one and a repeat: all but the port that the client was given.
struct tcp_facts {
	__u8 local_address[ADDRESS_BYTES];
	__u8 remote_address[ADDRESS_BYTES];
	__u16 family;
	__u16 server_port;
	__u16 side;
	__u16 kind;
	__s32 error;
	__u32 reserved;
};

struct tcp_seen_key {
	struct process_key process;
	__u64 window;
	struct tcp_facts facts;
};

struct tcp_seen {
	struct seen_count count;
	// Sums of the repeats.
	__u64 duration_ns;
	__u64 bytes_sent;
	__u64 bytes_received;
	__u64 retransmits;
};

EXPORT_TYPE(struct, event_header);
EXPORT_TYPE(struct, connection_event);
EXPORT_TYPE(enum, tcp_kind);
EXPORT_TYPE(enum, tcp_side);
EXPORT_TYPE(enum, tcp_flags);
EXPORT_TYPE(enum, tcp_call);

SEEN_AS(tcp_seen_key, tcp_seen, SEEN_MAX, true);

struct owner {
	struct event_header header; // as of the system call that showed it; pid 0 if none did yet
	__u64 since_ns;		    // client: SYN sent; then, for both sides: established
	__u32 side;
	__u32 reserved;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, OWNERS_MAX);
	__type(key, __u64); // address of the socket
	__type(value, struct owner);
} owners SEC(".maps");

struct connect_attempt {
	__u64 address;
	__s32 descriptor;
	// The call has changed the socket's state: what becomes of it is told by further changes.
	__u32 under_way;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CONNECTS_IN_FLIGHT_MAX);
	__type(key, __u64); // bpf_get_current_pid_tgid()
	__type(value, struct connect_attempt);
} connects_in_flight SEC(".maps");

struct tcp_workload {
	__u64 opened;
	__u64 accepted;
	__u64 failed;
	__u64 closed;
	__u64 bytes_sent;
	__u64 bytes_received;
};

WORKLOADS(tcp_workload)

static __always_inline void event_of_owner(struct connection_event *event, __u32 kind, struct sock *sk,
					   struct owner *owner)
{
	if (owner) {
		event->header = owner->header;
		event->side = owner->side;
	}
	event->header.time_ns = bpf_ktime_get_boot_ns();
	event->header.kind = kind;
	if (!event->header.process.pid)
		event->flags |= TCP_OWNER_UNKNOWN;
	endpoints_of_socket(&event->ends, sk);
}

static __always_inline void remember(struct sock *sk, __u32 side, struct task_struct *task)
{
	struct owner owner = { .since_ns = bpf_ktime_get_boot_ns(), .side = side };
	__u64 key = (__u64)sk;

	if (task)
		event_header_of(&owner.header, 0, task);
	bpf_map_update_elem(&owners, &key, &owner, BPF_ANY);
}

static __always_inline struct connect_attempt *current_attempt(void)
{
	__u64 thread = bpf_get_current_pid_tgid();

	return bpf_map_lookup_elem(&connects_in_flight, &thread);
}

static __always_inline void connecting(struct sock *sk)
{
	struct connect_attempt *attempt = current_attempt();

	if (attempt)
		attempt->under_way = 1;
	remember(sk, SIDE_CLIENT, (void *)bpf_get_current_task());
}

// wanted looks at the far end too.
static __always_inline bool wanted(struct connection_event *event)
{
	struct filter_far_end far_end = {};

	filter_far_end_of(&far_end, event->ends.family == AF_INET, event->ends.remote_address,
			  event->ends.local_port, event->ends.remote_port);
	return event_wanted_with(&event->header, &far_end);
}

static __always_inline void seen_key_of(struct tcp_seen_key *key, struct connection_event *event)
{
	struct tcp_facts *facts = &key->facts;

	key->process = event->header.process;
	key->window = seen_window(&event->header);
	__builtin_memcpy(facts->local_address, event->ends.local_address, ADDRESS_BYTES);
	__builtin_memcpy(facts->remote_address, event->ends.remote_address, ADDRESS_BYTES);
	facts->family = event->ends.family;
	facts->server_port = event->side == SIDE_CLIENT ? event->ends.remote_port : event->ends.local_port;
	facts->side = event->side;
	facts->kind = event->header.kind;
	facts->error = event->error;
}

// repeats counts an event that is a repeat.
static __always_inline bool repeats(struct connection_event *event)
{
	struct tcp_seen_key key = {};

	// Which port is the server's is not known of a connection that was open before.
	if (!window_ns || event->side == SIDE_UNKNOWN || event->flags & TCP_OWNER_UNKNOWN)
		return false;
	seen_key_of(&key, event);
	enum seen_result result = seen_before(&key, &event->header);
	if (result == SEEN_FULL)
		event->flags |= TCP_NOT_DEDUPLICATED;
	if (result != SEEN_REPEAT)
		return false;
	struct tcp_seen *sums = bpf_map_lookup_elem(&seen, &key);
	if (sums) {
		__sync_fetch_and_add(&sums->duration_ns, event->duration_ns);
		__sync_fetch_and_add(&sums->bytes_sent, event->bytes_sent);
		__sync_fetch_and_add(&sums->bytes_received, event->bytes_received);
		__sync_fetch_and_add(&sums->retransmits, event->retransmits);
	}
	return true;
}

static __always_inline void report(struct connection_event *event, __u32 kind)
{
	if (!wanted(event))
		return;
	if (repeats(event))
		event_aggregate(kind);
	else
		event_submit(kind, event, sizeof(*event));
}

static __always_inline void submit_connect(struct connection_event *event, int error)
{
	event->error = error;
	if (error)
		WORKLOAD_ADD(event->header.cgroup_id, failed, 1);
	else
		WORKLOAD_ADD(event->header.cgroup_id, opened, 1);
	event_offer(TCP_CONNECT);
	report(event, TCP_CONNECT);
}

static __always_inline void connected(struct sock *sk, struct owner *owner)
{
	struct connection_event event = { .side = SIDE_CLIENT };

	event_of_owner(&event, TCP_CONNECT, sk, owner);
	if (owner) {
		event.duration_ns = event.header.time_ns - owner->since_ns;
		owner->since_ns = event.header.time_ns;
	}
	event.round_trip_us = BPF_CORE_READ((struct tcp_sock *)sk, srtt_us) >> 3;
	submit_connect(&event, 0);
}

#define ECANCELED 125

static __always_inline void connect_failed(struct sock *sk, struct owner *owner)
{
	struct connection_event event = { .side = SIDE_CLIENT };
	int error = BPF_CORE_READ(sk, sk_err);

	if (!error) {
		struct connect_attempt *attempt = current_attempt();
		if (attempt && attempt->under_way) {
			// connect() itself gives up, for lack of a port for instance, and returns why.
			attempt->under_way = 0;
			return;
		}
		// The process closed the socket before it was answered.
		error = ECANCELED;
	}
	event_of_owner(&event, TCP_CONNECT, sk, owner);
	if (owner)
		event.duration_ns = event.header.time_ns - owner->since_ns;
	event.retransmits = BPF_CORE_READ((struct tcp_sock *)sk, total_retrans);
	submit_connect(&event, error);
}

static __always_inline void closed(struct sock *sk, struct owner *owner)
{
	struct connection_event event = {};
	struct tcp_sock *tcp = (struct tcp_sock *)sk;

	event_offer(TCP_CLOSED);
	event_of_owner(&event, TCP_CLOSED, sk, owner);
	if (owner && owner->since_ns)
		event.duration_ns = event.header.time_ns - owner->since_ns;
	event.bytes_sent = BPF_CORE_READ(tcp, bytes_sent) - BPF_CORE_READ(tcp, bytes_retrans);
	event.bytes_received = BPF_CORE_READ(tcp, bytes_received);
	// The kernel counts sequence numbers, and the peer's FIN takes one.
	if (BPF_CORE_READ(sk, __sk_common.skc_flags) & (1 << SOCK_DONE_BIT) && event.bytes_received)
		event.bytes_received--;
	event.retransmits = BPF_CORE_READ(tcp, total_retrans);
	event.round_trip_us = BPF_CORE_READ(tcp, srtt_us) >> 3;
	WORKLOAD_ADD(event.header.cgroup_id, closed, 1);
	WORKLOAD_ADD(event.header.cgroup_id, bytes_sent, event.bytes_sent);
	WORKLOAD_ADD(event.header.cgroup_id, bytes_received, event.bytes_received);
	report(&event, TCP_CLOSED);
}

static __always_inline int set_state(struct sock *sk, int old_state, int new_state)
{
	__u64 key = (__u64)sk;

	if (BPF_CORE_READ(sk, sk_protocol) != IPPROTO_TCP || old_state == new_state)
		return 0;
	if (new_state == TCP_SYN_SENT) {
		connecting(sk);
		return 0;
	}
	if (new_state == TCP_ESTABLISHED && old_state == TCP_SYN_RECV) {
		// Who will accept it is not known yet, but the connection lives from now on.
		remember(sk, SIDE_SERVER, NULL);
		return 0;
	}
	struct owner *owner = bpf_map_lookup_elem(&owners, &key);
	if (new_state == TCP_ESTABLISHED && old_state == TCP_SYN_SENT)
		connected(sk, owner);
	if (new_state != TCP_CLOSE)
		return 0;
	if (old_state == TCP_SYN_SENT)
		connect_failed(sk, owner);
	else if (old_state != TCP_LISTEN && old_state != TCP_SYN_RECV)
		closed(sk, owner);
	bpf_map_delete_elem(&owners, &key);
	return 0;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(tcp_set_state, struct sock *sk, int old_state, int new_state)
{
	return set_state(sk, old_state, new_state);
}

SEC("raw_tp/inet_sock_set_state")
int BPF_PROG(tcp_set_state_raw, struct sock *sk, int old_state, int new_state)
{
	return set_state(sk, old_state, new_state);
}

SEC("tracepoint/syscalls/sys_enter_connect")
int tcp_enter_connect(struct trace_event_raw_sys_enter *ctx)
{
	__u64 thread = bpf_get_current_pid_tgid();
	struct connect_attempt attempt = { .descriptor = ctx->args[0], .address = ctx->args[1] };

	if (bpf_map_update_elem(&connects_in_flight, &thread, &attempt, BPF_ANY)) {
		event_offer(TCP_CONNECT);
		event_lose_map(TCP_CONNECT);
	}
	return 0;
}

#define EINTR 4
#define EISCONN 106
#define EALREADY 114
#define EINPROGRESS 115
// include/linux/errno.h: the call is about to be restarted.
#define ERESTARTSYS 512
#define ERESTART_RESTARTBLOCK 516

// connect_gave_up tells errors that end the attempt from those that don't.
static __always_inline bool connect_gave_up(long result)
{
	if (result >= 0 || (result <= -ERESTARTSYS && result >= -ERESTART_RESTARTBLOCK))
		return false;
	return result != -EINTR && result != -EISCONN && result != -EALREADY && result != -EINPROGRESS;
}

// What fails before a SYN is sent changes no state: no route, no permission, no free port.
SEC("tracepoint/syscalls/sys_exit_connect")
int tcp_exit_connect(struct trace_event_raw_sys_exit *ctx)
{
	__u64 thread = bpf_get_current_pid_tgid();
	struct task_struct *task = (void *)bpf_get_current_task();
	struct connect_attempt *found = current_attempt();
	struct connection_event event = { .side = SIDE_CLIENT };

	if (!found)
		return 0;
	struct connect_attempt attempt = *found;
	bpf_map_delete_elem(&connects_in_flight, &thread);
	if (attempt.under_way || !connect_gave_up(ctx->ret))
		return 0;
	struct sock *sk = socket_of_file(file_of_descriptor(task, attempt.descriptor));
	if (!sk || !socket_is_tcp(sk) || !endpoints_of_address(&event.ends, attempt.address))
		return 0;
	event_header_of(&event.header, TCP_CONNECT, task);
	submit_connect(&event, -ctx->ret);
	return 0;
}

static __always_inline void accepted(long descriptor)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct connection_event event = { .side = SIDE_SERVER };

	if (descriptor < 0)
		return;
	struct sock *sk = socket_of_file(file_of_descriptor(task, descriptor));
	if (!sk || !socket_is_tcp(sk))
		return;
	event_offer(TCP_ACCEPT);
	event_header_of(&event.header, TCP_ACCEPT, task);
	endpoints_of_socket(&event.ends, sk);
	event.round_trip_us = BPF_CORE_READ((struct tcp_sock *)sk, srtt_us) >> 3;
	// A connection that was reset while it waited is accepted all the same, but will not be
	// closed again.
	if (BPF_CORE_READ(sk, __sk_common.skc_state) != TCP_CLOSE) {
		__u64 key = (__u64)sk;
		struct owner *owner = bpf_map_lookup_elem(&owners, &key);
		if (owner)
			owner->header = event.header;
		else
			remember(sk, SIDE_SERVER, task);
	}
	WORKLOAD_ADD(event.header.cgroup_id, accepted, 1);
	report(&event, TCP_ACCEPT);
}

SYSCALL_HANDLER_AND_NEXT(tcp_accept, call)
{
	__u8 operation = tcp_calls[syscall_index(call)];
	__u64 which = call->arguments[0];

	if (operation == CALL_ACCEPT ||
	    (operation == CALL_SOCKETCALL && (which == SOCKETCALL_ACCEPT || which == SOCKETCALL_ACCEPT4)))
		accepted(call->result);
}

// Owners of the connections that were open before us. It writes nothing but the map.
SEC("iter/task_file")
int tcp_snapshot(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct owner owner = {};

	if (!task || !file)
		return 0;
	struct sock *sk = socket_of_file(file);
	if (!sk || !socket_is_tcp(sk))
		return 0;
	__u8 state = BPF_CORE_READ(sk, __sk_common.skc_state);
	if (state == TCP_CLOSE || state == TCP_LISTEN)
		return 0;
	__u64 key = (__u64)sk;
	event_header_of(&owner.header, 0, task);
	bpf_map_update_elem(&owners, &key, &owner, BPF_NOEXIST);
	return 0;
}
