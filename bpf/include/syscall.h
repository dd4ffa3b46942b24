// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Top layer: what a tracer does at the end of system calls. The registers still hold the arguments
// then, and the memory behind them has been read by the kernel, so it is there.
//
// One program, in bpf/syscall, runs at the end of every system call and hands over to the handlers of
// the tracers that asked for it: so a call that nobody wants is looked at once, however many tracers
// there are. 32-bit calls are served too.
#ifndef MEERKAT_SYSCALL_H
#define MEERKAT_SYSCALL_H

#include "kernel.h"

// Numbers of system calls that are known.
#define SYSCALLS_MAX 512
// Handlers of all tracers together. Handlers are numbered from 1.
#define SYSCALL_HANDLERS_MAX 32
// Handlers of one system call.
#define SYSCALL_CHAIN_MAX 4
#define SYSCALL_ARGUMENTS_MAX 6

// The handlers of a system call in ascending order; 0: no more.
struct syscall_chain {
	__u8 native[SYSCALL_CHAIN_MAX];
	__u8 compat[SYSCALL_CHAIN_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SYSCALLS_MAX);
	__type(key, __u32);
	__type(value, struct syscall_chain);
} syscall_chains SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, SYSCALL_HANDLERS_MAX);
	__type(key, __u32);
	__type(value, __u32);
} syscall_handlers SEC(".maps");

struct syscall {
	__u32 number;
	bool compat; // a 32-bit call, which has other numbers
	long result;
	unsigned long arguments[SYSCALL_ARGUMENTS_MAX];
};

#if defined(__TARGET_ARCH_x86)

// arch/x86/include/asm/thread_info.h: TS_COMPAT
#define SYSCALL_COMPAT_STATUS 0x0002
// arch/x86/include/uapi/asm/unistd.h: set in the numbers of x32 calls, which are those of 64-bit calls
#define SYSCALL_X32_BIT 0x40000000
#define SYSCALL_NUMBER(regs) ((__u32)(regs)->orig_ax & ~SYSCALL_X32_BIT)

// The registers are an argument of the hook, so they are read without a helper.
static __always_inline void syscall_arguments(struct syscall *call, struct pt_regs *regs)
{
	if (call->compat) {
		call->arguments[0] = (__u32)regs->bx;
		call->arguments[1] = (__u32)regs->cx;
		call->arguments[2] = (__u32)regs->dx;
		call->arguments[3] = (__u32)regs->si;
		call->arguments[4] = (__u32)regs->di;
		call->arguments[5] = (__u32)regs->bp;
		return;
	}
	call->arguments[0] = regs->di;
	call->arguments[1] = regs->si;
	call->arguments[2] = regs->dx;
	call->arguments[3] = regs->r10;
	call->arguments[4] = regs->r8;
	call->arguments[5] = regs->r9;
}

static __always_inline bool syscall_is_compat(struct task_struct *task)
{
	return BPF_CORE_READ(task, thread_info.status) & SYSCALL_COMPAT_STATUS;
}

#elif defined(__TARGET_ARCH_arm64)

// arch/arm64/include/asm/thread_info.h: TIF_32BIT
#define SYSCALL_COMPAT_FLAG (1UL << 22)
#define SYSCALL_NUMBER(regs) ((__u32)(regs)->syscallno)

static __always_inline void syscall_arguments(struct syscall *call, struct pt_regs *regs)
{
	// The first register takes the result.
	call->arguments[0] = regs->orig_x0;
	call->arguments[1] = regs->regs[1];
	call->arguments[2] = regs->regs[2];
	call->arguments[3] = regs->regs[3];
	call->arguments[4] = regs->regs[4];
	call->arguments[5] = regs->regs[5];
}

static __always_inline bool syscall_is_compat(struct task_struct *task)
{
	return BPF_CORE_READ(task, thread_info.flags) & SYSCALL_COMPAT_FLAG;
}

#else
#error "no system call registers are known for this architecture"
#endif

// syscall_pass_on hands over to the first handler that comes after one of those numbered so far. It
// returns only if there is none. The arguments of BPF_PROG() are in ctx.
static __always_inline void syscall_pass_on(void *ctx, __u32 number, bool compat, __u32 after)
{
	struct syscall_chain *chain = bpf_map_lookup_elem(&syscall_chains, &number);

	if (!chain)
		return;
#pragma unroll
	for (int i = 0; i < SYSCALL_CHAIN_MAX; i++) {
		__u32 handler = compat ? chain->compat[i] : chain->native[i];
		// A handler that is just being removed isn't there: then the next one is.
		if (handler > after)
			bpf_tail_call(ctx, &syscall_handlers, handler);
	}
}

// What the kernel counts for programs it counts for the one that runs first, so handlers measure
// themselves. User space switches it on.
const volatile bool syscall_measure = false;

