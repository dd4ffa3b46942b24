//go:build ignore
// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Tracer "mount": file systems that are mounted, moved, changed and unmounted.
//
// A path that a call was given is told as it was given, with the directory that it is relative to. The
// mount that was made is looked up in the kernel too: it tells where it really is. Options of file systems
// are never read, since there are passwords among them.
#include "../include/namespace.h"
#include "places.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

// include/uapi/linux/mount.h
#define MS_REMOUNT 32
#define MS_BIND 4096
#define MS_MOVE 8192
#define MS_PROPAGATION (1 << 17 | 1 << 18 | 1 << 19 | 1 << 20)
#define MS_MAGIC 0xC0ED0000
#define MS_MAGIC_MASK 0xffff0000
#define OPEN_TREE_CLONE 1
#define FSCONFIG_SET_STRING 1
#define FSCONFIG_SET_FD 5
#define FSCONFIG_CMD_RECONFIGURE 7
// include/linux/fs.h: the descriptor holds a mount that is not in any namespace yet
#define FMODE_NEED_UNMOUNT 0x10000000

// include/uapi/linux/mount.h
struct mount_attributes {
	__u64 set, cleared, propagation;
};

// begin fills the header. It reports whether the event is wanted; if not, it has been accounted for.
static __always_inline bool begin(struct mount_event *event, __u32 kind, __u8 operation, struct task_struct *task,
				  struct syscall *call)
{
	event_offer(kind);
	event_header_of(&event->header, kind, task);
	if (!event_wanted(&event->header))
		return false;
	event->operation = operation;
	event->error = call->result < 0 ? call->result : 0;
	event->mount_namespace = mount_namespace_of(task);
	if (in_container(task))
		event->flags |= MOUNT_IN_CONTAINER;
	struct mount_workload *workload = workload_of(event->header.cgroup_id);
	FORGET(kind);
	if (workload && kind <= MOUNT_CONFIGURE)
		__sync_fetch_and_add((__u64 *)workload + kind, 1);
	return true;
}

static __always_inline void submit(struct mount_scratch *scratch, __u32 used)
{
	struct mount_event *event = &scratch->event;
	__u8 flags = event->source_directory_flags | event->target_directory_flags | event->point_flags | event->root_flags;

	if (flags & PATH_CUT || used > MOUNT_TAIL_BYTES - TAIL_SLACK_BYTES)
		event_cut(event->header.kind);
	event_submit(event->header.kind, event, sizeof(*event) + at_most(used, MOUNT_TAIL_BYTES));
}

// What mount() does is in its flags, in the order in which the kernel looks at them.
static __always_inline __u8 mount_operation_of(__u64 flags)
{
	if (flags & MS_REMOUNT)
		return OPERATION_REMOUNT;
	if (flags & MS_BIND)
		return OPERATION_BIND;
	if (flags & MS_PROPAGATION)
		return OPERATION_PROPAGATION;
	if (flags & MS_MOVE)
		return OPERATION_MOVE;
	return OPERATION_MOUNT;
}

static __always_inline __u32 kind_of(__u8 operation)
{
	switch (operation) {
	case OPERATION_MOVE:
		return MOUNT_MOVE;
	case OPERATION_REMOUNT:
	case OPERATION_PROPAGATION:
		return MOUNT_CHANGE;
	}
	return MOUNT_MOUNT;
}

static __always_inline void by_mount(struct mount_scratch *scratch, struct task_struct *task, struct syscall *call)
{
	struct mount_event *event = &scratch->event;
	__u64 flags = call->arguments[3];
	__u32 used = 0;

	if ((flags & MS_MAGIC_MASK) == MS_MAGIC)
		flags &= ~MS_MAGIC_MASK;
	__u8 operation = mount_operation_of(flags);
	__u32 kind = kind_of(operation);
	if (!begin(event, kind, operation, task, call))
		return;
	event->given_flags = flags;
	if (operation == OPERATION_BIND || operation == OPERATION_MOVE)
		append_source(scratch, task, &used, call->arguments[0], AT_FDCWD);
	else if (operation == OPERATION_MOUNT) // a device, or any text
		event->source_bytes = tail_user_string(scratch->tail, MOUNT_TAIL_BYTES, &used, (void *)call->arguments[0]);
	append_target(scratch, task, &used, call->arguments[1], AT_FDCWD);
	if (kind == MOUNT_MOUNT && !event->error)
		append_mount(scratch, task, &used, newest_mount(BPF_CORE_READ(task, nsproxy, mnt_ns)), true);
	else if (operation == OPERATION_MOUNT)
		event->filesystem_bytes = tail_user_string(scratch->tail, MOUNT_TAIL_BYTES, &used, (void *)call->arguments[2]);
	submit(scratch, used);
}

