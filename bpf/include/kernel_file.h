// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Bottom layer: the kernel types that tell of files, mounts and namespaces. Part of kernel.h, which includes it.
#ifndef MEERKAT_KERNEL_FILE_H
#define MEERKAT_KERNEL_FILE_H

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	__s64 counter;
} atomic64_t;

typedef atomic64_t atomic_long_t;

typedef struct {
	__u32 val;
} kuid_t;

typedef struct {
	__u32 val;
} kgid_t;

typedef struct {
	__u64 val;
} kernel_cap_t;

struct list_head {
	struct list_head *next, *prev;
};

struct rb_node {
	struct rb_node *rb_right, *rb_left;
};

struct rb_root {
	struct rb_node *rb_node;
};

struct qstr {
	__u32 hash;
	__u32 len;
	const unsigned char *name;
};

struct file_system_type {
	const char *name;
};

struct dentry;

struct super_block {
	__u32 s_dev;
	struct dentry *s_root;
	unsigned long s_magic;
	struct file_system_type *s_type;
};

struct timespec64 {
	__s64 tv_sec;
	long tv_nsec;
};

struct inode {
	umode_t i_mode;
	kuid_t i_uid;
	kgid_t i_gid;
	struct super_block *i_sb;
	unsigned long i_ino;
	unsigned int i_nlink;
	__u32 i_rdev;
	__u32 i_generation;
	void *i_private;
	__s64 i_size;
	struct timespec64 i_mtime, i_ctime;
};

// The same since 6.6 (i_ctime) and 6.7 (i_mtime).
struct inode___renamed {
	struct timespec64 __i_mtime, __i_ctime;
};

// The same since 6.11.
struct inode___split {
	__s64 i_mtime_sec, i_ctime_sec;
	__u32 i_mtime_nsec, i_ctime_nsec;
};

struct hlist_bl_node {
	struct hlist_bl_node *next, **pprev;
};

struct dentry {
	struct hlist_bl_node d_hash;
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
	struct super_block *d_sb;
};

struct vfsmount {
	struct dentry *mnt_root;
	struct super_block *mnt_sb;
};

struct proc_ns_operations;

struct ns_common {
	const struct proc_ns_operations *ops;
	unsigned int inum;
};

// Since 6.18 a namespace says its type itself.
struct ns_common___typed {
	__u32 ns_type;
};

struct proc_ns_operations {
	int type;
};

struct mount;

struct mnt_namespace {
	struct ns_common ns;
	struct mount *root;
};

// Before 6.8 the mounts of a namespace were a list, the newest at its end. Then they became a tree in the
// order of their making, which since 6.13 has a shortcut to its end.
struct mnt_namespace___list {
	struct list_head list;
};

struct mnt_namespace___tree {
	struct rb_root mounts;
};

struct mnt_namespace___ends {
	struct rb_node *mnt_last_node;
};

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
	struct mnt_namespace *mnt_ns;
	const char *mnt_devname;
	struct list_head mnt_list;
	int mnt_id;
};

struct mount___tree {
	struct rb_node mnt_node;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct file {
	fmode_t f_mode;
	unsigned int f_flags;
	struct path f_path;
	struct inode *f_inode;
	void *private_data;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct fs_struct {
	int umask;
	struct path root;
	struct path pwd;
};

struct maple_tree {
	void *ma_root;
};

struct fs_context {
	struct file_system_type *fs_type;
	const char *source;
};

#pragma clang attribute pop

#endif
