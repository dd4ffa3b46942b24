// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Changes of ids, capabilities and restrictions, at the end of system calls.
#ifndef MEERKAT_PRIVILEGE_CHANGES_H
#define MEERKAT_PRIVILEGE_CHANGES_H

#include "state.h"

// include/uapi/linux/prctl.h
#define PR_SET_KEEPCAPS 8
#define PR_SET_SECCOMP 22
#define PR_SET_SECUREBITS 28
#define PR_SET_NO_NEW_PRIVS 38
#define PR_CAP_AMBIENT 47
#define PR_CAP_AMBIENT_IS_SET 1
#define PR_CAP_AMBIENT_RAISE 2

static __always_inline __u8 prctl_operation(unsigned long option)
{
	switch (option) {
	case PR_SET_KEEPCAPS:
		return OPERATION_KEEP_CAPABILITIES;
	case PR_SET_SECCOMP:
		return OPERATION_SECCOMP;
	case PR_SET_SECUREBITS:
		return OPERATION_SECUREBITS;
	case PR_SET_NO_NEW_PRIVS:
		return OPERATION_NO_NEW_PRIVILEGES;
	case PR_CAP_AMBIENT:
		return OPERATION_AMBIENT;
	}
	return OPERATION_NONE;
}

// take_before moves what was remembered into scratch->before. It reports whether there was anything.
static __always_inline bool take_before(struct privilege_scratch *scratch)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct credentials *before = bpf_map_lookup_elem(&calls, &id);

	if (!before)
		return false;
	scratch->before = *before;
	bpf_map_delete_elem(&calls, &id);
	return true;
}

static __always_inline bool same_ids(struct ids *a, struct ids *b)
{
	return a->real == b->real && a->effective == b->effective && a->saved == b->saved && a->filesystem == b->filesystem;
}

static __always_inline void requested_ids(struct ids *ids, __u8 operation, struct syscall *call)
{
	ids->real = ids->effective = ids->saved = ids->filesystem = ID_UNCHANGED;
	switch (operation) {
	case OPERATION_SETUID:
	case OPERATION_SETGID:
		ids->effective = call->arguments[0];
		break;
	case OPERATION_SETRESUID:
	case OPERATION_SETRESGID:
		ids->saved = call->arguments[2];
		// fallthrough
	case OPERATION_SETREUID:
	case OPERATION_SETREGID:
		ids->real = call->arguments[0];
		ids->effective = call->arguments[1];
		break;
	}
}

static __always_inline __u64 both(__u32 high, __u32 low)
{
	return (__u64)high << 32 | low;
}

static __always_inline void ids_change(struct privilege_scratch *scratch, struct task_struct *task, __u8 operation,
				       struct syscall *call, bool known)
{
	struct ids_event *event = &scratch->ids;
	__u32 kind = operation >= OPERATION_SETGID ? PRIVILEGE_GROUP_CHANGE : PRIVILEGE_USER_CHANGE;
	bool is_user = kind == PRIVILEGE_USER_CHANGE;

	event_offer(kind);
	__builtin_memset(event, 0, sizeof(*event));
	credentials_of(&scratch->after, task);
	event->before = is_user ? scratch->before.user : scratch->before.group;
	event->after = is_user ? scratch->after.user : scratch->after.group;
	if (operation == OPERATION_SETGROUPS)
		scratch->after.groups_hash =
			groups_hash(BPF_CORE_READ(task, cred, group_info), event->groups, &event->group_count);
	if (call->result < 0) {
		requested_ids(&event->after, operation, call);
		if (operation == OPERATION_SETGROUPS)
			event->group_count = call->arguments[0];
	} else if (known && same_ids(&event->before, &event->after) &&
		   scratch->before.groups_hash == scratch->after.groups_hash) {
		event_filter(kind);
		return;
	}
	if (!begin(&event->header, kind, task))
		return;
	event->operation = operation;
	event->error = call->result < 0 ? call->result : 0;
	event->flags = known ? PRIVILEGE_BEFORE_KNOWN : 0;
	if (operation == OPERATION_SETGROUPS && !event->error) {
		event->groups_listed = at_most(event->group_count, GROUPS_LISTED_MAX);
		if (event->group_count > GROUPS_LISTED_MAX)
			event->flags |= PRIVILEGE_GROUPS_CUT;
	}
	particular(&scratch->key, operation, event->error, both(event->after.real, event->after.effective) ^ scratch->after.groups_hash,
		   both(event->after.saved, event->after.filesystem));
	if (already_seen(&scratch->key, &event->header)) {
		event_aggregate(kind);
		return;
	}
	if (!known || event->flags & PRIVILEGE_GROUPS_CUT)
		event_cut(kind);
	event_submit(kind, event, sizeof(*event));
}

static __always_inline bool same_capabilities(struct capabilities *a, struct capabilities *b)
{
	return a->effective == b->effective && a->permitted == b->permitted && a->inheritable == b->inheritable &&
	       a->ambient == b->ambient;
}

