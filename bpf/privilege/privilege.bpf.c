//go:build ignore
// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Tracer "privilege": how processes come by privileges, use them, and give them up.
//
// What a system call has changed is read from the kernel's structs at its end. What was there before is
// remembered at its beginning, so that calls that change nothing are told from those that do.
#include "../include/event.h"
#include "../include/file.h"
#include "../include/namespace.h"
#include "../include/syscall.h"
#include "../include/tail.h"
#include "../include/workload.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

enum privilege_kind {
	PRIVILEGE_USER_CHANGE = 0,
	PRIVILEGE_GROUP_CHANGE = 1,
	PRIVILEGE_CAPABILITIES_CHANGE = 2,
	PRIVILEGE_CAPABILITY_USE = 3,
	PRIVILEGE_NAMESPACE_CHANGE = 4,
	PRIVILEGE_ROOT_CHANGE = 5,
	PRIVILEGE_RESTRICTION_CHANGE = 6,
};

// What was called. User space fills a table of them by number of system call.
enum privilege_operation {
	OPERATION_NONE = 0,
	OPERATION_SETUID = 1,
	OPERATION_SETREUID = 2,
	OPERATION_SETRESUID = 3,
	OPERATION_SETFSUID = 4,
	OPERATION_SETGID = 5,
	OPERATION_SETREGID = 6,
	OPERATION_SETRESGID = 7,
	OPERATION_SETFSGID = 8,
	OPERATION_SETGROUPS = 9,
	OPERATION_CAPSET = 10,
	OPERATION_PRCTL = 11, // one of those below
	OPERATION_SECCOMP = 12,
	OPERATION_SETNS = 13,
	OPERATION_UNSHARE = 14,
	OPERATION_CLONE = 15,
	OPERATION_CLONE3 = 16,
	OPERATION_CHROOT = 17,
	OPERATION_PIVOT_ROOT = 18,
	OPERATION_AMBIENT = 19,
	OPERATION_SECUREBITS = 20,
	OPERATION_KEEP_CAPABILITIES = 21,
	OPERATION_NO_NEW_PRIVILEGES = 22,
};

enum privilege_flags {
	// What was there before is known.
	PRIVILEGE_BEFORE_KNOWN = 1,
	// There are more supplementary groups than are listed.
	PRIVILEGE_GROUPS_CUT = 2,
	// The system call is a 32-bit one, which has other numbers.
	PRIVILEGE_COMPAT = 4,
	// It happened in a system call, whose number is known.
	PRIVILEGE_IN_SYSCALL = 8,
	PRIVILEGE_ROOT_UNREACHABLE = 16,
};

// How a call comes to account for memory.
enum memory_call {
	MEMORY_CALL_NEVER = 0,
	MEMORY_CALL_ALWAYS = 1,
	// It writes to a descriptor, its first argument or its third: if that is a file in memory.
	MEMORY_CALL_WRITES_TO_FIRST = 2,
	MEMORY_CALL_WRITES_TO_THIRD = 3,
};

enum capability_scope {
	CAPABILITIES_IN_CONTAINERS = 0,
	CAPABILITIES_EVERYWHERE = 1,
};

// Things that happened, and are remembered for the deduplication window. Of more than these the ones that
// were not repeated for longest are forgotten, and reported when they happen again.
#define SEEN_MAX 4096
// Calls between their beginning and their end. What was before further ones is not known (counter: cut).
#define CALLS_MAX 1024
// Supplementary groups that are listed (counter: cut).
#define GROUPS_LISTED_MAX 32
#define CAPABILITIES_MAX 64

const volatile __u8 operations[2 * SYSCALLS_MAX] = {}; // native calls, then 32-bit ones
// Calls in which the kernel asks for CAP_SYS_ADMIN only to see whether memory that is set aside for
// administrators may be used, which says nothing of the process.
const volatile __u8 memory_calls[2 * SYSCALLS_MAX] = {};
const volatile __u64 window_ns = 60000000000ULL;
// A bit for each capability whose use is reported.
const volatile __u64 capabilities_reported = 0;
const volatile __u32 capability_use_scope = CAPABILITIES_IN_CONTAINERS;
#define ID_UNCHANGED ((__u32)-1)

