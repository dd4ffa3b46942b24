// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// How many threads of each cgroup run, sleep, wait for a disk, are stopped or are zombies. The kernel counts that
// nowhere, so an iterator walks through all threads once in a while. It takes Linux 5.13 or later.
#include <linux/bpf.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

// Cgroups times states. What does not fit is counted in not_counted.
#define SERIES_MAX 8192

// What ps calls R, S, D, T and t, I, Z and X.
enum task_state { running, sleeping, disk_sleep, stopped, idle, zombie, dead, other };

// The kernel's names for bits of a task's state.
#define TASK_INTERRUPTIBLE 0x1
#define TASK_UNINTERRUPTIBLE 0x2
#define TASK_STOPPED 0x4
#define TASK_TRACED 0x8
#define TASK_NOLOAD 0x400
#define EXIT_DEAD 0x10
#define EXIT_ZOMBIE 0x20

// The kernel's types: of each only what is read. preserve_access_index has the loader look up where a field is in the
// kernel that it loads the program into, so neither order nor size have to be right here.
struct kernfs_node {
	__u64 id;
} __attribute__((preserve_access_index));

struct cgroup {
	struct kernfs_node *kn;
} __attribute__((preserve_access_index));

struct css_set {
	struct cgroup *dfl_cgrp;
} __attribute__((preserve_access_index));

struct task_struct {
	unsigned int __state;
	int exit_state;
	struct css_set *cgroups;
} __attribute__((preserve_access_index));

// Until Linux 5.13 the field had another name. The loader ignores what stands behind three underscores.
struct task_struct___before_5_14 {
	long state;
} __attribute__((preserve_access_index));

struct bpf_iter__task {
	struct task_struct *task;
} __attribute__((preserve_access_index));

struct series {
	__u64 cgroup;
	enum task_state state;
	__u32 padding; // always 0: the bytes of keys are compared
};

struct tasks {
	__u64 now;    // what the last walk has found: this is the metric
	__u64 so_far; // what this walk has found
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SERIES_MAX);
	__type(key, struct series);
	__type(value, struct tasks);
} tasks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} not_counted SEC(".maps");

// A map, as bpf_for_each_map_elem hands it to its function.
struct bpf_map;

static enum task_state state_of(struct task_struct *task)
{
	struct task_struct___before_5_14 *old = (void *)task;
	__u32 bits;

	if (task->exit_state & EXIT_ZOMBIE)
		return zombie;
	if (task->exit_state & EXIT_DEAD)
		return dead;
	bits = bpf_core_field_exists(task->__state) ? task->__state : (__u32)old->state;
	if (bits == 0)
		return running;
	if (bits & TASK_INTERRUPTIBLE)
		return sleeping;
	if (bits & TASK_UNINTERRUPTIBLE)
		return bits & TASK_NOLOAD ? idle : disk_sleep;
	if (bits & (TASK_STOPPED | TASK_TRACED))
		return stopped;
	return other;
}

static void count(struct task_struct *task)
{
	static const struct tasks none;
	struct series series = { .cgroup = task->cgroups->dfl_cgrp->kn->id, .state = state_of(task) };
	struct tasks *counted = bpf_map_lookup_elem(&tasks, &series);
	__u32 first = 0;
	__u64 *lost;

	if (!counted) {
		bpf_map_update_elem(&tasks, &series, &none, BPF_NOEXIST);
		counted = bpf_map_lookup_elem(&tasks, &series);
	}
	if (counted) {
		counted->so_far++; // nobody else does: one walk at a time
		return;
	}
	lost = bpf_map_lookup_elem(&not_counted, &first);
	if (lost)
		(*lost)++;
}

// Shows what the walk has found of one series. When there is nothing any more, that is shown once, as a gauge that ends
// is taken for one that stays as it was.
static long show(struct bpf_map *map, struct series *series, struct tasks *counted, void *unused)
{
	if (!counted->now && !counted->so_far) {
		bpf_map_delete_elem(map, series);
		return 0;
	}
	counted->now = counted->so_far;
	counted->so_far = 0;
	return 0;
}

SEC("iter/task")
int walk(struct bpf_iter__task *ctx)
{
	// Read once: the verifier believes only what it has seen checked.
	struct task_struct *task = ctx->task;

	// The last call of a walk has no task.
	if (task)
		count(task);
	else
		bpf_for_each_map_elem(&tasks, show, NULL, 0);
	return 0;
}
