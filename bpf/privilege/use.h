// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Uses of capabilities, granted or denied.
#ifndef MEERKAT_PRIVILEGE_USE_H
#define MEERKAT_PRIVILEGE_USE_H

#include "../include/file.h"
#include "state.h"

// include/uapi/linux/capability.h
#define CAP_SYS_ADMIN 21
// include/uapi/linux/magic.h
#define TMPFS_MAGIC 0x01021994

// Before 5.15 there is no helper that tells where the registers of the system call are: at the top of the
// task's stack, whose size is that of a kernel without debugging of memory.
#define THREAD_BYTES (16 << 10)

static __always_inline struct pt_regs *registers_of_current(void)
{
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs))
		return (void *)bpf_task_pt_regs(bpf_get_current_task_btf());
	struct task_struct *task = (void *)bpf_get_current_task();
	return BPF_CORE_READ(task, stack) + THREAD_BYTES - bpf_core_type_size(struct pt_regs);
}

#if defined(__TARGET_ARCH_x86)
#define CURRENT_SYSCALL(regs) BPF_CORE_READ(regs, orig_ax)
#define FUNCTION_ARGUMENT_1(regs) ((regs)->di)
#define FUNCTION_ARGUMENT_2(regs) ((regs)->si)
#define FUNCTION_ARGUMENT_3(regs) ((regs)->dx)
#define FUNCTION_ARGUMENT_4(regs) ((regs)->cx)
#elif defined(__TARGET_ARCH_arm64)
#define CURRENT_SYSCALL(regs) BPF_CORE_READ(regs, syscallno)
#define FUNCTION_ARGUMENT_1(regs) ((regs)->regs[0])
#define FUNCTION_ARGUMENT_2(regs) ((regs)->regs[1])
#define FUNCTION_ARGUMENT_3(regs) ((regs)->regs[2])
#define FUNCTION_ARGUMENT_4(regs) ((regs)->regs[3])
#endif

// current_syscall fills everything but the result. In what is no system call, such as a page fault, the
// number is out of range.
static __always_inline void current_syscall(struct syscall *call, struct task_struct *task)
{
	struct pt_regs *regs = registers_of_current();
	__u32 number = CURRENT_SYSCALL(regs);

	call->compat = syscall_is_compat(task);
#if defined(__TARGET_ARCH_x86)
	if ((__s32)number >= 0)
		number &= ~SYSCALL_X32_BIT;
#endif
	call->number = number;
	syscall_arguments(call, regs);
}

// is_about_memory tells when CAP_SYS_ADMIN was asked for only to account for memory: see memory_calls.
static __always_inline bool is_about_memory(struct task_struct *task, struct syscall *call)
{
	unsigned long descriptor;

	if (call->number >= SYSCALLS_MAX)
		return true; // a page fault
	switch (memory_calls[syscall_index(call)]) {
	case MEMORY_CALL_ALWAYS:
		return true;
	case MEMORY_CALL_WRITES_TO_FIRST:
		descriptor = call->arguments[0];
		break;
	case MEMORY_CALL_WRITES_TO_THIRD:
		descriptor = call->arguments[2];
		break;
	default:
		return false;
	}
	struct file *file = file_of_descriptor(task, descriptor);
	return BPF_CORE_READ(file, f_inode, i_sb, s_magic) == TMPFS_MAGIC;
}

static __always_inline int capability_use(const struct cred *cred, struct user_namespace *namespace, int capability,
					  long result, bool opts_known)
{
	struct capability_use_event event = {};
	struct seen_key key = {};
	struct syscall call = {};
	__u32 kind = PRIVILEGE_CAPABILITY_USE;

	if (!(capabilities_reported >> (capability & (CAPABILITIES_MAX - 1)) & 1))
		return 0;
	struct task_struct *task = (void *)bpf_get_current_task();
	// A task that acts with the credentials of another, as file systems do on top of others, doesn't use
	// its own.
	if (BPF_CORE_READ(task, real_cred) != cred || BPF_CORE_READ(task, flags) & PF_KTHREAD)
		return 0;
	if (capability_use_scope == CAPABILITIES_IN_CONTAINERS && !in_container(task)) {
		event_offer(kind);
		event_filter(kind);
		return 0;
	}
	current_syscall(&call, task);
	if (capability == CAP_SYS_ADMIN && !opts_known && is_about_memory(task, &call))
		return 0;
	event_offer(kind);
	if (!begin(&event.header, kind, task))
		return 0;
	event.capability = capability;
	event.error = result;
	event.user_namespace = BPF_CORE_READ(namespace, ns.inum);
	event.syscall = call.number;
	if (call.number < SYSCALLS_MAX)
		event.flags |= PRIVILEGE_IN_SYSCALL;
	if (call.compat)
		event.flags |= PRIVILEGE_COMPAT;
	particular(&key, 0, event.error, capability, 0);
	if (already_seen(&key, &event.header)) {
		event_aggregate(kind);
		return 0;
	}
	event_submit(kind, &event, sizeof(event));
	return 0;
}

// include/linux/user_namespace.h says 32, and the initial one.
#define USER_NAMESPACES_DEEP_MAX 33
#define EPERM 1

// capability_result is what cap_capable() is about to find out.
static __always_inline long capability_result(const struct cred *cred, struct user_namespace *namespace, int capability)
{
	struct user_namespace *own = BPF_CORE_READ(cred, user_ns);
	__u64 effective = 0;

	BPF_CORE_READ_INTO(&effective, cred, cap_effective);
	for (int i = 0; i < USER_NAMESPACES_DEEP_MAX; i++) {
		if (namespace == own)
			return effective >> (capability & (CAPABILITIES_MAX - 1)) & 1 ? 0 : -EPERM;
		if (BPF_CORE_READ(namespace, level) <= BPF_CORE_READ(own, level))
			return -EPERM;
		struct user_namespace *parent = BPF_CORE_READ(namespace, parent);
		if (parent == own && BPF_CORE_READ(namespace, owner.val) == BPF_CORE_READ(cred, euid.val))
			return 0;
		namespace = parent;
	}
	return -EPERM;
}

// include/linux/security.h: the kernel only wants to know; nothing is refused for it.
#define CAP_OPT_NOAUDIT 2

#endif
