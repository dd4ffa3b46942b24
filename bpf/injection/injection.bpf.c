//go:build ignore
// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Tracer "injection": ways to put code where it was not: into another process, into memory that no file
// stands behind, into the loader's configuration, into the kernel; and work that is handed to the kernel
// past the system calls.
//
// One handler at the end of system calls. It finds out cheaply whether a call is one of these (a
// finding), and only then builds the event. User space fills the table of calls, since it knows the
// numbers of its architecture.
#define PATH_SLOTS_MAX 1 // no path is resolved
#include "../include/event.h"
#include "../include/seen.h"
#include "../include/syscall.h"
#include "../include/tail.h"
#include "../include/workload.h"
#include "finding.h"
#include "loader.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

enum injection_flags {
	// The path is the argument of a system call, not what the kernel resolved.
	INJECTION_PATH_IS_ARGUMENT = 1,
	// The last of the directories is the root of a file system.
	INJECTION_PATH_ROOTED = 2,
	// There was no room to remember that this has been seen: it will be reported each time.
	INJECTION_NOT_DEDUPLICATED = 4,
};

// (process, operation, object) that are remembered at one time. Beyond that events are reported without
// deduplication.
#define SEEN_MAX 4096
// Directories above a file that are named.
#define DIRECTORIES_MAX 3

// 32-bit calls come behind the others.
const volatile struct injection_call injection_calls[2 * SYSCALLS_MAX] = {};
const volatile bool executable_memory = false;
// Operations that are submitted through io_uring and are events, a bit each.
const volatile __u64 io_uring_operations = 0;

// Strings behind it: name, path, directories from the innermost on.
struct injection_event {
	struct event_header header;
	struct event_header target; // pid 0: there is none, or nothing is known of it
	__u64 window; // number of the time window in which further ones are counted, from 1; 0: they are not
	__u64 address;
	__u64 bytes;
	__u64 inode;
	__u32 device;
	__u32 number; // what it is about: a type of program or event, an opcode, a descriptor
	__u32 given_flags;
	__u32 given_pid; // the target as the process named it, in its own pid namespace
	__s32 error;	 // errno, 0 for success
	__u16 operation;
	__u16 flags;
	__u16 name_bytes;
	__u16 path_bytes;
	__u16 directory_bytes[DIRECTORIES_MAX];
	__u16 reserved;
	__u32 program; // id of a BPF program
};

// What makes two operations the same.
struct injection_seen_key {
	struct process_key process;
	__u64 window;
	__u64 object;
	__s32 error;
	__u16 operation;
	__u16 kind;
};

struct injection_workload {
	__u64 process_access;
	__u64 memory_file;
	__u64 fileless_exec;
	__u64 executable_memory;
	__u64 loader_change;
	__u64 kernel_code;
	__u64 io_uring;
};

EXPORT_TYPE(struct, event_header);
EXPORT_TYPE(struct, injection_event);
EXPORT_TYPE(struct, injection_call);
EXPORT_TYPE(enum, injection_kind);
EXPORT_TYPE(enum, injection_operation);
EXPORT_TYPE(enum, injection_flags);

#define INJECTION_TAIL_BYTES (PATH_BYTES_MAX + (1 + DIRECTORIES_MAX) * PATH_NAME_BYTES_MAX + TAIL_SLACK_BYTES)
struct injection_scratch {
	struct injection_event event;
	char tail[INJECTION_TAIL_BYTES];
	struct injection_seen_key seen_key;
	// Here the verifier does not follow what each kind of call has left in it.
	struct finding found;
	struct module_name name;
	struct loader_scratch loader;
};

SCRATCH(syscall_scratch, injection_scratch);
SCRATCH(exec_scratch, injection_scratch);

// For events without strings.
struct injection_short_scratch {
	struct injection_event event;
	struct injection_seen_key seen_key;
};

SCRATCH(io_uring_scratch, injection_short_scratch);

SEEN(injection_seen_key, SEEN_MAX);

WORKLOADS(injection_workload)

static __always_inline void count_for_workload(__u64 cgroup, __u32 kind)
{
	struct injection_workload *workload = workload_of(cgroup);

	FORGET(kind);
	// The fields stand in the order of the kinds.
	if (workload && kind <= INJECTION_IO_URING)
		__sync_fetch_and_add((__u64 *)workload + kind, 1);
}

static __always_inline void describe_file(struct injection_event *event, struct dentry *file)
{
	struct inode *inode = BPF_CORE_READ(file, d_inode);

	event->inode = BPF_CORE_READ(inode, i_ino);
	event->device = BPF_CORE_READ(inode, i_sb, s_dev);
}

