// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Middle layer: which system call it is and with which arguments, at its end. The registers still
// hold the arguments then, and the memory behind them has been read by the kernel, so it is there.
#ifndef MEERKAT_SYSCALL_H
#define MEERKAT_SYSCALL_H

#include "kernel.h"

#define SYSCALL_ARGUMENTS 6

#if defined(__TARGET_ARCH_x86)

// arch/x86/include/asm/thread_info.h: TS_COMPAT
#define SYSCALL_COMPAT_STATUS 0x0002
#define SYSCALL_NUMBER(regs) ((regs)->orig_ax)

static __always_inline void syscall_arguments(unsigned long *arguments, struct pt_regs *regs)
{
	arguments[0] = BPF_CORE_READ(regs, di);
	arguments[1] = BPF_CORE_READ(regs, si);
	arguments[2] = BPF_CORE_READ(regs, dx);
	arguments[3] = BPF_CORE_READ(regs, r10);
	arguments[4] = BPF_CORE_READ(regs, r8);
	arguments[5] = BPF_CORE_READ(regs, r9);
}

// A 32-bit call has other numbers.
static __always_inline bool syscall_is_compat(struct task_struct *task)
{
	return BPF_CORE_READ(task, thread_info.status) & SYSCALL_COMPAT_STATUS;
}

#elif defined(__TARGET_ARCH_arm64)

// arch/arm64/include/asm/thread_info.h: TIF_32BIT
#define SYSCALL_COMPAT_FLAG (1UL << 22)
#define SYSCALL_NUMBER(regs) ((regs)->syscallno)

static __always_inline void syscall_arguments(unsigned long *arguments, struct pt_regs *regs)
{
	// The first register takes the result.
	arguments[0] = BPF_CORE_READ(regs, orig_x0);
	arguments[1] = BPF_CORE_READ(regs, regs[1]);
	arguments[2] = BPF_CORE_READ(regs, regs[2]);
	arguments[3] = BPF_CORE_READ(regs, regs[3]);
	arguments[4] = BPF_CORE_READ(regs, regs[4]);
	arguments[5] = BPF_CORE_READ(regs, regs[5]);
}

static __always_inline bool syscall_is_compat(struct task_struct *task)
{
	return BPF_CORE_READ(task, thread_info.flags) & SYSCALL_COMPAT_FLAG;
}

#else
#error "no system call registers are known for this architecture"
#endif

#endif
