//go:build ignore
// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Tracer "mount": file systems that are mounted, moved, changed and unmounted.
//
// A path that a call was given is told as it was given, with the directory that it is relative to. The
// mount that was made is looked up in the kernel too: it tells where it really is. Options of file systems
// are never read, since there are passwords among them.
#include "../include/event.h"
#include "../include/file.h"
#include "../include/namespace.h"
#include "../include/syscall.h"
#include "../include/tail.h"
#include "../include/workload.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

enum mount_kind {
	MOUNT_MOUNT = 0,
	MOUNT_UNMOUNT = 1,
	MOUNT_CHANGE = 2,
	MOUNT_MOVE = 3,
	MOUNT_CONFIGURE = 4, // a step towards a mount, which has a call of its own
};

enum mount_operation {
	OPERATION_NONE = 0,
	OPERATION_MOUNT = 1, // or one of those of mount() below
	OPERATION_UMOUNT = 2,
	OPERATION_UMOUNT_OLD = 3, // without flags
	OPERATION_MOVE_MOUNT = 4,
	OPERATION_FSOPEN = 5,
	OPERATION_FSCONFIG = 6,
	OPERATION_FSMOUNT = 7,
	OPERATION_FSPICK = 8,
	OPERATION_OPEN_TREE = 9,
	OPERATION_MOUNT_SETATTR = 10,
	OPERATION_BIND = 11,
	OPERATION_REMOUNT = 12,
	OPERATION_PROPAGATION = 13,
	OPERATION_MOVE = 14,
};

enum mount_flags {
	MOUNT_IN_CONTAINER = 1,
	// The mount is exactly this one: a descriptor stands for it. Otherwise it is the newest of the
	// namespace, which is another one if two are made at once.
	MOUNT_BY_DESCRIPTOR = 2,
};

// Bytes of the key of an option.
#define KEY_BYTES_MAX 64

const volatile __u8 operations[2 * SYSCALLS_MAX] = {}; // native calls, then 32-bit ones

// Strings behind it, in the order of their lengths. A path that starts with a slash has no directory.
struct mount_event {
	struct event_header header;
	__u64 given_flags; // as the call has them
	__u64 cleared_flags; // mount_setattr()
	__u64 propagation; // mount_setattr()
	__u32 mount_id; // of the mount that was made; 0: none was found
	__u32 mount_namespace;
	__s32 error;
	__u32 command; // fsconfig()
	__u16 source_directory_bytes;
	__u16 source_bytes;
	__u16 target_directory_bytes;
	__u16 target_bytes;
	__u16 filesystem_bytes; // its type
	__u16 point_bytes; // where the mount is, as the process sees it
	__u16 root_bytes; // which part of its file system is mounted
	__u8 source_directory_flags;
	__u8 target_directory_flags;
	__u8 point_flags;
	__u8 root_flags;
	__u8 operation;
	__u8 flags;
	__u8 reserved[4];
	__u8 key[KEY_BYTES_MAX]; // fsconfig()
};

EXPORT_TYPE(struct, event_header);
EXPORT_TYPE(struct, mount_event);
EXPORT_TYPE(enum, mount_kind);
EXPORT_TYPE(enum, mount_operation);
EXPORT_TYPE(enum, mount_flags);

// In the order of the kinds. Those that failed count too.
struct mount_workload {
	__u64 mounted;
	__u64 unmounted;
	__u64 changed;
	__u64 moved;
	__u64 configured;
};

WORKLOADS(mount_workload)

// More than fits is left out (counter: cut). A value of a map per processor has 32 KB at most.
#define MOUNT_TAIL_BYTES (5 * PATH_BYTES_MAX + TAIL_SLACK_BYTES)
struct mount_scratch {
	struct mount_event event;
	char tail[MOUNT_TAIL_BYTES];
};

SCRATCH(scratch_map, mount_scratch);

enum path_slot { SLOT_MOUNT };

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
// include/uapi/linux/fcntl.h
#define AT_FDCWD -100
// include/linux/fs.h: the descriptor holds a mount that is not in any namespace yet
#define FMODE_NEED_UNMOUNT 0x10000000

// include/uapi/linux/mount.h
struct mount_attributes {
	__u64 set, cleared, propagation;
};

static __always_inline char first_character(unsigned long path)
{
	char first = 0;

	bpf_probe_read_user(&first, 1, (void *)path);
	return first;
}

// append_directory appends what a path is relative to, nothing for an absolute one.
static __always_inline __u16 append_directory(struct mount_scratch *scratch, struct task_struct *task, __u32 *used,
					      unsigned long path, int descriptor, __u8 *flags)
{
	struct path_buffer *resolved;

	*flags = 0;
	if (first_character(path) == '/')
		return 0;
	if (descriptor == AT_FDCWD) {
		resolved = path_of_working_directory(SLOT_MOUNT, task);
	} else {
		struct file *directory = file_of_descriptor(task, descriptor);
		if (!directory)
			return 0;
		resolved = path_of_file(SLOT_MOUNT, directory, task);
	}
	return tail_path(scratch->tail, MOUNT_TAIL_BYTES, used, resolved, flags);
}