struct ids {
	__u32 real;
	__u32 effective;
	__u32 saved;
	__u32 filesystem;
};

struct capabilities {
	__u64 effective;
	__u64 permitted;
	__u64 inheritable;
	__u64 ambient;
};

struct credentials {
	struct ids user;
	struct ids group;
	struct capabilities capabilities;
	__u64 groups_hash;
	__u32 securebits;
	__u32 no_new_privileges;
};

// Of a failed call, the ids after it are those that were asked for, as the caller's namespace has them.
struct ids_event {
	struct event_header header;
	struct ids before;
	struct ids after;
	__s32 error;
	__u32 group_count; // supplementary; of setgroups()
	__u32 groups[GROUPS_LISTED_MAX];
	__u8 operation;
	__u8 flags;
	__u8 groups_listed;
	__u8 reserved[5];
};

struct capabilities_event {
	struct event_header header;
	struct capabilities before;
	struct capabilities after;
	__s32 error;
	__u8 operation;
	__u8 flags;
	__u8 reserved[2];
};

struct capability_use_event {
	struct event_header header;
	__u32 capability;
	__s32 error; // 0 if it was granted
	__u32 syscall;
	__u32 user_namespace; // in which it was asked for
	__u8 flags;
	__u8 reserved[7];
};

struct namespace_event {
	struct event_header header;
	struct namespaces namespaces; // after the call
	__u32 kinds; // that were changed, or were to be: flags of clone()
	__u32 target; // setns(): inode of what the descriptor stands for, 0 for a process
	__s32 error;
	__u8 operation;
	__u8 flags;
	__u8 reserved[2];
};

// Strings behind it: the directory that the arguments are relative to, the new root as it was given, the
// new root as the mount namespace has it, its file system's type.
struct root_event {
	struct event_header header;
	__s32 error;
	__u32 mount_namespace;
	__u16 directory_bytes;
	__u16 argument_bytes;
	__u16 root_bytes;
	__u16 filesystem_bytes;
	__u8 directory_flags;
	__u8 root_flags;
	__u8 operation;
	__u8 reserved[5];
};

struct restriction_event {
	struct event_header header;
	__u32 before;
	__u32 after; // no_new_privs: 0 or 1; securebits; seccomp: the mode
	__u32 filters; // seccomp: how many now
	__s32 error;
	__u8 operation;
	__u8 flags;
	__u8 reserved[6];
};

EXPORT_TYPE(struct, event_header);
EXPORT_TYPE(struct, ids_event);
EXPORT_TYPE(struct, capabilities_event);
EXPORT_TYPE(struct, capability_use_event);
EXPORT_TYPE(struct, namespace_event);
EXPORT_TYPE(struct, root_event);
EXPORT_TYPE(struct, restriction_event);
EXPORT_TYPE(enum, privilege_kind);
EXPORT_TYPE(enum, privilege_operation);
EXPORT_TYPE(enum, privilege_flags);
EXPORT_TYPE(enum, capability_scope);
EXPORT_TYPE(enum, memory_call);

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

