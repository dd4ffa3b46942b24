// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// What a system call turns out to be: a way to put code where it was not, or nothing of interest.
#ifndef MEERKAT_INJECTION_FINDING_H
#define MEERKAT_INJECTION_FINDING_H

#include "../include/event.h"
#include "../include/file.h"
#include "../include/mapping.h"
#include "../include/pid.h"
#include "../include/syscall.h"

enum injection_kind {
	INJECTION_PROCESS_ACCESS = 0,
	INJECTION_MEMORY_FILE = 1,
	INJECTION_FILELESS_EXEC = 2,
	INJECTION_EXECUTABLE_MEMORY = 3,
	INJECTION_LOADER_CHANGE = 4,
	INJECTION_KERNEL_CODE = 5,
	INJECTION_IO_URING = 6,
	// Repeats of an earlier event; made in user space of what the deduplication has counted.
	INJECTION_REPEAT = 7,
};

enum injection_operation {
	OPERATION_NONE = 0, // a call that is none of ours
	OPERATION_PTRACE = 1,
	OPERATION_PTRACE_ATTACH = 2,
	OPERATION_PTRACE_SEIZE = 3,
	OPERATION_PTRACE_POKE_TEXT = 4,
	OPERATION_PTRACE_POKE_DATA = 5,
	OPERATION_PTRACE_POKE_USER = 6,
	OPERATION_PTRACE_SET_REGISTERS = 7,
	OPERATION_MEMORY_WRITE = 8, // process_vm_writev()
	OPERATION_MEMORY_OPEN = 9,  // of /proc/PID/mem, for writing
	OPERATION_DESCRIPTOR_GET = 10,
	OPERATION_MEMFD_CREATE = 11,
	OPERATION_EXECUTE = 12,
	OPERATION_MAP = 13,
	OPERATION_PROTECT = 14,
	OPERATION_OPEN = 15,
	OPERATION_CREATE = 16,
	OPERATION_RENAME = 17,
	OPERATION_LINK = 18,
	OPERATION_SYMLINK = 19,
	OPERATION_BPF_LOAD = 20,
	OPERATION_PERF_OPEN = 21,
	OPERATION_MODULE_INIT = 22,  // from memory
	OPERATION_MODULE_FINIT = 23, // from a file
	OPERATION_MODULE_DELETE = 24,
	OPERATION_KEXEC_LOAD = 25,
	OPERATION_KEXEC_FILE_LOAD = 26,
	OPERATION_IO_URING_SETUP = 27,
	OPERATION_IO_URING_SUBMIT = 28,
};

// Modules that are being loaded at one moment. The name of one beyond it is missing.
#define MODULES_LOADING_MAX 64
#define MODULE_NAME_BYTES 56
// What a system call turns out to be.
struct finding {
	__u32 kind;
	__u32 operation;
	__u64 object; // with process and operation, what makes two of them the same
	struct task_struct *target;
	const void *kernel_name;
	const void *user_name;
	struct dentry *file;	  // what it is about
	const void *path;	  // or, that not being known, its path as an argument
	struct dentry *directory; // which that is relative to
	__u64 address;
	__u64 bytes;
	__u32 number;
	__u32 given_flags;
	__u32 given_pid;
	__u32 program;
};

struct module_name {
	char text[MODULE_NAME_BYTES];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MODULES_LOADING_MAX);
	__type(key, __u64); // bpf_get_current_pid_tgid()
	__type(value, struct module_name);
} modules_loading SEC(".maps");

static __always_inline __u64 hash_of(const void *text, int bytes)
{
	__u64 hash = 0;

#pragma unroll
	for (int i = 0; i < bytes / 8; i++)
		hash = (hash ^ ((const __u64 *)text)[i]) * 0x100000001b3ULL;
	return hash;
}

static __always_inline void finds(struct finding *found, __u32 kind, __u32 operation)
{
	found->kind = kind;
	found->operation = operation;
}

// The object is a pid of the process's own pid namespace. User space knows the bit too.
#define OBJECT_IS_GIVEN (1ULL << 32)

