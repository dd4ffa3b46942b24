// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Middle layer: the numbers that a process goes by, and what it shares with another.
#ifndef MEERKAT_TASK_H
#define MEERKAT_TASK_H

#include "kernel.h"
#include "cgroup.h"
#include "pid.h"

// vpid_of_task is the number in the task's own pid namespace.
static __always_inline __u32 vpid_of_task(struct task_struct *task)
{
	return pid_in_own_namespace(BPF_CORE_READ(task, thread_pid));
}

// Most tasks share the cgroups of every hierarchy with another one, which is told at once.
static __always_inline bool same_cgroup(struct task_struct *a, struct task_struct *b)
{
	return BPF_CORE_READ(a, cgroups) == BPF_CORE_READ(b, cgroups) || cgroup_of_task(a) == cgroup_of_task(b);
}

static __always_inline bool same_mounts(struct task_struct *a, struct task_struct *b)
{
	return BPF_CORE_READ(a, nsproxy, mnt_ns) == BPF_CORE_READ(b, nsproxy, mnt_ns);
}

#endif