// Tracepoints of single calls don't run for 32-bit ones: what was before those is not known.
SEC("tracepoint/syscalls/sys_enter_setuid")
int privilege_enter(struct trace_event_raw_sys_enter *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u64 id = bpf_get_current_pid_tgid();
	__u32 zero = 0, count, number = ctx->id;
	struct credentials *credentials = bpf_map_lookup_elem(&enter_scratch_map, &zero);

	FORGET(number);
	if (!credentials || number >= SYSCALLS_MAX)
		return 0;
	__u8 operation = operations[number];
	if (operation == OPERATION_PRCTL)
		operation = prctl_operation(ctx->args[0]);
	if (operation == OPERATION_NONE || operation == OPERATION_SECCOMP)
		return 0;
	credentials_of(credentials, task);
	if (operation == OPERATION_SETGROUPS)
		credentials->groups_hash = groups_hash(BPF_CORE_READ(task, cred, group_info), NULL, &count);
	bpf_map_update_elem(&calls, &id, credentials, BPF_ANY);
	return 0;
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

// include/uapi/linux/magic.h
#define NSFS_MAGIC 0x6e736673

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

static __always_inline void submit_namespaces(struct namespace_event *event, struct seen_key *key)
{
	__u32 kind = PRIVILEGE_NAMESPACE_CHANGE;
	struct namespaces *now = &event->namespaces;

	particular(key, event->operation, event->error, both(event->kinds, event->target),
		   both(now->mount ^ now->net << 8, now->user ^ now->pid << 8) ^ now->uts ^ now->ipc << 4 ^ now->cgroup << 16 ^ now->time);
	if (already_seen(key, &event->header)) {
		event_aggregate(kind);
		return;
	}
	event_submit(kind, event, sizeof(*event));
}

static __always_inline void namespace_change(struct privilege_scratch *scratch, struct task_struct *task, __u8 operation,
					     struct syscall *call)
{
	struct namespace_event *event = &scratch->namespaces;
	__u32 kind = PRIVILEGE_NAMESPACE_CHANGE;
	__u64 flags = call->arguments[0];

	if (operation == OPERATION_CLONE3)
		bpf_probe_read_user(&flags, sizeof(flags), (void *)call->arguments[0]);
	if (operation == OPERATION_SETNS)
		flags = call->arguments[1];
	else if (!(flags & CLONE_NEW_ANY))
		return; // none of ours
	event_offer(kind);
	__builtin_memset(event, 0, sizeof(*event));
	event->kinds = flags & CLONE_NEW_ANY;
	if (operation == OPERATION_SETNS) {
		struct file *file = file_of_descriptor(task, call->arguments[0]);
		struct inode *inode = BPF_CORE_READ(file, f_inode);
		if (BPF_CORE_READ(inode, i_sb, s_magic) == NSFS_MAGIC) {
			event->target = BPF_CORE_READ(inode, i_ino);
			if (!event->kinds)
				event->kinds = namespace_kind(inode);
		}
	}
	if (!begin(&event->header, kind, task))
		return;
	namespaces_of(&event->namespaces, task);
	event->operation = operation;
	event->error = call->result < 0 ? call->result : 0;
	submit_namespaces(event, &scratch->key);
}

// What clone() has made is seen at the child, before it runs.
static __always_inline int child_in_new_namespaces(struct task_struct *parent, struct task_struct *child)
{
	struct namespace_event event = {};
	struct namespaces before;
	struct seen_key key = {};

	if (BPF_CORE_READ(parent, nsproxy) == BPF_CORE_READ(child, nsproxy) &&
	    BPF_CORE_READ(parent, cred, user_ns) == BPF_CORE_READ(child, cred, user_ns))
		return 0;
	namespaces_of(&before, parent);
	namespaces_of(&event.namespaces, child);
	event.kinds = namespaces_differ(&before, &event.namespaces);
	if (!event.kinds)
		return 0;
	event_offer(PRIVILEGE_NAMESPACE_CHANGE);
	if (!begin(&event.header, PRIVILEGE_NAMESPACE_CHANGE, child))
		return 0;
	event.operation = OPERATION_CLONE;
	submit_namespaces(&event, &key);
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(privilege_fork, struct task_struct *parent, struct task_struct *child)
{
	return child_in_new_namespaces(parent, child);
}

SEC("raw_tp/sched_process_fork")
int BPF_PROG(privilege_fork_raw, struct task_struct *parent, struct task_struct *child)
{
	return child_in_new_namespaces(parent, child);
}

static __always_inline void root_change(struct privilege_scratch *scratch, struct task_struct *task, __u8 operation,
					struct syscall *call)
{
	struct root_event *event = &scratch->root.event;
	char *tail = scratch->root.tail;
	__u32 kind = PRIVILEGE_ROOT_CHANGE, used = 0;
	struct fs_struct *fs = BPF_CORE_READ(task, fs);
	struct vfsmount *mnt = BPF_CORE_READ(fs, root.mnt);
	struct dentry *dentry = BPF_CORE_READ(fs, root.dentry);
	char first = 0;

	event_offer(kind);
	__builtin_memset(event, 0, sizeof(*event));
	if (!begin(&event->header, kind, task))
		return;
	event->operation = operation;
	event->error = call->result < 0 ? call->result : 0;
	event->mount_namespace = mount_namespace_of(task);
	particular(&scratch->key, operation, event->error, (__u64)mnt, (__u64)dentry);
	if (already_seen(&scratch->key, &event->header)) {
		event_aggregate(kind);
		return;
	}
	bpf_probe_read_user(&first, 1, (void *)call->arguments[0]);
	if (first != '/')
		event->directory_bytes = tail_path(tail, ROOT_TAIL_BYTES, &used, path_of_working_directory(SLOT_ROOT, task),
						   &event->directory_flags);
	event->argument_bytes = tail_user_string(tail, ROOT_TAIL_BYTES, &used, (void *)call->arguments[0]);
	if (!event->error) {
		struct mount *top = BPF_CORE_READ(task, nsproxy, mnt_ns, root);
		__u64 top_mnt = (__u64)top + bpf_core_field_offset(struct mount, mnt);
		path_resolve(SLOT_ROOT, (__u64)mnt, (__u64)dentry, top_mnt, (__u64)BPF_CORE_READ(top, mnt.mnt_root));
		__u32 slot = SLOT_ROOT;
		event->root_bytes = tail_path(tail, ROOT_TAIL_BYTES, &used, bpf_map_lookup_elem(&path_buffers, &slot),
					      &event->root_flags);
		event->filesystem_bytes = tail_kernel_string(tail, ROOT_TAIL_BYTES, &used,
							     BPF_CORE_READ(dentry, d_sb, s_type, name));
	}
	if ((event->root_flags | event->directory_flags) & PATH_CUT)
		event_cut(kind);
	event_submit(kind, event, sizeof(*event) + at_most(used, ROOT_TAIL_BYTES));
}

SYSCALL_HANDLER(privilege_syscall, call)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u32 zero = 0, index = call->number;
	struct privilege_scratch *scratch = bpf_map_lookup_elem(&scratch_map, &zero);

	FORGET(index);
	if (!scratch || index >= SYSCALLS_MAX)
		return;
	if (call->compat)
		index += SYSCALLS_MAX;
	__u8 operation = operations[index];
	bool by_prctl = operation == OPERATION_PRCTL;
	if (by_prctl)
		operation = prctl_operation(call->arguments[0]);
	switch (operation) {
	case OPERATION_SETUID ... OPERATION_SETGROUPS:
		ids_change(scratch, task, operation, call, take_before(scratch));
		break;
	case OPERATION_AMBIENT:
		if (call->arguments[1] == PR_CAP_AMBIENT_IS_SET) {
			take_before(scratch);
			break;
		}
		// fallthrough
	case OPERATION_CAPSET:
		capabilities_change(scratch, task, operation, call, take_before(scratch));
		break;
	case OPERATION_SECCOMP:
		// The other operations of seccomp() change nothing.
		if (by_prctl || call->arguments[0] <= SECCOMP_SET_MODE_FILTER)
			seccomp_change(scratch, task, call, by_prctl);
		break;
	case OPERATION_SECUREBITS ... OPERATION_NO_NEW_PRIVILEGES:
		restriction_change(scratch, task, operation, call, take_before(scratch));
		break;
	case OPERATION_SETNS:
	case OPERATION_UNSHARE:
		namespace_change(scratch, task, operation, call);
		break;
	case OPERATION_CLONE:
	case OPERATION_CLONE3:
		if (call->result < 0)
			namespace_change(scratch, task, operation, call);
		break;
	case OPERATION_CHROOT:
	case OPERATION_PIVOT_ROOT:
		root_change(scratch, task, operation, call);
		break;
	}
}

// include/uapi/linux/capability.h
#define CAP_SYS_ADMIN 21
// include/uapi/linux/magic.h
#define TMPFS_MAGIC 0x01021994

enum bpf_func_id { BPF_FUNC_task_pt_regs = 175 };

// Before 5.15 there is no helper that tells where the registers of the system call are: at the top of the
// task's stack, whose size is that of a kernel without debugging of memory.
#define THREAD_BYTES (16 << 10)

static __always_inline struct pt_regs *registers_of_current(void)
{
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs))
		return (void *)bpf_task_pt_regs(bpf_get_current_task_btf());
	struct task_struct *task = (void *)bpf_get_current_task();
	return BPF_CORE_READ(task, stack) + THREAD_BYTES - bpf_core_type_size(struct pt_regs);
}

