// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Middle layer: what a file is besides its path.
#ifndef MEERKAT_INODE_H
#define MEERKAT_INODE_H

#include "kernel.h"

// include/uapi/linux/magic.h
#define OVERLAYFS_SUPER_MAGIC 0x794c7630
// include/linux/fs.h: a mark that kernels since 6.13 keep among the nanoseconds of i_ctime.
#define I_CTIME_QUERIED (1U << 31)

#define SECOND_NS 1000000000LL

// Both times are nanoseconds since 1970, and wrap for years that no file has by chance.
static __always_inline __s64 inode_modified_ns(struct inode *inode)
{
	struct inode___split *split = (void *)inode;
	struct inode___renamed *renamed = (void *)inode;

	if (bpf_core_field_exists(split->i_mtime_sec))
		return BPF_CORE_READ(split, i_mtime_sec) * SECOND_NS + BPF_CORE_READ(split, i_mtime_nsec);
	if (bpf_core_field_exists(renamed->__i_mtime))
		return BPF_CORE_READ(renamed, __i_mtime.tv_sec) * SECOND_NS +
		       BPF_CORE_READ(renamed, __i_mtime.tv_nsec);
	return BPF_CORE_READ(inode, i_mtime.tv_sec) * SECOND_NS + BPF_CORE_READ(inode, i_mtime.tv_nsec);
}

static __always_inline __s64 inode_changed_ns(struct inode *inode)
{
	struct inode___split *split = (void *)inode;
	struct inode___renamed *renamed = (void *)inode;

	if (bpf_core_field_exists(split->i_ctime_sec))
		return BPF_CORE_READ(split, i_ctime_sec) * SECOND_NS +
		       (BPF_CORE_READ(split, i_ctime_nsec) & ~I_CTIME_QUERIED);
	if (bpf_core_field_exists(renamed->__i_ctime))
		return BPF_CORE_READ(renamed, __i_ctime.tv_sec) * SECOND_NS +
		       BPF_CORE_READ(renamed, __i_ctime.tv_nsec);
	return BPF_CORE_READ(inode, i_ctime.tv_sec) * SECOND_NS + BPF_CORE_READ(inode, i_ctime.tv_nsec);
}

// inode_in_upper_layer tells whether a file of overlayfs has been copied to, or made in, the writable
// layer. struct ovl_inode of fs/overlayfs keeps the upper dentry right behind the inode; its type can't
// be relocated where overlayfs is a module, so it is found by place.
static __always_inline bool inode_in_upper_layer(struct inode *inode, unsigned long filesystem)
{
	struct dentry *upper = NULL;

	if (filesystem != OVERLAYFS_SUPER_MAGIC)
		return false;
	bpf_probe_read_kernel(&upper, sizeof(upper), (void *)inode + bpf_core_type_size(struct inode));
	return upper;
}

#endif
