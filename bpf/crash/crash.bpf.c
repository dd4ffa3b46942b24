//go:build ignore
// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Tracer "crash": processes that die of a signal whose default is to dump core.
//
// When such a signal is delivered and nothing handles it, the thread is still as the fault has left it:
// what can be told of that is kept until the process has ended, when it is known whether a core was dumped.
#include "../include/event.h"
#include "../include/exit.h"
#include "../include/fault.h"
#include "../include/mapping.h"
#include "../include/pid.h"
#include "../include/signal.h"
#include "../include/workload.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

enum crash_kind {
	CRASH_EXIT = 0,
};

// What is at the address that could not be accessed.
enum crash_fault {
	FAULT_NONE = 0,		   // the signal is of no memory access
	FAULT_NULL = 1,		   // the first pages, which nobody can map: a null pointer and what is behind it
	FAULT_KERNEL = 2,	   // the kernel's half of the addresses
	FAULT_NON_CANONICAL = 3,   // an address that the processor does not have
	FAULT_PROTECTION = 4,	   // x86 tells no more: non-canonical, or an instruction that is not allowed
	FAULT_STACK_GUARD = 5,	   // nothing, or a mapping without access, beside the stack pointer
	FAULT_UNMAPPED = 6,
	FAULT_NO_ACCESS = 7,	   // a mapping without any access
	FAULT_EXECUTABLE = 8,	   // a write to code
	FAULT_READ_ONLY = 9,	   // a write to data that is not for writing
	FAULT_NOT_EXECUTABLE = 10, // a jump to data
	FAULT_FILE_END = 11,	   // a mapping that goes on behind the end of its file
	FAULT_OTHER = 12,
};

enum crash_flags {
	CRASH_HAS_DETAILS = 1,	  // all but header and status
	CRASH_HAS_ADDRESS = 2,	  // of the fault
	CRASH_CORE_DUMPED = 4,
	CRASH_MODULE_IS_CUT = 8,
};

// Processes that are dying. Of further ones the events lack their details (counter: cut).
#define DYING_MAX 1024
// Processes whose end was reported, the oldest is forgotten first.
#define REPORTED_MAX 1024
// The name of the file that the code is in; longer ones are cut.
#define MODULE_BYTES_MAX 64
// DEFAULT_MMAP_MIN_ADDR of distributions.
#define NULL_BYTES (64 << 10)
// How far from the stack pointer a function may reach that has just been called.
#define STACK_REACH_BYTES (64 << 10)

// User space sets it: arm64 has several.
const volatile __u32 page_bytes = 4096;

struct crash_event {
	struct event_header header; // of the thread and moment of the fault
	__u64 fault_address;
	__u64 instruction;   // address of the instruction
	__u64 module_offset; // of the instruction in the file
	__u64 module_inode;  // 0 if the code is in no file
	__s32 code;	     // si_code
	__u16 number;	     // of the signal
	__u16 flags;
	__u8 fault;
	__u8 access;
	__u8 reserved[6];
	__u8 module[MODULE_BYTES_MAX];
};

EXPORT_TYPE(struct, event_header);
EXPORT_TYPE(struct, crash_event);
EXPORT_TYPE(enum, crash_kind);
EXPORT_TYPE(enum, crash_fault);
EXPORT_TYPE(enum, fault_access);
EXPORT_TYPE(enum, crash_flags);

struct crash_workload {
	__u64 crashes;
};

WORKLOADS(crash_workload)

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, DYING_MAX);
	__type(key, struct process_key);
	__type(value, struct crash_event);
} dying SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, REPORTED_MAX);
	__type(key, struct process_key);
	__type(value, __u8);
} reported SEC(".maps");

#define BUS_ADRERR 2
#define SI_KERNEL 0x80

static __always_inline bool is_beside(__u64 address, __u64 stack_pointer)
{
	return address - (stack_pointer - STACK_REACH_BYTES) < 2 * STACK_REACH_BYTES;
}

static __always_inline __u8 fault_in_mapping(struct crash_event *event, struct vm_area_struct *mapping, __u64 stack_pointer)
{
	__u64 allowed = mapping ? BPF_CORE_READ(mapping, vm_flags) : 0;

	if (!(allowed & (VM_READ | VM_WRITE | VM_EXEC))) {
		if (is_beside(event->fault_address, stack_pointer))
			return FAULT_STACK_GUARD;
		return mapping ? FAULT_NO_ACCESS : FAULT_UNMAPPED;
	}
	if (event->number == SIGBUS)
		return event->code == BUS_ADRERR && BPF_CORE_READ(mapping, vm_file) ? FAULT_FILE_END : FAULT_OTHER;
	if (event->access == ACCESS_EXECUTE && !(allowed & VM_EXEC))
		return FAULT_NOT_EXECUTABLE;
	if (event->access == ACCESS_WRITE && !(allowed & VM_WRITE))
		return allowed & VM_EXEC ? FAULT_EXECUTABLE : FAULT_READ_ONLY;
	return FAULT_OTHER;
}

static __always_inline __u8 fault_of(struct crash_event *event, struct mm_struct *mm, __u64 stack_pointer)
{
	__u64 address = event->fault_address;

	if (address < NULL_BYTES)
		return FAULT_NULL;
	if (address >= BPF_CORE_READ(mm, task_size))
		return (__s64)address < 0 ? FAULT_KERNEL : FAULT_NON_CANONICAL;
	return fault_in_mapping(event, (void *)mapping_at((__u64)mm, address), stack_pointer);
}