// include/uapi/linux/capability.h: two of these make the sets, the lower halves first.
struct user_capabilities {
	__u32 effective, permitted, inheritable;
};

static __always_inline void requested_capabilities(struct capabilities *sets, __u8 operation, struct syscall *call)
{
	struct user_capabilities halves[2] = {};

	__builtin_memset(sets, 0, sizeof(*sets));
	if (operation == OPERATION_AMBIENT) {
		if (call->arguments[1] == PR_CAP_AMBIENT_RAISE)
			sets->ambient = 1ULL << (call->arguments[2] & (CAPABILITIES_MAX - 1));
		return;
	}
	if (bpf_probe_read_user(halves, sizeof(halves), (void *)call->arguments[1]))
		return;
	sets->effective = both(halves[1].effective, halves[0].effective);
	sets->permitted = both(halves[1].permitted, halves[0].permitted);
	sets->inheritable = both(halves[1].inheritable, halves[0].inheritable);
}

static __always_inline void capabilities_change(struct privilege_scratch *scratch, struct task_struct *task, __u8 operation,
						struct syscall *call, bool known)
{
	struct capabilities_event *event = &scratch->capabilities;
	__u32 kind = PRIVILEGE_CAPABILITIES_CHANGE;

	event_offer(kind);
	__builtin_memset(event, 0, sizeof(*event));
	credentials_of(&scratch->after, task);
	event->before = scratch->before.capabilities;
	event->after = scratch->after.capabilities;
	if (call->result < 0) {
		requested_capabilities(&event->after, operation, call);
	} else if (known && same_capabilities(&event->before, &event->after)) {
		event_filter(kind);
		return;
	}
	if (!begin(&event->header, kind, task))
		return;
	event->operation = operation;
	event->error = call->result < 0 ? call->result : 0;
	event->flags = known ? PRIVILEGE_BEFORE_KNOWN : 0;
	particular(&scratch->key, operation, event->error, event->after.effective ^ event->after.ambient << 1,
		   event->after.permitted ^ event->after.inheritable << 1);
	if (already_seen(&scratch->key, &event->header)) {
		event_aggregate(kind);
		return;
	}
	if (!known)
		event_cut(kind);
	event_submit(kind, event, sizeof(*event));
}

// include/uapi/linux/seccomp.h: an operation of seccomp(), and a mode of prctl(PR_SET_SECCOMP)
#define SECCOMP_SET_MODE_FILTER 1
#define SECCOMP_MODE_FILTER 2

static __always_inline void restriction_change(struct privilege_scratch *scratch, struct task_struct *task, __u8 operation,
					       struct syscall *call, bool known)
{
	struct restriction_event *event = &scratch->restriction;
	__u32 kind = PRIVILEGE_RESTRICTION_CHANGE;
	long error = call->result < 0 ? call->result : 0;

	event_offer(kind);
	__builtin_memset(event, 0, sizeof(*event));
	credentials_of(&scratch->after, task);
	switch (operation) {
	case OPERATION_SECCOMP:
		event->after = BPF_CORE_READ(task, seccomp.mode);
		if (bpf_core_field_exists(task->seccomp.filter_count))
			event->filters = BPF_CORE_READ(task, seccomp.filter_count.counter);
		break;
	case OPERATION_NO_NEW_PRIVILEGES:
		event->before = scratch->before.no_new_privileges;
		event->after = scratch->after.no_new_privileges;
		break;
	default:
		event->before = scratch->before.securebits;
		event->after = scratch->after.securebits;
	}
	if (!error && known && event->before == event->after) {
		event_filter(kind);
		return;
	}
	if (!begin(&event->header, kind, task))
		return;
	event->operation = operation;
	event->error = error;
	event->flags = known ? PRIVILEGE_BEFORE_KNOWN : 0;
	if (error && operation == OPERATION_SECUREBITS)
		event->after = call->arguments[1]; // what was asked for
	particular(&scratch->key, operation, error, event->after, event->filters);
	if (already_seen(&scratch->key, &event->header)) {
		event_aggregate(kind);
		return;
	}
	event_submit(kind, event, sizeof(*event));
}

static __always_inline void seccomp_change(struct privilege_scratch *scratch, struct task_struct *task, struct syscall *call,
					   bool by_prctl)
{
	// No filter, or flags for a mode that has none: libraries try so what the kernel knows.
	bool wants_filter = by_prctl ? call->arguments[1] == SECCOMP_MODE_FILTER : call->arguments[0] == SECCOMP_SET_MODE_FILTER;
	bool has_flags = !by_prctl && call->arguments[1];

	if (call->result < 0 && !call->arguments[2] && (wants_filter || has_flags)) {
		event_offer(PRIVILEGE_RESTRICTION_CHANGE);
		event_filter(PRIVILEGE_RESTRICTION_CHANGE);
		return;
	}
	restriction_change(scratch, task, OPERATION_SECCOMP, call, false);
}

#endif
