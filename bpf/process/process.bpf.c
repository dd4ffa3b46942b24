//go:build ignore
// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Tracer "process": exec, failed exec, fork and exit of processes, and the cgroups they live in.
//
// It is also where user space learns who a process is, so it records each fork and each cgroup even
// when nobody wants these as events.
// Every event tells something about who is who.
#define EVENTS_TELL_WHO
#include "../include/event.h"
#include "../include/exec.h"
#include "../include/exit.h"
#include "../include/pid.h"
#include "../include/syscall.h"
#include "../include/tail.h"
#include "../include/workload.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

enum process_kind {
	PROCESS_EXEC = 0,
	PROCESS_EXEC_FAILED = 1,
	PROCESS_FORK = 2,
	PROCESS_EXIT = 3,
	PROCESS_CGROUP_MKDIR = 4,
	PROCESS_CGROUP_RMDIR = 5,
	// A process that was there before us; written by the iterator, never to the ring.
	PROCESS_SNAPSHOT = 6,
};

#define ARGUMENTS_BYTES_MAX 4096
#define ENVIRONMENT_BYTES_MAX 4096
// include/uapi/linux/fcntl.h
#define AT_FDCWD -100

const volatile __u32 arguments_bytes_max = 1024;
const volatile __u32 environment_bytes_max = 0;
// Of the hierarchy that cgroup_hierarchy_choice names, as in /proc/self/cgroup.
const volatile __s32 cgroup_hierarchy_id = 0;

// What a system call does. User space fills the table, since it knows the numbers of its architecture.
enum exec_call {
	CALL_NONE = 0,
	CALL_EXECVE = 1,
	CALL_EXECVEAT = 2,
};

// 32-bit calls come behind the others.
const volatile __u8 exec_calls[2 * SYSCALLS_MAX] = {};

// String behind it: the path as it was given.
struct exec_failed_event {
	struct event_header header;
	__s32 error; // negative errno
	__s32 directory_fd;
	__u32 filename_bytes;
	__u32 reserved;
};

// The header is the child's.
struct fork_event {
	struct event_header header;
	struct process_key parent;
};

struct exit_event {
	struct event_header header;
	__u64 cpu_time_ns;
	__u64 memory_peak_pages;
	__u32 status; // as wait(2) returns it
	__u32 reserved;
};

// header.cgroup_id is the cgroup; the process is who made or removed it. String behind it: its path
// in the hierarchy.
struct cgroup_event {
	struct event_header header;
	__u32 path_bytes;
	__u32 reserved;
};

EXPORT_TYPE(struct, event_header);
EXPORT_TYPE(struct, fork_event);
EXPORT_TYPE(struct, exit_event);
EXPORT_TYPE(enum, process_kind);
EXPORT_TYPE(enum, event_flags);
EXPORT_TYPE(enum, filter_checks);
EXPORT_TYPE(enum, filter_verdict);
EXPORT_TYPE(enum, path_flags);
EXPORT_TYPE(enum, exec_flags);
EXPORT_TYPE(enum, exec_call);

struct process_workload {
	__u64 execs;
	__u64 exec_failures;
	__u64 forks;
	__u64 exits;
};

#define EXEC_TAIL_BYTES (3 * PATH_BYTES_MAX + ARGUMENTS_BYTES_MAX + ENVIRONMENT_BYTES_MAX + TAIL_SLACK_BYTES)
struct exec_scratch {
	struct exec_event event;
	char tail[EXEC_TAIL_BYTES];
};

#define FAILED_TAIL_BYTES (PATH_BYTES_MAX + TAIL_SLACK_BYTES)
struct failed_scratch {
	struct exec_failed_event event;
	char tail[FAILED_TAIL_BYTES];
};

struct cgroup_scratch {
	struct cgroup_event event;
	char tail[FAILED_TAIL_BYTES];
};

enum path_slot { SLOT_EXEC, SLOT_SNAPSHOT };

SCRATCH(exec_scratch_map, exec_scratch);
SCRATCH(snapshot_scratch_map, exec_scratch);
SCRATCH(failed_scratch_map, failed_scratch);
SCRATCH(cgroup_scratch_map, cgroup_scratch);

WORKLOADS(process_workload)

static __always_inline __u32 what_runs(struct exec_scratch *scratch, __u32 slot, struct task_struct *task,
				       struct file *executable)
{
	struct exec_event *event = &scratch->event;
	__u32 used = 0;

	executable_is(event, BPF_CORE_READ(executable, f_inode));
	event->executable_bytes = tail_path(scratch->tail, EXEC_TAIL_BYTES, &used, path_of_file(slot, executable, task),
					    &event->executable_flags);
	return used;
}

