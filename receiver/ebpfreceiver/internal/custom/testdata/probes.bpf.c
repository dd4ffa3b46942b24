//go:build ignore
// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Programs on functions of programs and of the kernel, and on a USDT probe, whose arguments are read as libbpf does it.
#define __VMLINUX_H__
#include "kernel.h"

struct user_pt_regs { // of arm64
	__u64 regs[31];
	__u64 sp, pc, pstate;
};

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/usdt.bpf.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u64);
} runs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __s64);
} arguments SEC(".maps");

static void count(__u32 which)
{
	__u64 *value = bpf_map_lookup_elem(&runs, &which);

	if (value)
		__sync_fetch_and_add(value, 1);
}

static void keep(__u32 which, __s64 argument)
{
	bpf_map_update_elem(&arguments, &which, &argument, 0);
}

SEC("uprobe/called")
int at_function(void *ctx)
{
	count(0);
	return 0;
}

SEC("uretprobe/called")
int at_return(void *ctx)
{
	count(1);
	return 0;
}

SEC("usdt/meerkat:reached")
int BPF_USDT(at_probe, long constant, long in_register, long in_memory)
{
	count(2);
	keep(0, constant);
	keep(1, in_register);
	keep(2, in_memory);
	keep(3, bpf_usdt_arg_cnt(ctx));
	return 0;
}

SEC("kprobe/do_exit")
int at_kprobe(void *ctx)
{
	count(3);
	return 0;
}

SEC("fentry/do_exit")
int at_fentry(void *ctx)
{
	count(4);
	return 0;
}
