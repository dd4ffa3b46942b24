// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Top layer: the event of a program that is executed, or that runs already.
#ifndef MEERKAT_EXEC_H
#define MEERKAT_EXEC_H

#include "event.h"
#include "inode.h"
#include "task.h"

enum exec_flags {
	// The kernel runs an interpreter of the file that was asked for: a script with "#!", or what
	// binfmt_misc is set to.
	EXEC_INTERPRETED = 1,
	// The executable lies in the upper layer of overlayfs.
	EXEC_UPPER_LAYER = 2,
	// No directory has a name for the executable.
	EXEC_UNLINKED = 4,
	// The process was put into this cgroup, and still has the mounts of its parent, which is in another
	// one: what a container's runtime executes on the way into the container.
	EXEC_ON_THE_WAY = 8,
};

// Strings behind it: executable, filename, working directory, arguments, environment, terminal.
struct exec_event {
	struct event_header header;
	struct process_key parent;
	__u64 capabilities_effective;
	__u64 capabilities_permitted;
	__u64 executable_inode;
	__u64 executable_size;
	__s64 executable_modified_ns; // CLOCK_REALTIME
	__s64 executable_changed_ns;  // CLOCK_REALTIME
	__u32 executable_device;
	__u32 executable_filesystem; // magic number of its type
	__u32 executable_uid;
	__u32 executable_gid;
	__u32 real_uid;
	__u32 real_gid;
	__u32 saved_uid;
	__u32 saved_gid;
	__u32 vpid;
	__u32 session;
	__u32 process_group;
	__u32 argument_count;
	__u32 arguments_total_bytes;
	__u32 environment_total_bytes;
	__u16 executable_mode;
	__u16 executable_bytes;
	__u16 filename_bytes;
	__u16 working_directory_bytes;
	__u16 arguments_bytes;
	__u16 environment_bytes;
	__u8 executable_flags;
	__u8 working_directory_flags;
	__u8 flags;
	__u8 tty_bytes;
};

static __always_inline void who_runs(struct exec_event *event, struct task_struct *task)
{
	struct signal_struct *signal = BPF_CORE_READ(task, signal);
	struct task_struct *parent = BPF_CORE_READ(task, real_parent);
	const struct cred *cred = BPF_CORE_READ(task, cred);

	process_key_of(&event->parent, parent);
	if (!same_cgroup(task, parent) && same_mounts(task, parent))
		event->flags |= EXEC_ON_THE_WAY;
	BPF_CORE_READ_INTO(&event->capabilities_effective, cred, cap_effective);
	BPF_CORE_READ_INTO(&event->capabilities_permitted, cred, cap_permitted);
	event->real_uid = BPF_CORE_READ(cred, uid.val);
	event->real_gid = BPF_CORE_READ(cred, gid.val);
	event->saved_uid = BPF_CORE_READ(cred, suid.val);
	event->saved_gid = BPF_CORE_READ(cred, sgid.val);
	event->vpid = vpid_of_task(task);
	event->session = pid_number(BPF_CORE_READ(signal, pids[PIDTYPE_SID]), 0);
	event->process_group = pid_number(BPF_CORE_READ(signal, pids[PIDTYPE_PGID]), 0);
}

static __always_inline void executable_is(struct exec_event *event, struct inode *inode)
{
	struct super_block *filesystem = BPF_CORE_READ(inode, i_sb);

	event->executable_inode = BPF_CORE_READ(inode, i_ino);
	event->executable_size = BPF_CORE_READ(inode, i_size);
	event->executable_modified_ns = inode_modified_ns(inode);
	event->executable_changed_ns = inode_changed_ns(inode);
	event->executable_device = BPF_CORE_READ(filesystem, s_dev);
	event->executable_filesystem = BPF_CORE_READ(filesystem, s_magic);
	event->executable_uid = BPF_CORE_READ(inode, i_uid.val);
	event->executable_gid = BPF_CORE_READ(inode, i_gid.val);
	event->executable_mode = BPF_CORE_READ(inode, i_mode);
	if (inode_in_upper_layer(inode, event->executable_filesystem))
		event->flags |= EXEC_UPPER_LAYER;
	if (!BPF_CORE_READ(inode, i_nlink))
		event->flags |= EXEC_UNLINKED;
}

#endif
