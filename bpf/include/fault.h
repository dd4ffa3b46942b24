// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Middle layer: what the processor said of the current thread's last fault.
#ifndef MEERKAT_FAULT_H
#define MEERKAT_FAULT_H

#include "kernel.h"

enum fault_access {
	ACCESS_UNKNOWN = 0,
	ACCESS_READ = 1,
	ACCESS_WRITE = 2,
	ACCESS_EXECUTE = 3,
};

#if defined(__TARGET_ARCH_x86)

// arch/x86/include/asm/trapnr.h and trap_pf.h
#define X86_TRAP_GP 13
#define X86_TRAP_PF 14
#define X86_PF_WRITE 2
#define X86_PF_INSTR 16

static __always_inline bool is_general_protection(struct task_struct *task)
{
	return BPF_CORE_READ(task, thread.trap_nr) == X86_TRAP_GP;
}

static __always_inline __u8 access_of_fault(struct task_struct *task)
{
	__u64 error = BPF_CORE_READ(task, thread.error_code);

	if (BPF_CORE_READ(task, thread.trap_nr) != X86_TRAP_PF)
		return ACCESS_UNKNOWN;
	if (error & X86_PF_INSTR)
		return ACCESS_EXECUTE;
	return error & X86_PF_WRITE ? ACCESS_WRITE : ACCESS_READ;
}

#else

// arch/arm64/include/asm/esr.h
#define ESR_CLASS(code) ((code) >> 26 & 63)
#define ESR_CLASS_INSTRUCTION_ABORT 0x20
#define ESR_CLASS_DATA_ABORT 0x24
#define ESR_WRITE (1 << 6)

static __always_inline bool is_general_protection(struct task_struct *task)
{
	return false;
}

static __always_inline __u8 access_of_fault(struct task_struct *task)
{
	__u64 code = BPF_CORE_READ(task, thread.fault_code);

	if (ESR_CLASS(code) == ESR_CLASS_INSTRUCTION_ABORT)
		return ACCESS_EXECUTE;
	if (ESR_CLASS(code) != ESR_CLASS_DATA_ABORT)
		return ACCESS_UNKNOWN;
	return code & ESR_WRITE ? ACCESS_WRITE : ACCESS_READ;
}

#endif

#endif