static __always_inline void by_umount(struct mount_scratch *scratch, struct task_struct *task, __u8 operation,
				      struct syscall *call)
{
	struct mount_event *event = &scratch->event;
	__u32 used = 0;

	if (!begin(event, MOUNT_UNMOUNT, OPERATION_UMOUNT, task, call))
		return;
	if (operation == OPERATION_UMOUNT)
		event->given_flags = call->arguments[1];
	append_target(scratch, task, &used, call->arguments[0], AT_FDCWD);
	submit(scratch, used);
}

static __always_inline void by_move_mount(struct mount_scratch *scratch, struct task_struct *task, struct syscall *call)
{
	struct mount_event *event = &scratch->event;
	struct file *file = NULL;
	__u32 used = 0;

	if (!first_character(call->arguments[1]))
		file = file_of_descriptor(task, call->arguments[0]);
	bool is_new = file && BPF_CORE_READ(file, f_mode) & FMODE_NEED_UNMOUNT;
	if (!begin(event, is_new ? MOUNT_MOUNT : MOUNT_MOVE, OPERATION_MOVE_MOUNT, task, call))
		return;
	if (is_new)
		event->source_bytes = tail_kernel_string(scratch->tail, MOUNT_TAIL_BYTES, &used,
							 BPF_CORE_READ(mount_of_file(file), mnt_devname));
	else
		append_source(scratch, task, &used, call->arguments[1], call->arguments[0]);
	append_target(scratch, task, &used, call->arguments[3], call->arguments[2]);
	if (file) {
		event->flags |= MOUNT_BY_DESCRIPTOR;
		append_mount(scratch, task, &used, mount_of_file(file), !event->error);
	}
	submit(scratch, used);
}

static __always_inline void by_fsopen(struct mount_scratch *scratch, struct task_struct *task, struct syscall *call)
{
	struct mount_event *event = &scratch->event;
	__u32 used = 0;

	if (!begin(event, MOUNT_CONFIGURE, OPERATION_FSOPEN, task, call))
		return;
	event->filesystem_bytes = tail_user_string(scratch->tail, MOUNT_TAIL_BYTES, &used, (void *)call->arguments[0]);
	submit(scratch, used);
}

static __always_inline bool is_source_key(const __u8 *key)
{
	return key[0] == 's' && key[1] == 'o' && key[2] == 'u' && key[3] == 'r' && key[4] == 'c' && key[5] == 'e' && !key[6];
}

static __always_inline void by_fsconfig(struct mount_scratch *scratch, struct task_struct *task, struct syscall *call)
{
	struct mount_event *event = &scratch->event;
	__u32 command = call->arguments[1], used = 0;
	__u32 kind = command == FSCONFIG_CMD_RECONFIGURE ? MOUNT_CHANGE : MOUNT_CONFIGURE;

	if (!begin(event, kind, OPERATION_FSCONFIG, task, call))
		return;
	event->command = command;
	if (command <= FSCONFIG_SET_FD)
		bpf_probe_read_user_str(event->key, sizeof(event->key), (void *)call->arguments[2]);
	// Values may be secrets. This one is what was mounted all along.
	if (command == FSCONFIG_SET_STRING && is_source_key(event->key))
		event->source_bytes = tail_user_string(scratch->tail, MOUNT_TAIL_BYTES, &used, (void *)call->arguments[3]);
	event->filesystem_bytes =
		tail_kernel_string(scratch->tail, MOUNT_TAIL_BYTES, &used, configured_type(task, call->arguments[0]));
	submit(scratch, used);
}

