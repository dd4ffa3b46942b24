// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Middle layer: what a signal does to a process that has not asked for anything else, and who sent it.
// The numbers are those of x86 and arm64.
#ifndef MEERKAT_SIGNAL_H
#define MEERKAT_SIGNAL_H

#include "kernel.h"

#define SIGQUIT 3
#define SIGILL 4
#define SIGTRAP 5
#define SIGABRT 6
#define SIGBUS 7
#define SIGFPE 8
#define SIGKILL 9
#define SIGSEGV 11
#define SIGCHLD 17
#define SIGCONT 18
#define SIGURG 23
#define SIGXCPU 24
#define SIGXFSZ 25
#define SIGWINCH 28
#define SIGSYS 31
#define SIGNALS_MAX 64

#define SIGNAL_BIT(number) (1ULL << ((number) - 1))

// As include/linux/signal.h has them: SIG_KERNEL_COREDUMP_MASK, and what neither kills nor stops.
#define SIGNALS_THAT_DUMP                                                                               \
	(SIGNAL_BIT(SIGQUIT) | SIGNAL_BIT(SIGILL) | SIGNAL_BIT(SIGTRAP) | SIGNAL_BIT(SIGABRT) |         \
	 SIGNAL_BIT(SIGFPE) | SIGNAL_BIT(SIGSEGV) | SIGNAL_BIT(SIGBUS) | SIGNAL_BIT(SIGSYS) |           \
	 SIGNAL_BIT(SIGXCPU) | SIGNAL_BIT(SIGXFSZ))
#define SIGNALS_THAT_DO_NOTHING \
	(SIGNAL_BIT(SIGCHLD) | SIGNAL_BIT(SIGCONT) | SIGNAL_BIT(SIGURG) | SIGNAL_BIT(SIGWINCH))

static __always_inline bool signal_is_in(__u32 number, __u64 set)
{
	return number >= 1 && number <= SIGNALS_MAX && set >> (number - 1) & 1;
}

// What stands in the place of a struct kernel_siginfo (include/linux/sched/signal.h).
#define SEND_SIG_NOINFO ((struct kernel_siginfo *)0)
#define SEND_SIG_PRIV ((struct kernel_siginfo *)1)

// include/uapi/asm-generic/siginfo.h. Codes above 0 are the kernel's own.
#define SI_USER 0
#define SI_TIMER -2
#define SI_ASYNCIO -4

// No kernel stack is larger.
#define STACK_BYTES_MAX (64 << 10)

static __always_inline bool is_on_stack(void *pointer, struct task_struct *current)
{
	__u64 from = (__u64)BPF_CORE_READ(current, stack);
	__u64 to = from + STACK_BYTES_MAX;

	// The verifier lets nobody subtract from a pointer, which the compiler would do.
	FORGET(to);
	return (__u64)pointer >= from && (__u64)pointer < to;
}

// signal_is_of_user tells signals that the current process sends from those that the kernel sends, which
// it does in the context of whoever runs. A process may give any negative code to its signals: then
// the information about them is on its kernel stack, where that of an expired timer never is.
static __always_inline bool signal_is_of_user(struct kernel_siginfo *info, struct task_struct *current)
{
	if (info == SEND_SIG_PRIV || !BPF_CORE_READ(current, tgid) || BPF_CORE_READ(current, flags) & PF_KTHREAD)
		return false;
	if (info == SEND_SIG_NOINFO)
		return true;
	int code = BPF_CORE_READ(info, si_code);
	if (code == SI_TIMER || code == SI_ASYNCIO)
		return is_on_stack(info, current);
	return code <= SI_USER;
}

static __always_inline int signal_code(struct kernel_siginfo *info)
{
	return info == SEND_SIG_NOINFO ? SI_USER : BPF_CORE_READ(info, si_code);
}

enum signal_handling {
	SIGNAL_DEFAULT = 0,
	SIGNAL_IGNORED = 1,
	SIGNAL_CAUGHT = 2,
};

static __always_inline __u8 signal_handling_of(void *handler)
{
	return (__u64)handler < SIGNAL_CAUGHT ? (__u64)handler : SIGNAL_CAUGHT;
}

// signal_handling tells what a process has asked for.
static __always_inline __u8 signal_handling(struct task_struct *task, __u32 number)
{
	void *actions = (void *)BPF_CORE_READ(task, sighand) + bpf_core_field_offset(struct sighand_struct, action);
	void *handler = NULL;

	bpf_core_read(&handler, sizeof(handler),
		      &((struct k_sigaction *)(actions + (number - 1) * bpf_core_type_size(struct k_sigaction)))->sa.sa_handler);
	return signal_handling_of(handler);
}

#endif
