// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// What the tracer remembers, and how it counts.
#ifndef MEERKAT_PRIVILEGE_STATE_H
#define MEERKAT_PRIVILEGE_STATE_H

#include "../include/tail.h"
#include "../include/workload.h"
#include "types.h"

// In the order of the kinds. Those that failed count too.
struct privilege_workload {
	__u64 user_changes;
	__u64 group_changes;
	__u64 capabilities_changes;
	__u64 capability_uses;
	__u64 namespace_changes;
	__u64 root_changes;
	__u64 restriction_changes;
};

WORKLOADS(privilege_workload)

struct seen_key {
	struct process_key process;
	__u16 kind;
	__u16 operation;
	__s32 error;
	__u64 first, second; // what is particular to it
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, SEEN_MAX);
	__type(key, struct seen_key);
	__type(value, __u64); // when it was reported
} seen SEC(".maps");

// Credentials at the beginning of calls, by pid_tgid.
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CALLS_MAX);
	__type(key, __u64);
	__type(value, struct credentials);
} calls SEC(".maps");

#define ROOT_TAIL_BYTES (3 * PATH_BYTES_MAX + TAIL_SLACK_BYTES)
struct privilege_scratch {
	union {
		struct ids_event ids;
		struct capabilities_event capabilities;
		struct namespace_event namespaces;
		struct restriction_event restriction;
		struct {
			struct root_event event;
			char tail[ROOT_TAIL_BYTES];
		} root;
	};
	struct credentials before;
	struct credentials after;
	struct seen_key key;
};

SCRATCH(scratch_map, privilege_scratch);
SCRATCH(enter_scratch_map, credentials);

enum path_slot { SLOT_ROOT };

// already_seen tells whether the same thing was reported in the window before.
static __always_inline bool already_seen(struct seen_key *key, struct event_header *header)
{
	__u64 now = header->time_ns;

	if (!window_ns)
		return false;
	key->process = header->process;
	key->kind = header->kind;
	__u64 *reported = bpf_map_lookup_elem(&seen, key);
	if (reported && now - *reported < window_ns)
		return true;
	bpf_map_update_elem(&seen, key, &now, BPF_ANY);
	return false;
}

// begin fills the header. It reports whether the event is wanted; if not, it has been accounted for.
static __always_inline bool begin(struct event_header *header, __u32 kind, struct task_struct *task)
{
	event_header_of(header, kind, task);
	if (!event_wanted(header))
		return false;
	struct privilege_workload *workload = workload_of(header->cgroup_id);
	FORGET(kind);
	if (workload && kind <= PRIVILEGE_RESTRICTION_CHANGE)
		__sync_fetch_and_add((__u64 *)workload + kind, 1);
	return true;
}

// particular says what makes an event another one than the last of its kind.
static __always_inline void particular(struct seen_key *key, __u16 operation, long error, __u64 first, __u64 second)
{
	key->operation = operation;
	key->error = error;
	key->first = first;
	key->second = second;
}

#define GROUP_HASH_BASIS 0xcbf29ce484222325ULL
#define GROUP_HASH_PRIME 0x100000001b3ULL

// groups_hash reads the supplementary groups, into list if there is one.
static __always_inline __u64 groups_hash(struct group_info *info, __u32 *list, __u32 *count)
{
	__u64 hash = GROUP_HASH_BASIS;
	__u32 all = BPF_CORE_READ(info, ngroups);
	char *first = (void *)info + bpf_core_field_offset(struct group_info, gid);

	*count = all;
	for (int i = 0; i < GROUPS_LISTED_MAX; i++) {
		__u32 id = 0;

		if (i >= all)
			break;
		bpf_probe_read_kernel(&id, sizeof(id), first + i * sizeof(id));
		if (list)
			list[i] = id;
		hash = (hash ^ id) * GROUP_HASH_PRIME;
	}
	return (hash ^ all) * GROUP_HASH_PRIME;
}

// include/linux/sched.h: PFA_NO_NEW_PRIVS is bit 0.
#define TASK_NO_NEW_PRIVILEGES 1

static __always_inline void credentials_of(struct credentials *credentials, struct task_struct *task)
{
	const struct cred *cred = BPF_CORE_READ(task, cred);

	credentials->user.real = BPF_CORE_READ(cred, uid.val);
	credentials->user.effective = BPF_CORE_READ(cred, euid.val);
	credentials->user.saved = BPF_CORE_READ(cred, suid.val);
	credentials->user.filesystem = BPF_CORE_READ(cred, fsuid.val);
	credentials->group.real = BPF_CORE_READ(cred, gid.val);
	credentials->group.effective = BPF_CORE_READ(cred, egid.val);
	credentials->group.saved = BPF_CORE_READ(cred, sgid.val);
	credentials->group.filesystem = BPF_CORE_READ(cred, fsgid.val);
	BPF_CORE_READ_INTO(&credentials->capabilities.effective, cred, cap_effective);
	BPF_CORE_READ_INTO(&credentials->capabilities.permitted, cred, cap_permitted);
	BPF_CORE_READ_INTO(&credentials->capabilities.inheritable, cred, cap_inheritable);
	BPF_CORE_READ_INTO(&credentials->capabilities.ambient, cred, cap_ambient);
	credentials->groups_hash = 0;
	credentials->securebits = BPF_CORE_READ(cred, securebits);
	credentials->no_new_privileges = BPF_CORE_READ(task, atomic_flags) & TASK_NO_NEW_PRIVILEGES;
}

#endif