#if defined(__TARGET_ARCH_x86)
#define CURRENT_SYSCALL(regs) BPF_CORE_READ(regs, orig_ax)
#define FUNCTION_ARGUMENT_1(regs) ((regs)->di)
#define FUNCTION_ARGUMENT_2(regs) ((regs)->si)
#define FUNCTION_ARGUMENT_3(regs) ((regs)->dx)
#define FUNCTION_ARGUMENT_4(regs) ((regs)->cx)
#elif defined(__TARGET_ARCH_arm64)
#define CURRENT_SYSCALL(regs) BPF_CORE_READ(regs, syscallno)
#define FUNCTION_ARGUMENT_1(regs) ((regs)->regs[0])
#define FUNCTION_ARGUMENT_2(regs) ((regs)->regs[1])
#define FUNCTION_ARGUMENT_3(regs) ((regs)->regs[2])
#define FUNCTION_ARGUMENT_4(regs) ((regs)->regs[3])
#endif

// current_syscall fills everything but the result. In what is no system call, such as a page fault, the
// number is out of range.
static __always_inline void current_syscall(struct syscall *call, struct task_struct *task)
{
	struct pt_regs *regs = registers_of_current();
	__u32 number = CURRENT_SYSCALL(regs);

	call->compat = syscall_is_compat(task);
#if defined(__TARGET_ARCH_x86)
	if ((__s32)number >= 0)
		number &= ~SYSCALL_X32_BIT;
#endif
	call->number = number;
	syscall_arguments(call, regs);
}

