// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Middle layer: the namespaces that a task is in, each named by the inode number that it has in nsfs and
// /proc/PID/ns shows.
#ifndef MEERKAT_NAMESPACE_H
#define MEERKAT_NAMESPACE_H

#include "kernel.h"

// include/uapi/linux/sched.h
#define CLONE_NEWTIME 0x00000080
#define CLONE_NEWNS 0x00020000
#define CLONE_NEWCGROUP 0x02000000
#define CLONE_NEWUTS 0x04000000
#define CLONE_NEWIPC 0x08000000
#define CLONE_NEWUSER 0x10000000
#define CLONE_NEWPID 0x20000000
#define CLONE_NEWNET 0x40000000
#define CLONE_NEW_ANY                                                                                        \
	(CLONE_NEWTIME | CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | \
	 CLONE_NEWNET)

// Inode numbers of namespaces; 0: this kernel has none of the kind.
struct namespaces {
	__u32 mount;
	__u32 cgroup;
	__u32 uts;
	__u32 ipc;
	__u32 user;
	__u32 pid; // of children: a process itself never changes its own
	__u32 net;
	__u32 time; // of children too
};

static __always_inline void namespaces_of(struct namespaces *all, struct task_struct *task)
{
	struct nsproxy *proxy = BPF_CORE_READ(task, nsproxy);

	all->mount = BPF_CORE_READ(proxy, mnt_ns, ns.inum);
	all->uts = BPF_CORE_READ(proxy, uts_ns, ns.inum);
	all->user = BPF_CORE_READ(task, cred, user_ns, ns.inum);
	all->pid = BPF_CORE_READ(proxy, pid_ns_for_children, ns.inum);
	all->net = BPF_CORE_READ(proxy, net_ns, ns.inum);
	all->cgroup = 0;
	all->ipc = 0;
	all->time = 0;
	if (bpf_core_field_exists(proxy->cgroup_ns))
		all->cgroup = BPF_CORE_READ(proxy, cgroup_ns, ns.inum);
	if (bpf_core_field_exists(proxy->ipc_ns))
		all->ipc = BPF_CORE_READ(proxy, ipc_ns, ns.inum);
	if (bpf_core_field_exists(proxy->time_ns_for_children))
		all->time = BPF_CORE_READ(proxy, time_ns_for_children, ns.inum);
}

// namespaces_differ returns the kinds, as flags of clone(), in which two sets differ.
static __always_inline __u32 namespaces_differ(struct namespaces *a, struct namespaces *b)
{
	return (a->mount != b->mount ? CLONE_NEWNS : 0) | (a->cgroup != b->cgroup ? CLONE_NEWCGROUP : 0) |
	       (a->uts != b->uts ? CLONE_NEWUTS : 0) | (a->ipc != b->ipc ? CLONE_NEWIPC : 0) |
	       (a->user != b->user ? CLONE_NEWUSER : 0) | (a->pid != b->pid ? CLONE_NEWPID : 0) |
	       (a->net != b->net ? CLONE_NEWNET : 0) | (a->time != b->time ? CLONE_NEWTIME : 0);
}

// namespace_kind returns the kind, as a flag of clone(), of what an inode of nsfs stands for.
static __always_inline __u32 namespace_kind(struct inode *inode)
{
	struct ns_common *ns = BPF_CORE_READ(inode, i_private);
	struct ns_common___typed *typed = (void *)ns;

	if (bpf_core_field_exists(typed->ns_type))
		return BPF_CORE_READ(typed, ns_type);
	return BPF_CORE_READ(ns, ops, type);
}

// first_task is the host's process 1.
static __always_inline struct task_struct *first_task(struct task_struct *task)
{
	return BPF_CORE_READ(task, thread_pid, numbers[0].ns, child_reaper);
}

// in_container tells tasks apart from those of the host. Containers have a root directory of their own, and
// nearly always a pid namespace; user namespaces give privileges to those who have none outside.
static __always_inline bool in_container(struct task_struct *task)
{
	return BPF_CORE_READ(task, thread_pid, level) > 0 || BPF_CORE_READ(task, real_cred, user_ns, level) > 0 ||
	       BPF_CORE_READ(task, fs, root.dentry) != BPF_CORE_READ(first_task(task), fs, root.dentry);
}

static __always_inline __u32 mount_namespace_of(struct task_struct *task)
{
	return BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
}

#endif