// begin fills all of an event but its strings. It returns false if there is none to submit.
static __always_inline bool begin(struct injection_event *event, struct injection_seen_key *key, struct finding *found,
				  long result)
{
	event_offer(found->kind);
	__builtin_memset(event, 0, sizeof(*event));
	event_header_of(&event->header, found->kind, (void *)bpf_get_current_task());
	if (!event_wanted(&event->header))
		return false;
	if (found->target)
		event_header_of(&event->target, found->kind, found->target);
	event->operation = found->operation;
	event->error = result < 0 ? -result : 0;
	event->address = found->address;
	event->bytes = found->bytes;
	event->number = found->number;
	event->given_flags = found->given_flags;
	event->given_pid = found->given_pid;
	event->program = found->program;
	if (found->file)
		describe_file(event, found->file);
	count_for_workload(event->header.cgroup_id, found->kind);
	event->window = seen_window(&event->header);
	if (!event->window)
		return true;
	key->process = event->header.process;
	key->window = event->window;
	key->kind = found->kind;
	key->object = found->object;
	key->error = event->error;
	key->operation = event->operation;
	enum seen_result seen = seen_before(key, &event->header);
	if (seen == SEEN_REPEAT) {
		event_aggregate(found->kind);
		return false;
	}
	if (seen == SEEN_FULL)
		event->flags |= INJECTION_NOT_DEDUPLICATED;
	return true;
}

// put_directories appends the names of a directory and of those above it, up to the root of its file system. Where
// that is mounted is not looked for.
static __always_inline void put_directories(struct injection_scratch *scratch, __u32 *used, struct dentry *directory)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct dentry *root = BPF_CORE_READ(task, fs, root.dentry);

#pragma unroll
	for (int i = 0; i < DIRECTORIES_MAX; i++) {
		struct dentry *parent = BPF_CORE_READ(directory, d_parent);

		if (directory == root)
			scratch->event.flags |= INJECTION_PATH_ROOTED;
		if (directory == root || parent == directory)
			return;
		scratch->event.directory_bytes[i] =
			tail_kernel_string(scratch->tail, INJECTION_TAIL_BYTES, used, BPF_CORE_READ(directory, d_name.name));
		directory = parent;
	}
	if (directory == root)
		scratch->event.flags |= INJECTION_PATH_ROOTED;
}

static __always_inline void put_strings(struct injection_scratch *scratch, __u32 *used, struct finding *found)
{
	struct injection_event *event = &scratch->event;
	struct dentry *file = found->file;

	if (found->kernel_name)
		event->name_bytes = tail_kernel_string(scratch->tail, INJECTION_TAIL_BYTES, used, found->kernel_name);
	else if (found->user_name)
		event->name_bytes = tail_user_string(scratch->tail, INJECTION_TAIL_BYTES, used, found->user_name);
	if (file) {
		event->path_bytes =
			tail_kernel_string(scratch->tail, INJECTION_TAIL_BYTES, used, BPF_CORE_READ(file, d_name.name));
		put_directories(scratch, used, BPF_CORE_READ(file, d_parent));
	} else if (found->path) {
		event->flags |= INJECTION_PATH_IS_ARGUMENT;
		event->path_bytes = tail_user_string(scratch->tail, INJECTION_TAIL_BYTES, used, found->path);
		if (found->directory)
			put_directories(scratch, used, found->directory);
	}
}

static __always_inline void report(struct injection_scratch *scratch, struct finding *found, long result)
{
	__u32 used = 0;

	if (!begin(&scratch->event, &scratch->seen_key, found, result))
		return;
	put_strings(scratch, &used, found);
	event_submit(found->kind, &scratch->event, sizeof(scratch->event) + at_most(used, INJECTION_TAIL_BYTES));
}

// find leaves the finding without an operation if there is nothing to report.
static __always_inline void find(struct injection_scratch *scratch, struct syscall *call, struct finding *found,
				 const volatile struct injection_call *what)
{
	switch (what->operation) {
	case OPERATION_PTRACE:
		return find_ptrace(call, found);
	case OPERATION_MEMORY_WRITE:
		return find_memory_write(call, found);
	case OPERATION_DESCRIPTOR_GET:
		return find_descriptor_get(call, found);
	case OPERATION_MEMFD_CREATE:
		return find_memory_file(call, found);
	case OPERATION_BPF_LOAD:
		return find_bpf(&scratch->name, call, found);
	case OPERATION_PERF_OPEN:
		return find_perf_event(call, found);
	case OPERATION_IO_URING_SETUP:
		return find_io_uring(call, found);
	case OPERATION_MAP:
	case OPERATION_PROTECT:
		if (executable_memory)
			find_executable_memory(call, found, what->operation);
		return;
	case OPERATION_OPEN:
	case OPERATION_RENAME:
	case OPERATION_LINK:
	case OPERATION_SYMLINK:
		return find_file(&scratch->loader, call, found, what);
	default:
		return find_kernel_code(&scratch->name, call, found, what->operation);
	}
}

