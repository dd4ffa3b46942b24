// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Middle layer: which mapping of a process an address is in, and where a thread was in user space.
#ifndef MEERKAT_MAPPING_H
#define MEERKAT_MAPPING_H

#include "kernel_memory.h"

// include/linux/mm.h
#define VM_READ 0x00000001
#define VM_WRITE 0x00000002
#define VM_EXEC 0x00000004

// Steps down in the tree of mappings before 6.1: twice the logarithm of 65530 mappings, the kernel's
// default limit.
#define MAPPING_STEPS_MAX 40
// Levels of the tree since 6.1, of which each node has at least four children.
#define MAPPING_LEVELS_MAX 10

// As find_vma() did before 6.1.
static __always_inline __u64 mapping_in_binary_tree(struct mm_struct *mm, __u64 address)
{
	struct rb_node *node = BPF_CORE_READ(mm, mm_rb.rb_node);

	for (int step = 0; step < MAPPING_STEPS_MAX && node; step++) {
		struct vm_area_struct *mapping = (void *)node - bpf_core_field_offset(struct vm_area_struct, vm_rb);

		if (address < BPF_CORE_READ(mapping, vm_start))
			node = BPF_CORE_READ(node, rb_left);
		else if (address >= BPF_CORE_READ(mapping, vm_end))
			node = BPF_CORE_READ(node, rb_right);
		else
			return (__u64)mapping;
	}
	return 0;
}

// enum maple_type and the bits of an entry in include/linux/maple_tree.h and lib/maple_tree.c.
#define MAPLE_LEAF_64 1
#define MAPLE_ARANGE_64 3
#define MAPLE_NODE_MASK 255
#define MAPLE_TYPE(entry) ((entry) >> 3 & 15)
#define MAPLE_IS_ROOT_NODE(entry) (((entry) & 3) == 2 && (entry) > 4096)
#define MAPLE_SLOTS_MAX 16

// maple_slot takes the way down from a node: the pivots say where each of its slots ends, and one of zero
// that the one before was the last.
static __always_inline __u64 maple_slot(__u64 entry, __u64 address)
{
	void *node = (void *)(entry & ~(__u64)MAPLE_NODE_MASK), *pivots, *slots;
	__u64 pivot = 0, slot = 0;
	int at = 0, last;

	if (MAPLE_TYPE(entry) == MAPLE_ARANGE_64) {
		pivots = node + bpf_core_field_offset(struct maple_arange_64, pivot);
		slots = node + bpf_core_field_offset(struct maple_arange_64, slot);
		last = bpf_core_field_size(((struct maple_arange_64 *)0)->pivot) / sizeof(pivot);
	} else {
		pivots = node + bpf_core_field_offset(struct maple_range_64, pivot);
		slots = node + bpf_core_field_offset(struct maple_range_64, slot);
		last = bpf_core_field_size(((struct maple_range_64 *)0)->pivot) / sizeof(pivot);
	}
	for (; at < MAPLE_SLOTS_MAX - 1 && at < last; at++) {
		bpf_probe_read_kernel(&pivot, sizeof(pivot), pivots + at * sizeof(pivot));
		if (pivot >= address || (at && !pivot))
			break;
	}
	bpf_probe_read_kernel(&slot, sizeof(slot), slots + at * sizeof(slot));
	return slot;
}

// As mas_walk() in lib/maple_tree.c.
static __always_inline __u64 mapping_in_maple_tree(struct mm_struct *mm, __u64 address)
{
	__u64 entry = (__u64)BPF_CORE_READ(mm, mm_mt.ma_root);

	// A single mapping needs no node.
	if (!MAPLE_IS_ROOT_NODE(entry))
		return 0;
	for (int level = 0; level < MAPPING_LEVELS_MAX; level++) {
		bool is_leaf = MAPLE_TYPE(entry) <= MAPLE_LEAF_64;
		entry = maple_slot(entry, address);
		if (is_leaf)
			return entry;
	}
	return 0;
}

// mapping_at returns the address of the kernel's struct vm_area_struct, 0 if nothing is mapped there. It
// takes no lock: other threads may be changing the tree, and then the answer may be wrong. A global function,
// so that the verifier goes through its loops once.
__noinline __u64 mapping_at(__u64 mm_address, __u64 address)
{
	struct mm_struct *mm = (void *)mm_address;

	if (bpf_core_field_exists(mm->mm_mt))
		return mapping_in_maple_tree(mm, address);
	return mapping_in_binary_tree(mm, address);
}

// Of x86-64 and arm64 with small pages.
#define KERNEL_STACK_BYTES (16 << 10)

// user_registers are those with which the current thread came into the kernel. Before 5.15 there is no
// helper function for it.
static __always_inline struct pt_regs *user_registers(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs))
		return (void *)bpf_task_pt_regs(bpf_get_current_task_btf());
	return (void *)BPF_CORE_READ(task, stack) + KERNEL_STACK_BYTES - bpf_core_type_size(struct pt_regs);
}

#if defined(__TARGET_ARCH_x86)

#define INSTRUCTION_POINTER(registers) BPF_CORE_READ(registers, ip)

#elif defined(__TARGET_ARCH_arm64)

#define INSTRUCTION_POINTER(registers) BPF_CORE_READ(registers, pc)

#else
#error "no registers are known for this architecture"
#endif

#endif
