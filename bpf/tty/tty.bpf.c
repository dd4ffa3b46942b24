//go:build ignore
// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Tracer "tty": programs that are executed at a terminal, as the first of its session, or by a process
// that has entered a container from outside, and their ends. What is typed is never looked at.
//
// Which cgroup is a container's is known in user space alone, so this reports candidates: few, since
// most processes neither lead a session nor leave the cgroup and the mounts of their parent.
#include "../include/event.h"
#include "../include/exit.h"
#include "../include/file.h"
#include "../include/task.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

enum tty_kind {
	TTY_SESSION = 0,
	TTY_SESSION_END = 1,
};

enum tty_flags {
	// The process leads its session, and has a controlling terminal or one as its standard input.
	TTY_ON_TERMINAL = 1,
	// The process is in another cgroup and another mount namespace than its parent.
	TTY_ENTERED = 2,
};

#define TTY_NAME_BYTES 64
// Sessions whose end is waited for. Beyond it, a session is lost (counter: lost_map).
#define SESSIONS_MAX 4096

struct session_event {
	struct event_header header;
	struct process_key parent;
	__u64 parent_cgroup_id;
	__u32 real_uid;
	__u32 vpid;
	__u32 session;
	__u32 flags;
	__u8 tty[TTY_NAME_BYTES];
};

struct session_end_event {
	struct event_header header;
	__u64 duration_ns;
};

EXPORT_TYPE(struct, event_header);
EXPORT_TYPE(struct, session_event);
EXPORT_TYPE(struct, session_end_event);
EXPORT_TYPE(enum, tty_kind);
EXPORT_TYPE(enum, tty_flags);

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, SESSIONS_MAX);
	__type(key, struct process_key);
	__type(value, __u64); // since when, CLOCK_BOOTTIME
} sessions SEC(".maps");

#define TERMINAL_MAJOR 4
#define PSEUDO_TERMINAL_MAJOR_FIRST 136
#define PSEUDO_TERMINAL_MAJOR_LAST 143

// As the kernel packs device numbers.
#define DEVICE_MAJOR(device) ((device) >> 20)

static __always_inline struct tty_struct *terminal_on_input(struct task_struct *task)
{
	struct file *input = file_of_descriptor(task, 0);
	struct tty_file_private *private;

	if (!input || file_type(input) != S_IFCHR)
		return NULL;
	__u32 major = DEVICE_MAJOR(BPF_CORE_READ(input, f_inode, i_rdev));
	if (major != TERMINAL_MAJOR &&
	    (major < PSEUDO_TERMINAL_MAJOR_FIRST || major > PSEUDO_TERMINAL_MAJOR_LAST))
		return NULL;
	private = BPF_CORE_READ(input, private_data);
	return BPF_CORE_READ(private, tty);
}

static __always_inline struct tty_struct *terminal_of(struct task_struct *task)
{
	struct tty_struct *terminal = BPF_CORE_READ(task, signal, tty);

	return terminal ? terminal : terminal_on_input(task);
}

static __always_inline bool leads_session(struct task_struct *task)
{
	return BPF_CORE_READ(task, signal, pids[PIDTYPE_SID]) == BPF_CORE_READ(task, group_leader, thread_pid);
}

static __always_inline bool has_entered(struct task_struct *task, struct task_struct *parent)
{
	return !same_cgroup(task, parent) && !same_mounts(task, parent);
}

static __always_inline int exec(struct task_struct *task)
{
	struct task_struct *parent = BPF_CORE_READ(task, real_parent);
	struct session_event event = {};
	struct tty_struct *terminal = NULL;

	if (leads_session(task))
		terminal = terminal_of(task);
	if (terminal)
		event.flags |= TTY_ON_TERMINAL;
	if (has_entered(task, parent))
		event.flags |= TTY_ENTERED;
	if (!event.flags)
		return 0;
	process_key_of(&event.header.process, task);
	// A process that executes one program after the other is one session.
	if (bpf_map_lookup_elem(&sessions, &event.header.process))
		return 0;
	event_offer(TTY_SESSION);
	event_header_of(&event.header, TTY_SESSION, task);
	if (!event_wanted(&event.header))
		return 0;
	if (bpf_map_update_elem(&sessions, &event.header.process, &event.header.time_ns, BPF_ANY)) {
		event_lose_map(TTY_SESSION);
		return 0;
	}
	process_key_of(&event.parent, parent);
	event.parent_cgroup_id = cgroup_id(cgroup_of_task(parent));
	event.real_uid = BPF_CORE_READ(task, cred, uid.val);
	event.vpid = vpid_of_task(task);
	event.session = pid_number(BPF_CORE_READ(task, signal, pids[PIDTYPE_SID]), 0);
	// One that entered without leading its session may have a terminal too.
	if (!terminal)
		terminal = terminal_of(task);
	if (terminal)
		bpf_probe_read_kernel_str(event.tty, sizeof(event.tty), &terminal->name);
	event_submit(TTY_SESSION, &event, sizeof(event));
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(tty_exec, struct task_struct *task)
{
	return exec(task);
}

SEC("raw_tp/sched_process_exec")
int BPF_PROG(tty_exec_raw, struct task_struct *task)
{
	return exec(task);
}

// A second end of a process finds no session any more.
EXIT_HANDLER(tty, task)
{
	struct session_end_event event = {};
	__u64 *since;

	process_key_of(&event.header.process, task);
	since = bpf_map_lookup_elem(&sessions, &event.header.process);
	if (!since)
		return;
	event_offer(TTY_SESSION_END);
	event_header_of(&event.header, TTY_SESSION_END, task);
	event.duration_ns = event.header.time_ns - *since;
	bpf_map_delete_elem(&sessions, &event.header.process);
	if (!event_wanted(&event.header))
		return;
	event_submit(TTY_SESSION_END, &event, sizeof(event));
}
