//go:build ignore
// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// The one program that runs at the end of every system call, for all tracers.
#include "../include/syscall.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("tp_btf/sys_exit")
int BPF_PROG(syscall_exit, struct pt_regs *regs, long result)
{
	__u32 number = SYSCALL_NUMBER(regs);
	struct syscall_chain *chain = bpf_map_lookup_elem(&syscall_chains, &number);

	// Nearly every call ends here.
	if (!chain || !(chain->native[0] | chain->compat[0]))
		return 0;
	syscall_pass_on(ctx, number, syscall_is_compat((void *)bpf_get_current_task()), 0);
	return 0;
}
