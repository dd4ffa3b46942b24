// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Middle layer: when something happened, and who did it.
#ifndef MEERKAT_HEADER_H
#define MEERKAT_HEADER_H

#include "kernel.h"
#include "cgroup.h"

#define COMM_BYTES 16

// A process is its pid and its start time together: a pid alone is reused.
struct process_key {
	__u64 start_time_ns; // of the thread group leader, CLOCK_BOOTTIME
	__u32 pid;	     // thread group id in the initial pid namespace
	__u32 reserved;
};

struct event_header {
	__u64 time_ns; // when it happened, CLOCK_BOOTTIME
	struct process_key process;
	// task_struct.self_exec_id: counts the execs of a process, so (process, exec_id) names one
	// program image, and user space can tell that it has not read that exec yet.
	__u64 exec_id;
	__u64 cgroup_id;
	__u32 tid;
	__u32 uid; // effective
	__u32 gid; // effective
	__u16 kind;
	__u16 flags;
	__u8 comm[COMM_BYTES];
};

static __always_inline void process_key_of(struct process_key *key, struct task_struct *task)
{
	key->pid = BPF_CORE_READ(task, tgid);
	key->start_time_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	key->reserved = 0;
}

static __always_inline void event_header_of(struct event_header *header, __u16 kind, struct task_struct *task)
{
	header->time_ns = bpf_ktime_get_boot_ns();
	process_key_of(&header->process, task);
	header->exec_id = BPF_CORE_READ(task, self_exec_id);
	header->cgroup_id = cgroup_id(cgroup_of_task(task));
	header->tid = BPF_CORE_READ(task, pid);
	header->uid = BPF_CORE_READ(task, cred, euid.val);
	header->gid = BPF_CORE_READ(task, cred, egid.val);
	header->kind = kind;
	header->flags = 0;
	BPF_CORE_READ_STR_INTO(&header->comm, task, comm);
}

#endif
