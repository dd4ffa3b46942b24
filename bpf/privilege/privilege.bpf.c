//go:build ignore
// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Tracer "privilege": how processes come by privileges, use them, and give them up.
//
// What a system call has changed is read from the kernel's structs at its end. What was there before is
// remembered at its beginning, so that calls that change nothing are told from those that do.
#include "changes.h"
#include "places.h"
#include "use.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

// Tracepoints of single calls don't run for 32-bit ones: what was before those is not known.
SEC("tracepoint/syscalls/sys_enter_setuid")
int privilege_enter(struct trace_event_raw_sys_enter *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u64 id = bpf_get_current_pid_tgid();
	__u32 zero = 0, count, number = ctx->id;
	struct credentials *credentials = bpf_map_lookup_elem(&enter_scratch_map, &zero);

	FORGET(number);
	if (!credentials || number >= SYSCALLS_MAX)
		return 0;
	__u8 operation = operations[number];
	if (operation == OPERATION_PRCTL)
		operation = prctl_operation(ctx->args[0]);
	if (operation == OPERATION_NONE || operation == OPERATION_SECCOMP)
		return 0;
	credentials_of(credentials, task);
	if (operation == OPERATION_SETGROUPS)
		credentials->groups_hash = groups_hash(BPF_CORE_READ(task, cred, group_info), NULL, &count);
	bpf_map_update_elem(&calls, &id, credentials, BPF_ANY);
	return 0;
}

SYSCALL_HANDLER(privilege_syscall, call)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u32 zero = 0;
	struct privilege_scratch *scratch = bpf_map_lookup_elem(&scratch_map, &zero);

	if (!scratch)
		return;
	__u8 operation = operations[syscall_index(call)];
	bool by_prctl = operation == OPERATION_PRCTL;
	if (by_prctl)
		operation = prctl_operation(call->arguments[0]);
	switch (operation) {
	case OPERATION_SETUID ... OPERATION_SETGROUPS:
		ids_change(scratch, task, operation, call, take_before(scratch));
		break;
	case OPERATION_AMBIENT:
		if (call->arguments[1] == PR_CAP_AMBIENT_IS_SET) {
			take_before(scratch);
			break;
		}
		// fallthrough
	case OPERATION_CAPSET:
		capabilities_change(scratch, task, operation, call, take_before(scratch));
		break;
	case OPERATION_SECCOMP:
		// The other operations of seccomp() change nothing.
		if (by_prctl || call->arguments[0] <= SECCOMP_SET_MODE_FILTER)
			seccomp_change(scratch, task, call, by_prctl);
		break;
	case OPERATION_SECUREBITS ... OPERATION_NO_NEW_PRIVILEGES:
		restriction_change(scratch, task, operation, call, take_before(scratch));
		break;
	case OPERATION_SETNS:
	case OPERATION_UNSHARE:
		namespace_change(scratch, task, operation, call);
		break;
	case OPERATION_CLONE:
	case OPERATION_CLONE3:
		if (call->result < 0)
			namespace_change(scratch, task, operation, call);
		break;
	case OPERATION_CHROOT:
	case OPERATION_PIVOT_ROOT:
		root_change(scratch, task, operation, call);
		break;
	}
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(privilege_fork, struct task_struct *parent, struct task_struct *child)
{
	return child_in_new_namespaces(parent, child);
}

SEC("raw_tp/sched_process_fork")
int BPF_PROG(privilege_fork_raw, struct task_struct *parent, struct task_struct *child)
{
	return child_in_new_namespaces(parent, child);
}

SEC("tp_btf/cap_capable")
int BPF_PROG(privilege_capable, const struct cred *cred, struct user_namespace *namespace,
	     const struct user_namespace *capable_namespace, int capability, int result)
{
	return capability_use(cred, namespace, capability, result, false);
}

SEC("raw_tp/cap_capable")
int BPF_PROG(privilege_capable_raw, const struct cred *cred, struct user_namespace *namespace,
	     const struct user_namespace *capable_namespace, int capability, int result)
{
	return capability_use(cred, namespace, capability, result, false);
}

SEC("fexit/cap_capable")
int BPF_PROG(privilege_capable_exit, const struct cred *cred, struct user_namespace *namespace, int capability,
	     unsigned int options, int result)
{
	if (options & CAP_OPT_NOAUDIT)
		return 0;
	return capability_use(cred, namespace, capability, result, true);
}

SEC("kprobe/cap_capable")
int privilege_capable_entry(struct pt_regs *regs)
{
	const struct cred *cred = (void *)FUNCTION_ARGUMENT_1(regs);
	struct user_namespace *namespace = (void *)FUNCTION_ARGUMENT_2(regs);
	int capability = FUNCTION_ARGUMENT_3(regs);

	if (FUNCTION_ARGUMENT_4(regs) & CAP_OPT_NOAUDIT)
		return 0;
	return capability_use(cred, namespace, capability, capability_result(cred, namespace, capability), true);
}