static __always_inline void finds_target(struct finding *found, __u32 kind, __u32 operation, struct task_struct *target)
{
	finds(found, kind, operation);
	found->target = target;
	found->object = target ? BPF_CORE_READ(target, tgid) : found->given_pid | OBJECT_IS_GIVEN;
}

// include/uapi/linux/ptrace.h
#define PTRACE_TRACEME 0
#define PTRACE_POKETEXT 4
#define PTRACE_POKEDATA 5
#define PTRACE_POKEUSER 6
#define PTRACE_SETREGS 13
#define PTRACE_ATTACH 16
#define PTRACE_SETREGSET 0x4205
#define PTRACE_SEIZE 0x4206

static __always_inline __u32 ptrace_operation(unsigned long request)
{
	switch (request) {
	case PTRACE_ATTACH:
		return OPERATION_PTRACE_ATTACH;
	case PTRACE_SEIZE:
		return OPERATION_PTRACE_SEIZE;
	case PTRACE_POKETEXT:
		return OPERATION_PTRACE_POKE_TEXT;
	case PTRACE_POKEDATA:
		return OPERATION_PTRACE_POKE_DATA;
	case PTRACE_POKEUSER:
		return OPERATION_PTRACE_POKE_USER;
	case PTRACE_SETREGS:
	case PTRACE_SETREGSET:
		return OPERATION_PTRACE_SET_REGISTERS;
	}
	return OPERATION_NONE;
}

static __always_inline void find_ptrace(struct syscall *call, struct finding *found)
{
	__u32 operation = ptrace_operation(call->arguments[0]);

	if (call->arguments[0] == PTRACE_TRACEME) {
		// A process gives itself into its parent's hands, as each one does that a debugger starts.
		event_offer(INJECTION_PROCESS_ACCESS);
		event_filter(INJECTION_PROCESS_ACCESS);
		return;
	}
	if (!operation)
		return;
	found->given_pid = call->arguments[1];
	if (operation >= OPERATION_PTRACE_POKE_TEXT && operation <= OPERATION_PTRACE_POKE_USER)
		found->address = call->arguments[2];
	finds_target(found, INJECTION_PROCESS_ACCESS, operation, task_of_own_pid(found->given_pid));
}

static __always_inline void find_memory_write(struct syscall *call, struct finding *found)
{
	found->given_pid = call->arguments[0];
	found->bytes = call->result > 0 ? call->result : 0;
	finds_target(found, INJECTION_PROCESS_ACCESS, OPERATION_MEMORY_WRITE, task_of_own_pid(found->given_pid));
}

static __always_inline void find_descriptor_get(struct syscall *call, struct finding *found)
{
	struct pid *pid = pid_of_file(file_of_descriptor((void *)bpf_get_current_task(), call->arguments[0]));

	found->number = call->arguments[1];
	finds_target(found, INJECTION_PROCESS_ACCESS, OPERATION_DESCRIPTOR_GET, pid ? task_of(pid) : NULL);
}

static __always_inline void find_memory_file(struct syscall *call, struct finding *found)
{
	struct file *file = file_of_descriptor((void *)bpf_get_current_task(), call->result);

	finds(found, INJECTION_MEMORY_FILE, OPERATION_MEMFD_CREATE);
	found->given_flags = call->arguments[1];
	if (call->result >= 0 && file)
		found->kernel_name = BPF_CORE_READ(file, f_path.dentry, d_name.name);
	else
		found->user_name = (void *)call->arguments[0];
}

// Of the attributes of bpf() and perf_event_open(), in include/uapi/linux.
#define BPF_PROG_LOAD 5
#define BPF_ATTR_PROG_NAME 48
#define BPF_PROG_NAME_BYTES 16