static __always_inline void append_source(struct mount_scratch *scratch, struct task_struct *task, __u32 *used,
					  unsigned long path, int descriptor)
{
	struct mount_event *event = &scratch->event;

	event->source_directory_bytes =
		append_directory(scratch, task, used, path, descriptor, &event->source_directory_flags);
	event->source_bytes = tail_user_string(scratch->tail, MOUNT_TAIL_BYTES, used, (void *)path);
}

static __always_inline void append_target(struct mount_scratch *scratch, struct task_struct *task, __u32 *used,
					  unsigned long path, int descriptor)
{
	struct mount_event *event = &scratch->event;

	event->target_directory_bytes =
		append_directory(scratch, task, used, path, descriptor, &event->target_directory_flags);
	event->target_bytes = tail_user_string(scratch->tail, MOUNT_TAIL_BYTES, used, (void *)path);
}

#define MOUNT_TREE_DEPTH_MAX 32

// newest_mount returns the one that was added last to a namespace.
static __always_inline struct mount *newest_mount(struct mnt_namespace *ns)
{
	struct mnt_namespace___ends *ends = (void *)ns;
	struct mnt_namespace___tree *tree = (void *)ns;
	struct mnt_namespace___list *list = (void *)ns;
	struct rb_node *node = NULL;

	if (bpf_core_field_exists(ends->mnt_last_node)) {
		node = BPF_CORE_READ(ends, mnt_last_node);
	} else if (bpf_core_field_exists(tree->mounts)) {
		node = BPF_CORE_READ(tree, mounts.rb_node);
		for (int i = 0; i < MOUNT_TREE_DEPTH_MAX; i++) {
			struct rb_node *right = BPF_CORE_READ(node, rb_right);
			if (!right)
				break;
			node = right;
		}
	} else {
		struct list_head *last = BPF_CORE_READ(list, list.prev);
		return (void *)last - bpf_core_field_offset(struct mount, mnt_list);
	}
	return node ? (void *)node - bpf_core_field_offset(struct mount___tree, mnt_node) : NULL;
}

// append_mount appends what a mount is: where, of what type, and which part of its file system.
static __always_inline void append_mount(struct mount_scratch *scratch, struct task_struct *task, __u32 *used,
					 struct mount *mount, bool is_attached)
{
	struct mount_event *event = &scratch->event;
	struct dentry *root = BPF_CORE_READ(mount, mnt.mnt_root);
	struct vfsmount *mnt = (void *)mount + bpf_core_field_offset(struct mount, mnt);
	__u32 slot = SLOT_MOUNT;

	event->mount_id = BPF_CORE_READ(mount, mnt_id);
	event->filesystem_bytes =
		tail_kernel_string(scratch->tail, MOUNT_TAIL_BYTES, used, BPF_CORE_READ(mount, mnt.mnt_sb, s_type, name));
	if (is_attached)
		event->point_bytes = tail_path(scratch->tail, MOUNT_TAIL_BYTES, used,
					       path_below_root(SLOT_MOUNT, mnt, root, BPF_CORE_READ(task, fs)),
					       &event->point_flags);
	// Without a mount the walk ends at the root of the file system.
	path_resolve(SLOT_MOUNT, 0, (__u64)root, 0, (__u64)BPF_CORE_READ(mount, mnt.mnt_sb, s_root));
	event->root_bytes = tail_path(scratch->tail, MOUNT_TAIL_BYTES, used, bpf_map_lookup_elem(&path_buffers, &slot),
				      &event->root_flags);
}

static __always_inline struct mount *mount_of_file(struct file *file)
{
	return mount_of(BPF_CORE_READ(file, f_path.mnt));
}

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

// configured_type returns the name of the type of file system that a descriptor of fsopen() or fspick() is
// about, NULL for another descriptor.
static __always_inline const char *configured_type(struct task_struct *task, int descriptor)
{
	static const char expected[] = "[fscontext]";
	char name[sizeof(expected)] = {};
	struct file *file = file_of_descriptor(task, descriptor);
	struct fs_context *context = BPF_CORE_READ(file, private_data);

	bpf_probe_read_kernel_str(name, sizeof(name), BPF_CORE_READ(file, f_path.dentry, d_name.name));
	for (int i = 0; i < sizeof(name); i++) {
		if (name[i] != expected[i])
			return NULL;
	}
	return BPF_CORE_READ(context, fs_type, name);
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
	__u32 zero = 0, index = call->number;
	struct mount_scratch *scratch = bpf_map_lookup_elem(&scratch_map, &zero);

	FORGET(index);
	if (!scratch || index >= SYSCALLS_MAX)
		return;
	if (call->compat)
		index += SYSCALLS_MAX;
	__u8 operation = operations[index];
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
