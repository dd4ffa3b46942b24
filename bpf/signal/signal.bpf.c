//go:build ignore
// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Tracer "signal": signals that processes send to others and that kill or stop, where they go across
// users or cgroups, or to the init process of a pid namespace.
#include "../include/event.h"
#include "../include/pid.h"
#include "../include/signal.h"
#include "../include/workload.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

enum signal_kind {
	SIGNAL_SEND = 0,
};

// Why a signal is worth an event.
enum signal_crossing {
	SIGNAL_ACROSS_USERS = 1,   // the effective users differ
	SIGNAL_ACROSS_CGROUPS = 2,
	SIGNAL_TO_INIT = 4,	   // pid 1 of some pid namespace
};

// enum in include/trace/events/signal.h
enum signal_result {
	SIGNAL_DELIVERED = 0,
	SIGNAL_NOT_WANTED = 1,	   // ignored by the target
	SIGNAL_ALREADY_PENDING = 2,
	SIGNAL_OVERFLOW = 3,	   // no room in the target's queue
	SIGNAL_WITHOUT_SENDER = 4, // delivered, but the target can't tell who sent it
};

struct signal_event {
	struct event_header header; // of the sender
	struct event_header target;
	__s32 code;
	__u16 number;
	__u8 crossings;
	__u8 handling;
	__u8 result;
	__u8 reserved[7];
};

EXPORT_TYPE(struct, event_header);
EXPORT_TYPE(struct, signal_event);
EXPORT_TYPE(enum, signal_kind);
EXPORT_TYPE(enum, signal_crossing);
EXPORT_TYPE(enum, signal_handling);
EXPORT_TYPE(enum, signal_result);

struct signal_workload {
	__u64 sends;
};

WORKLOADS(signal_workload)

static __always_inline __u8 crossings_between(struct task_struct *sender, struct task_struct *target)
{
	__u8 crossings = 0;

	if (BPF_CORE_READ(sender, cred, euid.val) != BPF_CORE_READ(target, cred, euid.val))
		crossings |= SIGNAL_ACROSS_USERS;
	if (cgroup_of_task(sender) != cgroup_of_task(target))
		crossings |= SIGNAL_ACROSS_CGROUPS;
	if (pid_in_own_namespace(BPF_CORE_READ(target, signal, pids[PIDTYPE_TGID])) == 1)
		crossings |= SIGNAL_TO_INIT;
	return crossings;
}

// crossings_of returns 0 for a signal that is worth no event. The checks that most signals fail come
// first: each process that ends sends a SIGCHLD.
static __always_inline __u8 crossings_of(int number, struct kernel_siginfo *info, struct task_struct *sender,
					 struct task_struct *target, int result)
{
	// One that is pending already changes nothing.
	if (signal_is_in(number, SIGNALS_THAT_DO_NOTHING) || result == SIGNAL_ALREADY_PENDING)
		return 0;
	if (BPF_CORE_READ(sender, tgid) == BPF_CORE_READ(target, tgid) || !signal_is_of_user(info, sender))
		return 0;
	return crossings_between(sender, target);
}

static __always_inline void report(struct task_struct *sender, struct kernel_siginfo *info, struct task_struct *target,
				   int number, int result, __u8 crossings)
{
	struct signal_event event = { .number = number, .result = result, .crossings = crossings };

	event_header_of(&event.header, SIGNAL_SEND, sender);
	if (!event_wanted(&event.header))
		return;
	event_header_of(&event.target, SIGNAL_SEND, target);
	event.code = signal_code(info);
	event.handling = signal_handling(target, number);
	WORKLOAD_ADD(event.header.cgroup_id, sends, 1);
	event_submit(SIGNAL_SEND, &event, sizeof(event));
}

static __always_inline int generated(int number, struct kernel_siginfo *info, struct task_struct *target, int result)
{
	struct task_struct *sender = (void *)bpf_get_current_task();
	__u8 crossings = crossings_of(number, info, sender, target, result);

	event_offer(SIGNAL_SEND);
	if (crossings)
		report(sender, info, target, number, result, crossings);
	else
		event_filter(SIGNAL_SEND);
	return 0;
}

SEC("tp_btf/signal_generate")
int BPF_PROG(signal_generate, int number, struct kernel_siginfo *info, struct task_struct *target, int group, int result)
{
	return generated(number, info, target, result);
}

SEC("raw_tp/signal_generate")
int BPF_PROG(signal_generate_raw, int number, struct kernel_siginfo *info, struct task_struct *target, int group, int result)
{
	return generated(number, info, target, result);
}
