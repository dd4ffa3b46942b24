// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Where mounts are: paths as calls were given them, and what the kernel has made of them.
#ifndef MEERKAT_MOUNT_PLACES_H
#define MEERKAT_MOUNT_PLACES_H

#include "../include/file.h"
#include "types.h"

// include/uapi/linux/fcntl.h
#define AT_FDCWD -100

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

#endif
