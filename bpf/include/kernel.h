// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Bottom layer: the kernel types that tracers read, and no more of each than they read.
// Every field is relocated when a program is loaded (CO-RE), so neither the order nor the size
// of these structs has to match a kernel; only names and kinds do.
#ifndef MEERKAT_KERNEL_H
#define MEERKAT_KERNEL_H

typedef unsigned char __u8;
typedef signed char __s8;
typedef unsigned short __u16;
typedef short __s16;
typedef unsigned int __u32;
typedef int __s32;
typedef unsigned long long __u64;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u64 __be64;
typedef __u32 __wsum;
typedef _Bool bool;
typedef int pid_t;
typedef unsigned int fmode_t;
typedef unsigned short umode_t;

enum { false = 0, true = 1 };

#define NULL ((void *)0)

// linux/bpf.h: only the constants in use. They are part of the stable interface of the kernel.
enum {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PROG_ARRAY = 3,
	BPF_MAP_TYPE_PERCPU_HASH = 5,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_LRU_HASH = 9,
	BPF_MAP_TYPE_LPM_TRIE = 11,
	BPF_MAP_TYPE_RINGBUF = 27,
};

enum {
	BPF_ANY = 0,
	BPF_NOEXIST = 1,
	BPF_EXIST = 2,
	BPF_F_NO_PREALLOC = 1,
};

// What programs on cgroups are given: the same on every kernel.
struct bpf_sock {
	__u32 bound_dev_if;
	__u32 family;
	__u32 type;
	__u32 protocol;
	__u32 mark;
	__u32 priority;
	__u32 src_ip4;
	__u32 src_ip6[4];
	__u32 src_port; // in the order of the host, unlike dst_port
	__be16 dst_port;
	__u16 reserved;
	__u32 dst_ip4;
	__u32 dst_ip6[4];
};

struct bpf_sock_addr {
	__u32 user_family;
	__u32 user_ip4;
	__u32 user_ip6[4];
	__u32 user_port;
	__u32 family;
	__u32 type;
	__u32 protocol;
};

struct __sk_buff {
	__u32 len;
	__u32 before_protocol[3];
	__u32 protocol;
	__u32 before_gso_segs[36];
	__u32 gso_segs;
	struct bpf_sock *sk;
};

_Static_assert(__builtin_offsetof(struct __sk_buff, protocol) == 16, "as in linux/bpf.h");
_Static_assert(__builtin_offsetof(struct __sk_buff, gso_segs) == 164, "as in linux/bpf.h");
_Static_assert(__builtin_offsetof(struct __sk_buff, sk) == 168, "as in linux/bpf.h");

struct bpf_pidns_info {
	__u32 pid;
	__u32 tgid;
};

enum {
	BPF_RB_NO_WAKEUP = 1,
	BPF_RB_FORCE_WAKEUP = 2,
	BPF_RB_AVAIL_DATA = 0,
};

#include "kernel_file.h"
#include "kernel_task.h"
#include "kernel_socket.h"
#include "kernel_code.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

// Of both processor architectures: a program for one never reads the other's fields.
struct pt_regs {
	unsigned long orig_ax, di, si, dx, r10, r8, r9;
	unsigned long bx, cx, bp, ip;
	unsigned long regs[31], orig_x0, pc;
	unsigned long sp;
	int syscallno;
};

// Helper functions that are younger than 5.10: a program asks whether the kernel has them.
enum bpf_func_id {
	BPF_FUNC_task_pt_regs = 175,
};

struct trace_event_raw_sys_enter {
	long id;
	unsigned long args[6];
};

struct trace_event_raw_sys_exit {
	long ret;
};

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
	__u64 session_id;
	__u64 seq_num;
};

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	__u32 fd;
	struct file *file;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

#pragma clang attribute pop

// include/linux/sched.h
#define PF_KTHREAD 0x00200000
// include/linux/sched/signal.h
#define SIGNAL_GROUP_EXIT 0x00000004
#define SIGNAL_UNKILLABLE 0x00000040

// FORGET makes the compiler forget what it knows of a number. Otherwise it drops or moves a check of
// which it can tell the outcome, and the verifier, which can't, misses it where the number is used.
#define FORGET(number) asm volatile("" : "+r"(number))

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#endif