static __always_inline void find_bpf(struct module_name *name, struct syscall *call, struct finding *found)
{
	unsigned long attributes = call->arguments[1];

	if (call->arguments[0] != BPF_PROG_LOAD)
		return;
	__builtin_memset(name, 0, sizeof(*name));
	bpf_probe_read_user(&found->number, sizeof(found->number), (void *)attributes);
	bpf_probe_read_user(name, BPF_PROG_NAME_BYTES - 1, (void *)attributes + BPF_ATTR_PROG_NAME);
	if (call->result >= 0) {
		struct file *file = file_of_descriptor((void *)bpf_get_current_task(), call->result);
		struct bpf_prog *program = BPF_CORE_READ(file, private_data);
		found->number = BPF_CORE_READ(program, type);
		struct bpf_prog_aux *more = BPF_CORE_READ(program, aux);
		found->program = BPF_CORE_READ(more, id);
		bpf_core_read(name, BPF_PROG_NAME_BYTES - 1, &more->name);
	}
	found->kernel_name = name;
	found->object = hash_of(name, BPF_PROG_NAME_BYTES) ^ found->number;
	finds(found, INJECTION_KERNEL_CODE, OPERATION_BPF_LOAD);
}

static __always_inline void find_perf_event(struct syscall *call, struct finding *found)
{
	bpf_probe_read_user(&found->number, sizeof(found->number), (void *)call->arguments[0]);
	found->given_pid = (int)call->arguments[1] > 0 ? call->arguments[1] : 0;
	finds(found, INJECTION_KERNEL_CODE, OPERATION_PERF_OPEN);
	if (found->given_pid)
		found->target = task_of_own_pid(found->given_pid);
	found->object = found->number;
}

static __always_inline void find_kernel_code(struct module_name *name, struct syscall *call, struct finding *found,
					     __u32 operation)
{
	__u64 thread = bpf_get_current_pid_tgid();
	struct file *file = NULL;

	finds(found, INJECTION_KERNEL_CODE, operation);
	if (operation == OPERATION_MODULE_DELETE)
		found->user_name = (void *)call->arguments[0];
	if (operation == OPERATION_MODULE_FINIT || operation == OPERATION_KEXEC_FILE_LOAD)
		file = file_of_descriptor((void *)bpf_get_current_task(), call->arguments[0]);
	if (file)
		found->file = BPF_CORE_READ(file, f_path.dentry);
	if (operation != OPERATION_MODULE_INIT && operation != OPERATION_MODULE_FINIT)
		return;
	struct module_name *loaded = bpf_map_lookup_elem(&modules_loading, &thread);
	if (!loaded)
		return;
	*name = *loaded;
	bpf_map_delete_elem(&modules_loading, &thread);
	found->kernel_name = name;
	found->object = hash_of(name, MODULE_NAME_BYTES);
}

// include/uapi/asm-generic/mman-common.h
#define PROT_WRITE 0x2
#define PROT_EXEC 0x4
#define MAP_ANONYMOUS 0x20

static __always_inline void find_executable_memory(struct syscall *call, struct finding *found, __u32 operation)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	unsigned long protection = call->arguments[2];

	if (!(protection & PROT_EXEC))
		return;
	if (operation == OPERATION_MAP && (!(protection & PROT_WRITE) || !(call->arguments[3] & MAP_ANONYMOUS)))
		return;
	if (operation == OPERATION_PROTECT && !mapping_was_written((void *)mapping_found(BPF_CORE_READ(task, mm), call->arguments[0])))
		return;
	found->address = operation == OPERATION_MAP && call->result >= 0 ? call->result : call->arguments[0];
	found->bytes = call->arguments[1];
	found->given_flags = protection;
	finds(found, INJECTION_EXECUTABLE_MEMORY, operation);
}

// Of the parameters of io_uring_setup().
#define IO_URING_PARAMETER_FLAGS 8

static __always_inline void find_io_uring(struct syscall *call, struct finding *found)
{
	found->number = call->arguments[0];
	bpf_probe_read_user(&found->given_flags, sizeof(found->given_flags), (void *)call->arguments[1] + IO_URING_PARAMETER_FLAGS);
	finds(found, INJECTION_IO_URING, OPERATION_IO_URING_SETUP);
}

#endif
