// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Middle layer: the path of an opened file, as the process that holds it would name it.
//
// bpf_d_path() is allowed in few hooks, so this walks dentries and mounts upwards as
// prepend_path() in fs/d_path.c does. The string is built from its end, so it comes out in reading
// order and can be matched by prefix without turning it round.
#ifndef MEERKAT_PATH_H
#define MEERKAT_PATH_H

#include "kernel.h"

// PATH_MAX of linux/limits.h. A power of two: offsets are kept in range by a mask, which also makes
// the verifier's states of successive rounds equal, so that it need not follow each one.
#define PATH_BYTES_MAX 4096
// NAME_MAX of linux/limits.h and the slash before it.
#define PATH_NAME_BYTES_MAX 256
// Steps upwards: one per directory and one per mount that is crossed.
#define PATH_STEPS_MAX 64

enum path_flags {
	// More steps or bytes than the limits: the string lacks its beginning.
	PATH_CUT = 1,
	// The file has been deleted: the string is the name that it had.
	PATH_DELETED = 2,
	// The walk ended outside the root of the process: in another mount tree, or in none at all
	// (memfd, pipe).
	PATH_UNREACHABLE = 4,
};

// The string fills data[start .. PATH_BYTES_MAX - 1). The room behind it lets the verifier see that a
// name written at any masked offset stays inside.
struct path_buffer {
	char data[PATH_BYTES_MAX + PATH_NAME_BYTES_MAX];
	__u32 start;
	__u32 flags;
};

// One buffer for each caller that may interrupt another on the same CPU: programs, not calls. A tracer
// that has more says so before it includes this.
#ifndef PATH_SLOTS_MAX
#define PATH_SLOTS_MAX 2
#endif

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PATH_SLOTS_MAX);
	__type(key, __u32);
	__type(value, struct path_buffer);
} path_buffers SEC(".maps");

static __always_inline struct mount *mount_of(struct vfsmount *mnt)
{
	return (void *)mnt - bpf_core_field_offset(struct mount, mnt);
}

// A global function: the verifier checks it once, for any arguments, instead of at each call with
// all that it knows there. Before 5.13 such a function takes nothing but numbers, hence the casts.
__noinline int path_resolve(__u32 slot, __u64 mnt_address, __u64 dentry_address, __u64 root_mnt_address,
			    __u64 root_dentry_address)
{
	struct path_buffer *buffer = bpf_map_lookup_elem(&path_buffers, &slot);
	struct vfsmount *mnt = (void *)mnt_address, *root_mnt = (void *)root_mnt_address;
	struct dentry *dentry = (void *)dentry_address, *root_dentry = (void *)root_dentry_address;

	if (!buffer)
		return 0;
	buffer->start = PATH_BYTES_MAX - 1;
	buffer->flags = PATH_CUT;
	// d_unhashed(): the dentry is in no hash list any more. A root is never hashed.
	if (!BPF_CORE_READ(dentry, d_hash.pprev) && dentry != BPF_CORE_READ(dentry, d_parent))
		buffer->flags |= PATH_DELETED;

	for (int step = 0; step < PATH_STEPS_MAX; step++) {
		if (dentry == root_dentry && mnt == root_mnt) {
			buffer->flags &= ~PATH_CUT;
			break;
		}
		struct dentry *parent = BPF_CORE_READ(dentry, d_parent);
		struct dentry *mnt_root = BPF_CORE_READ(mnt, mnt_root);
		if (dentry == mnt_root) {
			struct mount *mount = mount_of(mnt);
			struct mount *mount_parent = BPF_CORE_READ(mount, mnt_parent);
			if (mount == mount_parent) {
				buffer->flags &= ~PATH_CUT;
				buffer->flags |= PATH_UNREACHABLE;
				break;
			}
			dentry = BPF_CORE_READ(mount, mnt_mountpoint);
			mnt = (void *)mount_parent + bpf_core_field_offset(struct mount, mnt);
			continue;
		}
		__u32 length = BPF_CORE_READ(dentry, d_name.len) & (PATH_NAME_BYTES_MAX - 1);
		__u32 start = buffer->start;
		if (start <= length)
			break;
		start = (start - length - 1) & (PATH_BYTES_MAX - 1);
		buffer->start = start;
		buffer->data[start] = '/';
		bpf_probe_read_kernel(&buffer->data[start + 1], length, BPF_CORE_READ(dentry, d_name.name));
		if (dentry == parent) {
			// It has a name, but stands in no directory.
			buffer->flags &= ~PATH_CUT;
			buffer->flags |= PATH_UNREACHABLE;
			break;
		}
		dentry = parent;
	}
	// The root itself has no component.
	if (buffer->start == PATH_BYTES_MAX - 1) {
		buffer->start = PATH_BYTES_MAX - 2;
		buffer->data[PATH_BYTES_MAX - 2] = '/';
	}
	return 0;
}

static __always_inline struct path_buffer *path_below_root(__u32 slot, struct vfsmount *mnt, struct dentry *dentry,
							   struct fs_struct *fs)
{
	path_resolve(slot, (__u64)mnt, (__u64)dentry, (__u64)BPF_CORE_READ(fs, root.mnt),
		     (__u64)BPF_CORE_READ(fs, root.dentry));
	return bpf_map_lookup_elem(&path_buffers, &slot);
}

// path_of_file resolves below the root directory of task.
static __always_inline struct path_buffer *path_of_file(__u32 slot, struct file *file, struct task_struct *task)
{
	return path_below_root(slot, BPF_CORE_READ(file, f_path.mnt), BPF_CORE_READ(file, f_path.dentry),
			       BPF_CORE_READ(task, fs));
}

static __always_inline struct path_buffer *path_of_working_directory(__u32 slot, struct task_struct *task)
{
	struct fs_struct *fs = BPF_CORE_READ(task, fs);

	return path_below_root(slot, BPF_CORE_READ(fs, pwd.mnt), BPF_CORE_READ(fs, pwd.dentry), fs);
}

#endif
