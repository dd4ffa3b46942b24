//go:build ignore
// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Tracer "oom": processes that the kernel kills because memory has run out.
#include "../include/event.h"
#include "../include/memory.h"
#include "../include/pid.h"
#include "../include/signal.h"
#include "../include/workload.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

enum oom_kind {
	OOM_KILL = 0,
};

// What has run out.
enum oom_constraint {
	OOM_GLOBAL = 0,	       // the machine's memory, or what a cpuset or memory policy allows of it
	OOM_MEMORY_CGROUP = 1, // what a memory cgroup may use
	OOM_UNKNOWN = 2,       // the cgroups are nested too deep to find out
};

// Memory cgroups above the victim that are looked at.
#define MEMORY_CGROUPS_NESTED_MAX 64
// A cgroup is taken for full when it has no room for this many pages: the largest allocation that the
// kernel kills for, PAGE_ALLOC_COSTLY_ORDER, and what a processor takes in advance and may have given back just
// now, MEMCG_CHARGE_BATCH.
#define ROOM_PAGES_MIN (8 + 64)
// Victims that are remembered, the oldest is forgotten first.
#define VICTIMS_MAX 1024
// PID_MAX_LIMIT of include/linux/threads.h
#define PID_LIMIT (4 << 20)

struct oom_event {
	struct event_header header; // of the victim
	struct event_header trigger;
	__u64 full_cgroup_id; // 0 unless the constraint is a cgroup
	__u64 limit_pages;
	__u64 usage_pages;
	__u64 anonymous_pages;
	__u64 file_pages;
	__u64 shared_pages;
	__u64 swap_pages;
	__u64 page_table_bytes;
	__u64 virtual_pages;
	__s32 score_adjustment;
	__u32 constraint;
};

EXPORT_TYPE(struct, event_header);
EXPORT_TYPE(struct, oom_event);
EXPORT_TYPE(enum, oom_kind);
EXPORT_TYPE(enum, oom_constraint);

struct oom_workload {
	__u64 kills;
};

WORKLOADS(oom_workload)

// The kernel marks each thread of a victim that asks for memory once more.
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, VICTIMS_MAX);
	__type(key, struct process_key);
	__type(value, __u8);
} victims SEC(".maps");

// What full_cgroup returns when it could not look at all of them: no address is that small.
#define NESTED_TOO_DEEP 1

static __always_inline struct mem_cgroup *above(struct mem_cgroup *group)
{
	// The state is the first thing in it.
	return (void *)BPF_CORE_READ(group, css.parent);
}

// locked_cgroup finds the memory cgroup for which a victim is being looked for: it and all below it are
// locked then. Kernels without cgroup v1 have no such lock.
__noinline __u64 locked_cgroup(__u64 lowest)
{
	struct mem_cgroup *group = (void *)lowest;
	__u64 locked = 0;

	for (int depth = 0; depth < MEMORY_CGROUPS_NESTED_MAX; depth++) {
		if (!bpf_core_field_exists(group->oom_lock) || !BPF_CORE_READ(group, oom_lock))
			break;
		locked = (__u64)group;
		group = above(group);
	}
	return locked;
}

// full_cgroup finds the nearest one that has no room. Nothing is locked when a limit is set below what is
// used already.
__noinline __u64 full_cgroup(__u64 lowest)
{
	struct mem_cgroup *group = (void *)lowest;

	for (int depth = 0; depth < MEMORY_CGROUPS_NESTED_MAX; depth++) {
		if (!group)
			return 0;
		if ((__u64)BPF_CORE_READ(group, memory.usage.counter) + ROOM_PAGES_MIN > BPF_CORE_READ(group, memory.max))
			return (__u64)group;
		group = above(group);
	}
	return NESTED_TOO_DEEP;
}

static __always_inline void what_ran_out(struct oom_event *event, struct task_struct *victim)
{
	__u64 lowest = (__u64)memory_cgroup_of_task(victim);
	__u64 found = locked_cgroup(lowest);
	if (!found)
		found = full_cgroup(lowest);
	struct mem_cgroup *group = (void *)found;

	event->constraint = found ? OOM_UNKNOWN : OOM_GLOBAL;
	if (found <= NESTED_TOO_DEEP)
		return;
	event->constraint = OOM_MEMORY_CGROUP;
	event->full_cgroup_id = cgroup_id(BPF_CORE_READ(group, css.cgroup));
	event->limit_pages = BPF_CORE_READ(group, memory.max);
	event->usage_pages = BPF_CORE_READ(group, memory.usage.counter);
}

static __always_inline __u64 not_negative(__s64 pages)
{
	return pages < 0 ? 0 : pages;
}

static __always_inline void what_it_had(struct oom_event *event, struct task_struct *victim)
{
	struct mm_struct *mm = BPF_CORE_READ(victim, mm);
	__s64 *pages = mm ? memory_counters(mm) : NULL;

	event->score_adjustment = BPF_CORE_READ(victim, signal, oom_score_adj);
	if (!pages)
		return;
	event->anonymous_pages = not_negative(pages[MM_ANONPAGES]);
	event->file_pages = not_negative(pages[MM_FILEPAGES]);
	event->shared_pages = not_negative(pages[MM_SHMEMPAGES]);
	event->swap_pages = not_negative(pages[MM_SWAPENTS]);
	event->page_table_bytes = BPF_CORE_READ(mm, pgtables_bytes.counter);
	event->virtual_pages = BPF_CORE_READ(mm, total_vm);
}

// is_killed tells a victim from a process that was ending anyway and is let have the last reserves. Only
// one that somebody has just killed with SIGKILL can't be told from a victim.
static __always_inline bool is_killed(struct task_struct *victim)
{
	struct signal_struct *signal = BPF_CORE_READ(victim, signal);

	return BPF_CORE_READ(signal, flags) & SIGNAL_GROUP_EXIT && BPF_CORE_READ(signal, group_exit_code) == SIGKILL;
}

static __always_inline int killed(struct task_struct *victim)
{
	struct oom_event event = {};
	__u8 known = 1;

	event_offer(OOM_KILL);
	if (!victim || !is_killed(victim)) {
		event_filter(OOM_KILL);
		return 0;
	}
	event_header_of(&event.header, OOM_KILL, victim);
	if (bpf_map_update_elem(&victims, &event.header.process, &known, BPF_NOEXIST)) {
		event_aggregate(OOM_KILL);
		return 0;
	}
	if (!event_wanted(&event.header))
		return 0;
	event_header_of(&event.trigger, OOM_KILL, (void *)bpf_get_current_task());
	what_ran_out(&event, victim);
	what_it_had(&event, victim);
	WORKLOAD_ADD(event.header.cgroup_id, kills, 1);
	event_submit(OOM_KILL, &event, sizeof(event));
	return 0;
}

// The tracepoint has the task since 6.8, and since later releases of older kernels. Before, it has its
// pid: no pointer is that small.
static __always_inline int marked(__u64 pid_or_task)
{
	if (pid_or_task < PID_LIMIT)
		return killed(task_of_pid(pid_or_task));
	return killed((void *)pid_or_task);
}

SEC("tp_btf/mark_victim")
int BPF_PROG(oom_mark_victim, __u64 pid_or_task)
{
	return marked(pid_or_task);
}

SEC("raw_tp/mark_victim")
int BPF_PROG(oom_mark_victim_raw, __u64 pid_or_task)
{
	return marked(pid_or_task);
}