// include/linux/errno.h
#define ERESTARTSYS 512
#define ERESTART_RESTARTBLOCK 516

SYSCALL_HANDLER_AND_NEXT(injection_syscall, call)
{
	__u32 zero = 0;

	// A call that is about to be restarted ends once more.
	if (call->result <= -ERESTARTSYS && call->result >= -ERESTART_RESTARTBLOCK)
		return;
	const volatile struct injection_call *what = &injection_calls[syscall_index(call)];
	struct injection_scratch *scratch = bpf_map_lookup_elem(&syscall_scratch, &zero);
	if (!scratch || !what->operation)
		return;
	__builtin_memcpy(scratch->loader.arguments, call->arguments, sizeof(call->arguments));
	struct finding *found = &scratch->found;
	__builtin_memset(found, 0, sizeof(*found));
	find(scratch, call, found, what);
	if (!found->operation)
		return;
	report(scratch, found, call->result);
}

static __always_inline int executed(struct linux_binprm *binary)
{
	struct file *file = BPF_CORE_READ(binary, file);
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);
	struct finding found = {};
	__u32 zero = 0;

	if (BPF_CORE_READ(file, f_inode, i_nlink))
		return 0;
	struct injection_scratch *scratch = bpf_map_lookup_elem(&exec_scratch, &zero);
	if (!scratch)
		return 0;
	found.file = dentry;
	found.object = BPF_CORE_READ(file, f_inode, i_ino);
	finds(&found, INJECTION_FILELESS_EXEC, OPERATION_EXECUTE);
	report(scratch, &found, 0);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(injection_exec, struct task_struct *task, pid_t old_pid, struct linux_binprm *binary)
{
	return executed(binary);
}

SEC("raw_tp/sched_process_exec")
int BPF_PROG(injection_exec_raw, struct task_struct *task, pid_t old_pid, struct linux_binprm *binary)
{
	return executed(binary);
}

static __always_inline int submitted(__u32 opcode)
{
	struct finding found = { .number = opcode, .object = opcode };
	__u32 zero = 0;

	if (opcode > 63 || !(io_uring_operations >> opcode & 1))
		return 0;
	struct injection_short_scratch *scratch = bpf_map_lookup_elem(&io_uring_scratch, &zero);
	if (!scratch)
		return 0;
	finds(&found, INJECTION_IO_URING, OPERATION_IO_URING_SUBMIT);
	if (begin(&scratch->event, &scratch->seen_key, &found, 0))
		event_submit(INJECTION_IO_URING, &scratch->event, sizeof(scratch->event));
	return 0;
}

// The arguments have changed several times. Each of these is refused where it does not fit, by what it reads
// without a helper function; the last one would fit earlier kernels too, so it comes last.
SEC("tp_btf/io_uring_submit_req")
int BPF_PROG(injection_submit_request, struct io_kiocb *request)
{
	return submitted(request->opcode);
}

SEC("raw_tp/io_uring_submit_req")
int BPF_PROG(injection_submit_request_raw, struct io_kiocb *request)
{
	return submitted(BPF_CORE_READ(request, opcode));
}

// 6.0 to 6.2
SEC("tp_btf/io_uring_submit_sqe")
int BPF_PROG(injection_submit_entry, struct io_kiocb *request)
{
	return submitted(request->opcode);
}

// 5.15 to 5.19: seven arguments
SEC("tp_btf/io_uring_submit_sqe")
int BPF_PROG(injection_submit_entry_seven, void *ring, void *request, __u8 opcode, __u64 data, __u32 flags, bool nonblocking,
	     bool by_thread)
{
	__u32 last = by_thread;

	FORGET(last);
	return submitted(opcode);
}

// before 5.15
SEC("tp_btf/io_uring_submit_sqe")
int BPF_PROG(injection_submit_entry_five, void *ring, __u8 opcode)
{
	return submitted(opcode);
}

static __always_inline int module_loading(struct module *module)
{
	__u64 thread = bpf_get_current_pid_tgid();
	struct module_name name = {};

	bpf_probe_read_kernel_str(name.text, sizeof(name.text), module->name);
	bpf_map_update_elem(&modules_loading, &thread, &name, BPF_ANY);
	return 0;
}

SEC("tp_btf/module_load")
int BPF_PROG(injection_module, struct module *module)
{
	return module_loading(module);
}

SEC("raw_tp/module_load")
int BPF_PROG(injection_module_raw, struct module *module)
{
	return module_loading(module);
}
