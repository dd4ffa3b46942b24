// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Bottom layer, a part of kernel.h: the trees in which the kernel keeps mappings and pids.
#ifndef MEERKAT_KERNEL_TREES_H
#define MEERKAT_KERNEL_TREES_H

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct rb_node {
	struct rb_node *rb_right, *rb_left;
};

struct rb_root {
	struct rb_node *rb_node;
};

struct file;
struct anon_vma;

struct vm_area_struct {
	unsigned long vm_start, vm_end, vm_flags;
	struct rb_node vm_rb; // before 6.1
	struct anon_vma *anon_vma;
	struct file *vm_file;
};

// Since 6.1 the mappings of a process stand in a tree of these nodes; mapping.h tells them apart.
struct maple_tree {
	void *ma_root;
};

struct maple_range_64 {
	unsigned long pivot[15];
	void *slot[16];
};

struct maple_arange_64 {
	unsigned long pivot[9];
	void *slot[10];
};

struct xarray {
	void *xa_head;
};

struct idr {
	struct xarray idr_rt;
	unsigned int idr_base;
};

struct xa_node {
	unsigned char shift;
	void *slots[64];
};

#pragma clang attribute pop

#endif