static __always_inline void by_fsmount(struct mount_scratch *scratch, struct task_struct *task, struct syscall *call)
{
	struct mount_event *event = &scratch->event;
	__u32 used = 0;

	if (!begin(event, MOUNT_CONFIGURE, OPERATION_FSMOUNT, task, call))
		return;
	event->given_flags = call->arguments[2];
	if (event->error) {
		event->filesystem_bytes =
			tail_kernel_string(scratch->tail, MOUNT_TAIL_BYTES, &used, configured_type(task, call->arguments[0]));
	} else {
		struct file *file = file_of_descriptor(task, call->result);
		event->flags |= MOUNT_BY_DESCRIPTOR;
		event->source_bytes = tail_kernel_string(scratch->tail, MOUNT_TAIL_BYTES, &used,
							 BPF_CORE_READ(mount_of_file(file), mnt_devname));
		append_mount(scratch, task, &used, mount_of_file(file), false);
	}
	submit(scratch, used);
}

// fspick() and open_tree() get hold of what is mounted already.
static __always_inline void by_place(struct mount_scratch *scratch, struct task_struct *task, __u8 operation,
				     struct syscall *call)
{
	struct mount_event *event = &scratch->event;
	__u32 used = 0;

	if (operation == OPERATION_OPEN_TREE && !(call->arguments[2] & OPEN_TREE_CLONE))
		return; // no more than a descriptor
	if (!begin(event, MOUNT_CONFIGURE, operation, task, call))
		return;
	append_source(scratch, task, &used, call->arguments[1], call->arguments[0]);
	if (operation == OPERATION_OPEN_TREE && !event->error) {
		event->flags |= MOUNT_BY_DESCRIPTOR;
		append_mount(scratch, task, &used, mount_of_file(file_of_descriptor(task, call->result)), false);
	} else if (!event->error) {
		event->filesystem_bytes =
			tail_kernel_string(scratch->tail, MOUNT_TAIL_BYTES, &used, configured_type(task, call->result));
	}
	submit(scratch, used);
}

static __always_inline void by_setattr(struct mount_scratch *scratch, struct task_struct *task, struct syscall *call)
{
	struct mount_event *event = &scratch->event;
	struct mount_attributes attributes = {};
	__u32 used = 0;

	if (!begin(event, MOUNT_CHANGE, OPERATION_MOUNT_SETATTR, task, call))
		return;
	bpf_probe_read_user(&attributes, sizeof(attributes), (void *)call->arguments[3]);
	event->given_flags = attributes.set;
	event->cleared_flags = attributes.cleared;
	event->propagation = attributes.propagation;
	append_target(scratch, task, &used, call->arguments[1], call->arguments[0]);
	submit(scratch, used);
}

SYSCALL_HANDLER(mount_syscall, call)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u32 zero = 0;
	struct mount_scratch *scratch = bpf_map_lookup_elem(&scratch_map, &zero);

	if (!scratch)
		return;
	__u8 operation = operations[syscall_index(call)];
	__builtin_memset(&scratch->event, 0, sizeof(scratch->event));
	switch (operation) {
	case OPERATION_MOUNT:
		by_mount(scratch, task, call);
		break;
	case OPERATION_UMOUNT:
	case OPERATION_UMOUNT_OLD:
		by_umount(scratch, task, operation, call);
		break;
	case OPERATION_MOVE_MOUNT:
		by_move_mount(scratch, task, call);
		break;
	case OPERATION_FSOPEN:
		by_fsopen(scratch, task, call);
		break;
	case OPERATION_FSCONFIG:
		by_fsconfig(scratch, task, call);
		break;
	case OPERATION_FSMOUNT:
		by_fsmount(scratch, task, call);
		break;
	case OPERATION_FSPICK:
	case OPERATION_OPEN_TREE:
		by_place(scratch, task, operation, call);
		break;
	case OPERATION_MOUNT_SETATTR:
		by_setattr(scratch, task, call);
		break;
	}
}