static __always_inline void on_terminal(struct exec_scratch *scratch, __u32 *used, struct task_struct *task)
{
	struct tty_struct *tty = BPF_CORE_READ(task, signal, tty);

	scratch->event.tty_bytes = 0;
	if (tty)
		scratch->event.tty_bytes = tail_kernel_string(scratch->tail, EXEC_TAIL_BYTES, used, &tty->name);
}

static __always_inline __u32 bytes_between(unsigned long start, unsigned long end)
{
	return end > start ? end - start : 0;
}

static __always_inline int exec(struct task_struct *task, struct linux_binprm *bprm)
{
	__u32 zero = 0;
	struct exec_scratch *scratch = bpf_map_lookup_elem(&exec_scratch_map, &zero);

	event_offer(PROCESS_EXEC);
	if (!scratch) {
		event_lose_map(PROCESS_EXEC);
		return 0;
	}
	struct exec_event *event = &scratch->event;
	struct mm_struct *mm = BPF_CORE_READ(task, mm);

	event_header_of(&event->header, PROCESS_EXEC, task);
	WORKLOAD_ADD(event->header.cgroup_id, execs, 1);
	const char *filename = BPF_CORE_READ(bprm, filename);
	event->flags = BPF_CORE_READ(bprm, interp) != filename ? EXEC_INTERPRETED : 0;
	who_runs(event, task);
	__u32 used = what_runs(scratch, SLOT_EXEC, task, BPF_CORE_READ(bprm, file));
	event->filename_bytes = tail_kernel_string(scratch->tail, EXEC_TAIL_BYTES, &used, filename);
	event->working_directory_bytes =
		tail_path(scratch->tail, EXEC_TAIL_BYTES, &used, path_of_working_directory(SLOT_EXEC, task),
			  &event->working_directory_flags);

	unsigned long start = BPF_CORE_READ(mm, arg_start);
	event->argument_count = BPF_CORE_READ(bprm, argc);
	event->arguments_total_bytes = bytes_between(start, BPF_CORE_READ(mm, arg_end));
	event->arguments_bytes = tail_user(scratch->tail, EXEC_TAIL_BYTES, &used, start,
					   at_most(event->arguments_total_bytes, arguments_bytes_max));
	start = BPF_CORE_READ(mm, env_start);
	event->environment_total_bytes = bytes_between(start, BPF_CORE_READ(mm, env_end));
	event->environment_bytes = 0;
	if (environment_bytes_max)
		event->environment_bytes = tail_user(scratch->tail, EXEC_TAIL_BYTES, &used, start,
						     at_most(event->environment_total_bytes, environment_bytes_max));
	on_terminal(scratch, &used, task);

	if (event->arguments_bytes < event->arguments_total_bytes || (event->executable_flags & PATH_CUT) ||
	    (event->working_directory_flags & PATH_CUT))
		event_cut(PROCESS_EXEC);
	event_submit(PROCESS_EXEC, event, sizeof(*event) + at_most(used, EXEC_TAIL_BYTES));
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(process_exec, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	return exec(task, bprm);
}

SEC("raw_tp/sched_process_exec")
int BPF_PROG(process_exec_raw, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	return exec(task, bprm);
}

// The call has failed, so the path that it was given is still there, and in memory, since the kernel has just
// read it.
SYSCALL_HANDLER(process_exec_failed, call)
{
	__u8 operation = exec_calls[syscall_index(call)];
	__u32 zero = 0, used = 0;
	struct failed_scratch *scratch = bpf_map_lookup_elem(&failed_scratch_map, &zero);

	if (call->result >= 0 || !operation || !scratch)
		return;
	struct exec_failed_event *event = &scratch->event;
	bool at = operation == CALL_EXECVEAT;

	event_offer(PROCESS_EXEC_FAILED);
	event_header_of(&event->header, PROCESS_EXEC_FAILED, (void *)bpf_get_current_task());
	WORKLOAD_ADD(event->header.cgroup_id, exec_failures, 1);
	event->error = call->result;
	event->directory_fd = at ? (int)call->arguments[0] : AT_FDCWD;
	event->filename_bytes = tail_user_string(scratch->tail, FAILED_TAIL_BYTES, &used,
						 (const void *)(at ? call->arguments[1] : call->arguments[0]));
	event->reserved = 0;
	event_submit(PROCESS_EXEC_FAILED, event, sizeof(*event) + at_most(used, PATH_BYTES_MAX));
}

static __always_inline int fork(struct task_struct *child)
{
	struct fork_event event = {};

	// A thread is not a process.
	if (BPF_CORE_READ(child, pid) != BPF_CORE_READ(child, tgid))
		return 0;
	event_offer(PROCESS_FORK);
	event_header_of(&event.header, PROCESS_FORK, child);
	process_key_of(&event.parent, BPF_CORE_READ(child, real_parent));
	filter_inherit(&event.parent, &event.header.process);
	WORKLOAD_ADD(event.header.cgroup_id, forks, 1);
	event_submit(PROCESS_FORK, &event, sizeof(event));
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(process_fork, struct task_struct *parent, struct task_struct *child)
{
	return fork(child);
}

SEC("raw_tp/sched_process_fork")
int BPF_PROG(process_fork_raw, struct task_struct *parent, struct task_struct *child)
{
	return fork(child);
}

// What the group has used: the sum over threads that were reaped, and over the two that may not be,
// the leader and the thread that is the last to go.
static __always_inline __u64 cpu_time_of_group(struct task_struct *task, struct task_struct *leader,
					       struct signal_struct *signal)
{
	__u64 used = BPF_CORE_READ(signal, sum_sched_runtime) + BPF_CORE_READ(task, se.sum_exec_runtime);

	if (leader != task)
		used += BPF_CORE_READ(leader, se.sum_exec_runtime);
	return used;
}

// User space drops the second end of a process that it knows to be gone.
EXIT_HANDLER(process, task)
{
	struct signal_struct *signal = BPF_CORE_READ(task, signal);
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);
	struct exit_event event = {};

	event_offer(PROCESS_EXIT);
	event_header_of(&event.header, PROCESS_EXIT, task);
	filter_forget(&event.header.process);
	WORKLOAD_ADD(event.header.cgroup_id, exits, 1);
	event.cpu_time_ns = cpu_time_of_group(task, leader, signal);
	event.memory_peak_pages = BPF_CORE_READ(signal, maxrss);
	event.status = exit_status(task);
	event_submit(PROCESS_EXIT, &event, sizeof(event));
}

static __always_inline int cgroup_changed(__u32 kind, struct cgroup *cgroup, const char *path)
{
	__u32 zero = 0, used = 0;
	struct cgroup_scratch *scratch = bpf_map_lookup_elem(&cgroup_scratch_map, &zero);

	if (BPF_CORE_READ(cgroup, root, hierarchy_id) != cgroup_hierarchy_id || !scratch)
		return 0;
	struct cgroup_event *event = &scratch->event;

	event_offer(kind);
	event_header_of(&event->header, kind, (void *)bpf_get_current_task());
	event->header.cgroup_id = cgroup_id(cgroup);
	event->path_bytes = tail_kernel_string(scratch->tail, FAILED_TAIL_BYTES, &used, path);
	event->reserved = 0;
	if (kind == PROCESS_CGROUP_MKDIR)
		// The names of a container are read before it is gone, which may be some milliseconds.
		event_submit_at_once(kind, event, sizeof(*event) + at_most(used, PATH_BYTES_MAX));
	else
		event_submit(kind, event, sizeof(*event) + at_most(used, PATH_BYTES_MAX));
	return 0;
}

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(process_cgroup_mkdir, struct cgroup *cgroup, const char *path)
{
	return cgroup_changed(PROCESS_CGROUP_MKDIR, cgroup, path);
}

SEC("raw_tp/cgroup_mkdir")
int BPF_PROG(process_cgroup_mkdir_raw, struct cgroup *cgroup, const char *path)
{
	return cgroup_changed(PROCESS_CGROUP_MKDIR, cgroup, path);
}

SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(process_cgroup_rmdir, struct cgroup *cgroup, const char *path)
{
	return cgroup_changed(PROCESS_CGROUP_RMDIR, cgroup, path);
}

SEC("raw_tp/cgroup_rmdir")
int BPF_PROG(process_cgroup_rmdir_raw, struct cgroup *cgroup, const char *path)
{
	return cgroup_changed(PROCESS_CGROUP_RMDIR, cgroup, path);
}

// The processes that were there before us, as exec events of kind PROCESS_SNAPSHOT, each behind its
// length. Read after the other programs are attached, so that none is missed in between.
SEC("iter/task")
int process_snapshot(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;
	__u32 zero = 0;
	struct exec_scratch *scratch = bpf_map_lookup_elem(&snapshot_scratch_map, &zero);

	if (!task || !scratch || task->pid != task->tgid)
		return 0;
	struct exec_event *event = &scratch->event;
	struct mm_struct *mm = task->mm;
	struct file *executable = NULL;
	if (mm)
		executable = mm->exe_file;

	__builtin_memset(event, 0, sizeof(*event));
	event_header_of(&event->header, PROCESS_SNAPSHOT, task);
	if (event->header.process.pid == bpf_get_current_pid_tgid() >> 32)
		event->header.flags |= EVENT_OF_COLLECTOR;
	who_runs(event, task);
	__u32 used = 0;
	// A kernel thread has none, and neither has a process that is going.
	if (executable)
		used = what_runs(scratch, SLOT_SNAPSHOT, task, executable);
	__u32 bytes = sizeof(*event) + at_most(used, PATH_BYTES_MAX);
	// What a helper gets the address of has no bounds any more.
	__u32 written = bytes;
	bpf_seq_write(seq, &written, sizeof(written));
	bpf_seq_write(seq, event, bytes);
	return 0;
}