struct syscall_cost {
	__u64 runs;
	__u64 nanoseconds;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct syscall_cost);
} syscall_costs SEC(".maps");

static __always_inline void syscall_measured(__u64 start)
{
	__u32 zero = 0;
	struct syscall_cost *cost = bpf_map_lookup_elem(&syscall_costs, &zero);

	if (!cost)
		return;
	cost->runs++;
	cost->nanoseconds += bpf_ktime_get_ns() - start;
}

// syscall_index is the call's place in a table of 2 * SYSCALLS_MAX in which 32-bit calls come behind the
// others. Calls whose number is too large have the place of number 0, which no tracer asks for.
static __always_inline __u32 syscall_index(struct syscall *call)
{
	__u32 index = call->number;

	FORGET(index);
	if (index >= SYSCALLS_MAX)
		return 0;
	if (call->compat)
		index += SYSCALLS_MAX;
	// What 5.10 knows of a number does not outlast the addition.
	FORGET(index);
	return index & (2 * SYSCALLS_MAX - 1);
}

// The calls behind socketcall(2) of i386 (include/uapi/linux/net.h).
enum syscall_socketcall {
	SOCKETCALL_SOCKET = 1,
	SOCKETCALL_BIND = 2,
	SOCKETCALL_CONNECT = 3,
	SOCKETCALL_LISTEN = 4,
	SOCKETCALL_ACCEPT = 5,
	SOCKETCALL_ACCEPT4 = 18,
};

// syscall_unpack_socketcall puts the arguments of the call that is meant, as far as three go, in place of
// its number and the address of these, and returns the number.
static __always_inline __u32 syscall_unpack_socketcall(struct syscall *call)
{
	__u32 number = call->arguments[0], given[3] = {};

	if (bpf_probe_read_user(given, sizeof(given), (void *)call->arguments[1]) &&
	    bpf_probe_read_user(given, sizeof(given[0]) * 2, (void *)call->arguments[1]))
		return 0;
	call->arguments[0] = given[0];
	call->arguments[1] = given[1];
	call->arguments[2] = given[2];
	return number;
}

// The calls behind ipc(2) of i386 (include/uapi/linux/ipc.h).
enum syscall_ipc {
	IPC_CALL_SEMGET = 2,
	IPC_CALL_SEMCTL = 3,
	IPC_CALL_MSGGET = 13,
	IPC_CALL_MSGCTL = 14,
	IPC_CALL_SHMAT = 21,
	IPC_CALL_SHMGET = 23,
	IPC_CALL_SHMCTL = 24,
};

// syscall_unpack_ipc puts the arguments of the call that is meant in their places, as far as three go, and
// returns its number. Of shmat the second one, the address, stands elsewhere and is left out.
static __always_inline __u32 syscall_unpack_ipc(struct syscall *call)
{
	unsigned long *arguments = call->arguments;
	__u32 number = arguments[0] & 0xffff;

	arguments[0] = arguments[1];
	arguments[1] = arguments[2];
	arguments[2] = number == IPC_CALL_SHMAT ? arguments[1] : arguments[3];
	return number;
}

// SYSCALL_HANDLER(name, call) { ... } defines a tracer's handler. It sees `struct syscall *call` and is
// the last one for its system calls. With a number given by user space it is not: see below.
#define SYSCALL_HANDLER(name, call) SYSCALL_HANDLER_THEN(name, call, (void)0)

// SYSCALL_HANDLER_AND_NEXT(name, call) { ... } defines one that lets the next handler of the same call
// have its turn. Before 6.0 arm64 allows that only in programs without global functions, so it may not
// resolve paths.
#define SYSCALL_HANDLER_AND_NEXT(name, call)       \
	const volatile __u32 syscall_own_number = 0; \
	SYSCALL_HANDLER_THEN(name, call, syscall_pass_on(ctx, current_call.number, current_call.compat, syscall_own_number))

#define SYSCALL_HANDLER_THEN(name, call, then)                                           \
	static __always_inline void name##_handle(struct syscall *call);                 \
	SEC("tp_btf/sys_exit")                                                           \
	int BPF_PROG(name, struct pt_regs *regs, long result)                            \
	{                                                                                \
		struct syscall current_call = {                                          \
			.number = SYSCALL_NUMBER(regs),                                  \
			.compat = syscall_is_compat((void *)bpf_get_current_task()),     \
			.result = result,                                                \
		};                                                                       \
		__u64 start = syscall_measure ? bpf_ktime_get_ns() : 0;                  \
                                                                                         \
		syscall_arguments(&current_call, regs);                                  \
		name##_handle(&current_call);                                            \
		if (syscall_measure)                                                     \
			syscall_measured(start);                                         \
		then;                                                                    \
		return 0;                                                                \
	}                                                                                \
	static __always_inline void name##_handle(struct syscall *call)

#endif