// is_about_memory tells when CAP_SYS_ADMIN was asked for only to account for memory: see memory_calls.
static __always_inline bool is_about_memory(struct task_struct *task, struct syscall *call)
{
	__u32 index = call->number;
	unsigned long descriptor;

	FORGET(index);
	if (index >= SYSCALLS_MAX)
		return true; // a page fault
	if (call->compat)
		index += SYSCALLS_MAX;
	switch (memory_calls[index]) {
	case MEMORY_CALL_ALWAYS:
		return true;
	case MEMORY_CALL_WRITES_TO_FIRST:
		descriptor = call->arguments[0];
		break;
	case MEMORY_CALL_WRITES_TO_THIRD:
		descriptor = call->arguments[2];
		break;
	default:
		return false;
	}
	struct file *file = file_of_descriptor(task, descriptor);
	return BPF_CORE_READ(file, f_inode, i_sb, s_magic) == TMPFS_MAGIC;
}

static __always_inline int capability_use(const struct cred *cred, struct user_namespace *namespace, int capability,
					  long result, bool opts_known)
{
	struct capability_use_event event = {};
	struct seen_key key = {};
	struct syscall call = {};
	__u32 kind = PRIVILEGE_CAPABILITY_USE;

	if (!(capabilities_reported >> (capability & (CAPABILITIES_MAX - 1)) & 1))
		return 0;
	struct task_struct *task = (void *)bpf_get_current_task();
	// A task that acts with the credentials of another, as file systems do on top of others, doesn't use
	// its own.
	if (BPF_CORE_READ(task, real_cred) != cred || BPF_CORE_READ(task, flags) & PF_KTHREAD)
		return 0;
	if (capability_use_scope == CAPABILITIES_IN_CONTAINERS && !in_container(task)) {
		event_offer(kind);
		event_filter(kind);
		return 0;
	}
	current_syscall(&call, task);
	if (capability == CAP_SYS_ADMIN && !opts_known && is_about_memory(task, &call))
		return 0;
	event_offer(kind);
	if (!begin(&event.header, kind, task))
		return 0;
	event.capability = capability;
	event.error = result;
	event.user_namespace = BPF_CORE_READ(namespace, ns.inum);
	event.syscall = call.number;
	if (call.number < SYSCALLS_MAX)
		event.flags |= PRIVILEGE_IN_SYSCALL;
	if (call.compat)
		event.flags |= PRIVILEGE_COMPAT;
	particular(&key, 0, event.error, capability, 0);
	if (already_seen(&key, &event.header)) {
		event_aggregate(kind);
		return 0;
	}
	event_submit(kind, &event, sizeof(event));
	return 0;
}

