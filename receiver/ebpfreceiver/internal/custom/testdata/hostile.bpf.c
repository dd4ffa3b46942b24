//go:build ignore
// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Programs that do more than observe: each has to be refused.
#include "kernel.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

extern void bpf_key_put(void *key) __ksym;

#if defined(WRITE_USER)
static __attribute__((noinline)) int write_somewhere(void *to)
{
	__u64 value = 1;

	return bpf_probe_write_user(to, &value, sizeof(value));
}

SEC("tracepoint/sched/sched_process_exec")
int hostile(void *ctx)
{
	return write_somewhere((void *)(unsigned long)bpf_get_prandom_u32());
}
#elif defined(SEND_SIGNAL)
SEC("tracepoint/sched/sched_process_exec")
int hostile(void *ctx)
{
	return bpf_send_signal(9);
}
#elif defined(OVERRIDE_RETURN)
SEC("kprobe/do_sys_open")
int hostile(void *ctx)
{
	bpf_override_return(ctx, -1);
	return 0;
}
#elif defined(KFUNC)
SEC("tp_btf/sched_process_exec")
int hostile(__u64 *ctx)
{
	bpf_key_put((void *)ctx[0]);
	return 0;
}
#elif defined(FMOD_RET)
SEC("fmod_ret/security_bprm_check")
int hostile(__u64 *ctx)
{
	return -1;
}
#elif defined(LSM)
SEC("lsm/file_open")
int hostile(__u64 *ctx)
{
	return -1;
}
#elif defined(WRITE_CONTEXT)
SEC("uprobe/called")
int hostile(__u64 *ctx)
{
	ctx[10] = 0;
	return 0;
}
#elif defined(WRITE_CONTEXT_LATER)
static __attribute__((noinline)) int store(__u64 *ctx, __u64 value)
{
	volatile __u64 *const volatile kept = ctx;

	kept[10] = value;
	return 0;
}

SEC("uprobe/called")
int hostile(__u64 *ctx)
{
	return store(ctx, bpf_get_prandom_u32());
}
#elif defined(CONFIG)
extern int CONFIG_HZ __kconfig;

SEC("tracepoint/sched/sched_process_exec")
int hostile(void *ctx)
{
	return CONFIG_HZ;
}
#elif defined(UNVERIFIABLE)
SEC("tracepoint/sched/sched_process_exec")
int hostile(void *ctx)
{
	__u32 key = 0;
	__u64 *value = bpf_map_lookup_elem(&counts, &key);

	return value[1000]; // neither checked for NULL nor within the value
}
#endif
