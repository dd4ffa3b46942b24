// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Middle layer: what is mapped at an address of a process. There is a helper function for it, but only
// since 5.17.
#ifndef MEERKAT_MAPPING_H
#define MEERKAT_MAPPING_H

#include "kernel.h"

// include/linux/mm.h
#define VM_WRITE 0x2

// enum maple_type in include/linux/maple_tree.h: of a node that has the mappings themselves, and of one
// that leads there and knows about gaps. What type a node is stands in the last bits of what leads to it.
#define MAPLE_LEAF 1
#define MAPLE_ARRANGE 3
#define MAPLE_TYPE(entry) ((entry) >> 3 & 0xf)
#define MAPLE_NODE_MASK 255ULL
#define MAPLE_PIVOTS_MAX 15
#define MAPLE_ARRANGE_PIVOTS 9
// Levels of the trees. A process may have 65,530 mappings unless a sysctl allows more.
#define MAPLE_LEVELS_MAX 8
#define MAPPING_LEVELS_MAX 40

// maple_step goes down one level towards an index.
static __always_inline __u64 maple_step(__u64 entry, __u64 index)
{
	void *node = (void *)(entry & ~MAPLE_NODE_MASK);
	bool arrange = MAPLE_TYPE(entry) == MAPLE_ARRANGE;
	void *pivots = node + (arrange ? bpf_core_field_offset(struct maple_arange_64, pivot)
				       : bpf_core_field_offset(struct maple_range_64, pivot));
	void *slots = node + (arrange ? bpf_core_field_offset(struct maple_arange_64, slot)
				      : bpf_core_field_offset(struct maple_range_64, slot));
	__u32 slot = 0;

	for (; slot < MAPLE_PIVOTS_MAX; slot++) {
		__u64 pivot = 0;

		if (arrange && slot == MAPLE_ARRANGE_PIVOTS)
			break;
		// The last one in use may be 0, for the end of what the node covers.
		bpf_probe_read_kernel(&pivot, sizeof(pivot), pivots + slot * sizeof(pivot));
		if (!pivot || index <= pivot)
			break;
	}
	bpf_probe_read_kernel(&entry, sizeof(entry), slots + slot * sizeof(entry));
	return entry;
}

static __always_inline struct vm_area_struct *mapping_in_maple_tree(struct mm_struct *mm, __u64 address)
{
	__u64 entry = (__u64)BPF_CORE_READ(mm, mm_mt.ma_root);

	// As xa_is_node(): a tree without nodes is of nobody that runs.
	if ((entry & 3) != 2)
		return NULL;
	for (int level = 0; level < MAPLE_LEVELS_MAX; level++) {
		bool leaf = MAPLE_TYPE(entry) <= MAPLE_LEAF;

		entry = maple_step(entry, address);
		if (leaf)
			return (void *)entry;
	}
	return NULL;
}

static __always_inline struct vm_area_struct *mapping_in_red_black_tree(struct mm_struct *mm, __u64 address)
{
	struct rb_node *node = BPF_CORE_READ(mm, mm_rb.rb_node);

	for (int level = 0; level < MAPPING_LEVELS_MAX && node; level++) {
		struct vm_area_struct *mapping = (void *)node - bpf_core_field_offset(struct vm_area_struct, vm_rb);

		if (address >= BPF_CORE_READ(mapping, vm_end))
			node = BPF_CORE_READ(node, rb_right);
		else if (address < BPF_CORE_READ(mapping, vm_start))
			node = BPF_CORE_READ(node, rb_left);
		else
			return mapping;
	}
	return NULL;
}

// mapping_at is NULL if nothing is mapped there.
static __always_inline struct vm_area_struct *mapping_at(struct mm_struct *mm, __u64 address)
{
	if (bpf_core_field_exists(mm->mm_mt))
		return mapping_in_maple_tree(mm, address);
	return mapping_in_red_black_tree(mm, address);
}

// mapping_was_written tells of anonymous memory whether it is writable, or has been and was written.
static __always_inline bool mapping_was_written(struct vm_area_struct *mapping)
{
	if (!mapping || BPF_CORE_READ(mapping, vm_file))
		return false;
	return BPF_CORE_READ(mapping, vm_flags) & VM_WRITE || BPF_CORE_READ(mapping, anon_vma);
}

#endif