SEC("tp_btf/cap_capable")
int BPF_PROG(privilege_capable, const struct cred *cred, struct user_namespace *namespace,
	     const struct user_namespace *capable_namespace, int capability, int result)
{
	return capability_use(cred, namespace, capability, result, false);
}

SEC("raw_tp/cap_capable")
int BPF_PROG(privilege_capable_raw, const struct cred *cred, struct user_namespace *namespace,
	     const struct user_namespace *capable_namespace, int capability, int result)
{
	return capability_use(cred, namespace, capability, result, false);
}

// include/linux/security.h: the kernel only wants to know; nothing is refused for it.
#define CAP_OPT_NOAUDIT 2

SEC("fexit/cap_capable")
int BPF_PROG(privilege_capable_exit, const struct cred *cred, struct user_namespace *namespace, int capability,
	     unsigned int options, int result)
{
	if (options & CAP_OPT_NOAUDIT)
		return 0;
	return capability_use(cred, namespace, capability, result, true);
}

// include/linux/user_namespace.h says 32, and the initial one.
#define USER_NAMESPACES_DEEP_MAX 33
#define EPERM 1

// capability_result is what cap_capable() is about to find out.
static __always_inline long capability_result(const struct cred *cred, struct user_namespace *namespace, int capability)
{
	struct user_namespace *own = BPF_CORE_READ(cred, user_ns);
	__u64 effective = 0;

	BPF_CORE_READ_INTO(&effective, cred, cap_effective);
	for (int i = 0; i < USER_NAMESPACES_DEEP_MAX; i++) {
		if (namespace == own)
			return effective >> (capability & (CAPABILITIES_MAX - 1)) & 1 ? 0 : -EPERM;
		if (BPF_CORE_READ(namespace, level) <= BPF_CORE_READ(own, level))
			return -EPERM;
		struct user_namespace *parent = BPF_CORE_READ(namespace, parent);
		if (parent == own && BPF_CORE_READ(namespace, owner.val) == BPF_CORE_READ(cred, euid.val))
			return 0;
		namespace = parent;
	}
	return -EPERM;
}

SEC("kprobe/cap_capable")
int privilege_capable_entry(struct pt_regs *regs)
{
	const struct cred *cred = (void *)FUNCTION_ARGUMENT_1(regs);
	struct user_namespace *namespace = (void *)FUNCTION_ARGUMENT_2(regs);
	int capability = FUNCTION_ARGUMENT_3(regs);

	if (FUNCTION_ARGUMENT_4(regs) & CAP_OPT_NOAUDIT)
		return 0;
	return capability_use(cred, namespace, capability, capability_result(cred, namespace, capability), true);
}
