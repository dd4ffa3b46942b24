// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Middle layer: which number a process has in which pid namespace, which process has a number, and how one
// has ended.
#ifndef MEERKAT_PID_H
#define MEERKAT_PID_H

#include "kernel.h"

// MAX_PID_NS_LEVEL of include/linux/pid_namespace.h; a power of two.
#define PID_NAMESPACE_LEVELS_MAX 32
// Levels of the tree that maps 22 bits of a pid (PID_MAX_LIMIT), 6 bits each.
#define PID_TREE_LEVELS_MAX 4

// pid_number is the number in the pid namespace of a level; that of the initial one is 0.
static __always_inline __u32 pid_number(struct pid *pid, __u32 level)
{
	int number = 0;

	bpf_core_read(&number, sizeof(number),
		      (void *)&pid->numbers[0] + level * bpf_core_type_size(struct upid));
	return number;
}

static __always_inline __u32 pid_in_own_namespace(struct pid *pid)
{
	return pid_number(pid, BPF_CORE_READ(pid, level) & (PID_NAMESPACE_LEVELS_MAX - 1));
}

// task_of_pid finds the thread that has a number in the initial pid namespace, as find_task_by_pid_ns()
// does. There is a helper function for it, but only since 6.2.
static __always_inline struct task_struct *task_of_pid(__u32 number)
{
	struct task_struct *current = (void *)bpf_get_current_task();
	struct pid_namespace *initial = BPF_CORE_READ(current, thread_pid, numbers[0].ns);
	__u64 entry = (__u64)BPF_CORE_READ(initial, idr.idr_rt.xa_head);
	__u32 index = number - BPF_CORE_READ(initial, idr.idr_base);

	// An entry whose last two bits are 10 is a node, less that mark (lib/xarray.c).
	for (int level = 0; level < PID_TREE_LEVELS_MAX && (entry & 3) == 2; level++) {
		struct xa_node *node = (void *)(entry - 2);
		__u32 shift = BPF_CORE_READ(node, shift);
		void **slots = (void *)node + bpf_core_field_offset(node->slots);

		if (bpf_probe_read_kernel(&entry, sizeof(entry), slots + (index >> (shift & 31) & 63)))
			return NULL;
	}
	struct hlist_node *link = BPF_CORE_READ((struct pid *)entry, tasks[PIDTYPE_PID].first);
	return link ? (void *)link - bpf_core_field_offset(struct task_struct, pid_links) : NULL;
}

// exit_status is what wait(2) tells of a process that has ended, as wait_task_zombie() in kernel/exit.c
// chooses.
static __always_inline int exit_status(struct task_struct *task)
{
	struct signal_struct *signal = BPF_CORE_READ(task, signal);

	if (BPF_CORE_READ(signal, flags) & SIGNAL_GROUP_EXIT)
		return BPF_CORE_READ(signal, group_exit_code);
	return BPF_CORE_READ(task, group_leader, exit_code);
}

#endif
