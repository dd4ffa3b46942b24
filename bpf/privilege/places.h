// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Changes of namespaces and of the root directory.
#ifndef MEERKAT_PRIVILEGE_PLACES_H
#define MEERKAT_PRIVILEGE_PLACES_H

#include "../include/file.h"
#include "state.h"

// include/uapi/linux/magic.h
#define NSFS_MAGIC 0x6e736673

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

#endif