static __always_inline void why(struct crash_event *event, struct task_struct *task, struct mm_struct *mm,
				struct kernel_siginfo *info, __u64 stack_pointer)
{
	// A signal that somebody sent has no address.
	if ((event->number != SIGSEGV && event->number != SIGBUS) || event->code <= 0)
		return;
	if (event->code == SI_KERNEL) {
		event->fault = is_general_protection(task) ? FAULT_PROTECTION : FAULT_OTHER;
		return;
	}
	event->flags |= CRASH_HAS_ADDRESS;
	event->fault_address = (__u64)BPF_CORE_READ(info, _sifields._sigfault._addr);
	event->access = access_of_fault(task);
	event->fault = fault_of(event, mm, stack_pointer);
}

static __always_inline void where(struct crash_event *event, struct mm_struct *mm)
{
	struct vm_area_struct *mapping = (void *)mapping_at((__u64)mm, event->instruction);
	struct file *file = mapping ? BPF_CORE_READ(mapping, vm_file) : NULL;

	if (!file)
		return;
	event->module_inode = BPF_CORE_READ(file, f_inode, i_ino);
	event->module_offset = event->instruction - BPF_CORE_READ(mapping, vm_start) + BPF_CORE_READ(mapping, vm_pgoff) * page_bytes;
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);
	bpf_probe_read_kernel_str(event->module, sizeof(event->module), BPF_CORE_READ(dentry, d_name.name));
	if (BPF_CORE_READ(dentry, d_name.len) >= sizeof(event->module))
		event->flags |= CRASH_MODULE_IS_CUT;
}

static __always_inline bool is_deadly(struct k_sigaction *action, struct task_struct *task)
{
	if (signal_handling_of(BPF_CORE_READ(action, sa.sa_handler)) != SIGNAL_DEFAULT)
		return false;
	// An init process is spared what it has not asked for, unless it comes from its own fault, which
	// takes this mark away first.
	return !(BPF_CORE_READ(task, signal, flags) & SIGNAL_UNKILLABLE);
}

static __always_inline void keep_details(int number, struct kernel_siginfo *info, struct task_struct *task)
{
	struct crash_event event = { .number = number, .flags = CRASH_HAS_DETAILS };
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	struct pt_regs *registers = user_registers();
	event_header_of(&event.header, CRASH_EXIT, task);
	event.code = signal_code(info);
	event.instruction = INSTRUCTION_POINTER(registers);
	why(&event, task, mm, info, BPF_CORE_READ(registers, sp));
	where(&event, mm);
	// The first thread counts, should two fault at once. When there is no room, the end is reported
	// without all this.
	bpf_map_update_elem(&dying, &event.header.process, &event, BPF_NOEXIST);
}

static __always_inline int delivered(int number, struct kernel_siginfo *info, struct k_sigaction *action)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	if (!signal_is_in(number, SIGNALS_THAT_DUMP))
		return 0;
	if (is_deadly(action, task)) {
		keep_details(number, info, task);
		return 0;
	}
	event_offer(CRASH_EXIT);
	event_filter(CRASH_EXIT);
	return 0;
}

SEC("tp_btf/signal_deliver")
int BPF_PROG(crash_signal_deliver, int number, struct kernel_siginfo *info, struct k_sigaction *action)
{
	return delivered(number, info, action);
}

SEC("raw_tp/signal_deliver")
int BPF_PROG(crash_signal_deliver_raw, int number, struct kernel_siginfo *info, struct k_sigaction *action)
{
	return delivered(number, info, action);
}

// wait(2): the low bits of a status.
#define STATUS_SIGNAL 0x7f
#define STATUS_CORE_DUMPED 0x80

static __always_inline void report(struct crash_event *event, int status)
{
	event_offer(CRASH_EXIT);
	if (!event_wanted(&event->header))
		return;
	if (!(event->flags & CRASH_HAS_DETAILS))
		event_cut(CRASH_EXIT);
	event->number = status & STATUS_SIGNAL;
	if (status & STATUS_CORE_DUMPED)
		event->flags |= CRASH_CORE_DUMPED;
	WORKLOAD_ADD(event->header.cgroup_id, crashes, 1);
	event_submit(CRASH_EXIT, event, sizeof(*event));
}

static __always_inline void crashed(struct task_struct *task, struct process_key *key, int status)
{
	struct crash_event *found = bpf_map_lookup_elem(&dying, key), event = {};
	__u8 known = 1;

	// Two threads that leave at once may both be taken for the last one.
	if (bpf_map_update_elem(&reported, key, &known, BPF_NOEXIST))
		return;
	if (found)
		event = *found;
	else
		event_header_of(&event.header, CRASH_EXIT, task);
	report(&event, status);
}

EXIT_HANDLER(crash, task)
{
	int status = exit_status(task);
	struct process_key key;

	process_key_of(&key, task);
	if (signal_is_in(status & STATUS_SIGNAL, SIGNALS_THAT_DUMP))
		crashed(task, &key, status);
	// It may have ended otherwise in the end.
	bpf_map_delete_elem(&dying, &key);
}
