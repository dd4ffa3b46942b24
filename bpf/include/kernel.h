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

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	__s64 counter;
} atomic64_t;

typedef atomic64_t atomic_long_t;

typedef struct {
	__u32 val;
} kuid_t;

typedef struct {
	__u32 val;
} kgid_t;

typedef struct {
	__u64 val;
} kernel_cap_t;

struct list_head {
	struct list_head *next, *prev;
};

struct rb_node {
	struct rb_node *rb_right, *rb_left;
};

struct rb_root {
	struct rb_node *rb_node;
};

struct qstr {
	__u32 hash;
	__u32 len;
	const unsigned char *name;
};

struct file_system_type {
	const char *name;
};

struct dentry;

struct super_block {
	__u32 s_dev;
	struct dentry *s_root;
	unsigned long s_magic;
	struct file_system_type *s_type;
};

struct timespec64 {
	__s64 tv_sec;
	long tv_nsec;
};

struct inode {
	umode_t i_mode;
	kuid_t i_uid;
	kgid_t i_gid;
	struct super_block *i_sb;
	unsigned long i_ino;
	unsigned int i_nlink;
	__u32 i_rdev;
	__u32 i_generation;
	void *i_private;
	__s64 i_size;
	struct timespec64 i_mtime, i_ctime;
};

// The same since 6.6 (i_ctime) and 6.7 (i_mtime).
struct inode___renamed {
	struct timespec64 __i_mtime, __i_ctime;
};

// The same since 6.11.
struct inode___split {
	__s64 i_mtime_sec, i_ctime_sec;
	__u32 i_mtime_nsec, i_ctime_nsec;
};

struct hlist_bl_node {
	struct hlist_bl_node *next, **pprev;
};

struct dentry {
	struct hlist_bl_node d_hash;
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
	struct super_block *d_sb;
};

struct vfsmount {
	struct dentry *mnt_root;
	struct super_block *mnt_sb;
};

struct proc_ns_operations;

struct ns_common {
	const struct proc_ns_operations *ops;
	unsigned int inum;
};

// Since 6.18 a namespace says its type itself.
struct ns_common___typed {
	__u32 ns_type;
};

struct proc_ns_operations {
	int type;
};

struct mount;

struct mnt_namespace {
	struct ns_common ns;
	struct mount *root;
};

// Before 6.8 the mounts of a namespace were a list, the newest at its end. Then they became a tree in the
// order of their making, which since 6.13 has a shortcut to its end.
struct mnt_namespace___list {
	struct list_head list;
};

struct mnt_namespace___tree {
	struct rb_root mounts;
};

struct mnt_namespace___ends {
	struct rb_node *mnt_last_node;
};

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
	struct mnt_namespace *mnt_ns;
	const char *mnt_devname;
	struct list_head mnt_list;
	int mnt_id;
};

struct mount___tree {
	struct rb_node mnt_node;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct file {
	fmode_t f_mode;
	unsigned int f_flags;
	struct path f_path;
	struct inode *f_inode;
	void *private_data;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct fs_struct {
	int umask;
	struct path root;
	struct path pwd;
};

struct maple_tree {
	void *ma_root;
};

struct fs_context {
	struct file_system_type *fs_type;
	const char *source;
};

struct mm_struct {
	unsigned long arg_start, arg_end, env_start, env_end;
	unsigned long task_size, total_vm;
	atomic_long_t pgtables_bytes;
	struct rb_root mm_rb;	 // before 6.1
	struct maple_tree mm_mt; // since 6.1
	struct file *exe_file;
};

struct xarray {
	void *xa_head;
};

struct idr {
	struct xarray idr_rt;
	unsigned int idr_base;
};

struct xa_node {
	unsigned char shift;
	void *slots[64];
};

struct pid_namespace {
	struct idr idr;
	struct ns_common ns;
	struct task_struct *child_reaper;
};

struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct hlist_node {
	struct hlist_node *next;
};

struct hlist_head {
	struct hlist_node *first;
};

struct pid {
	unsigned int level;
	struct hlist_head tasks[4];
	struct upid numbers[1];
};

union __sifields {
	struct {
		void *_addr;
	} _sigfault;
};

struct kernel_siginfo {
	struct {
		int si_signo, si_errno, si_code;
		union __sifields _sifields;
	};
};

struct sigaction {
	void *sa_handler;
};

struct k_sigaction {
	struct sigaction sa;
};

struct sighand_struct {
	struct k_sigaction action[64];
};

struct tty_struct {
	char name[64];
};

struct tty_file_private {
	struct tty_struct *tty;
};

struct signal_struct {
	atomic_t live;
	int group_exit_code;
	unsigned int flags;
	struct pid *pids[4];
	struct tty_struct *tty;
	short oom_score_adj;
	unsigned long maxrss;
	unsigned long long sum_sched_runtime;
};

struct user_namespace {
	struct ns_common ns;
	struct user_namespace *parent;
	int level;
	kuid_t owner;
};

struct group_info {
	int ngroups;
	kgid_t gid[0];
};

struct cred {
	kuid_t uid, suid, euid, fsuid;
	kgid_t gid, sgid, egid, fsgid;
	unsigned int securebits;
	kernel_cap_t cap_inheritable, cap_permitted, cap_effective, cap_ambient;
	struct user_namespace *user_ns;
	struct group_info *group_info;
};

struct uts_namespace {
	struct ns_common ns;
};

struct ipc_namespace {
	struct ns_common ns;
};

struct task_struct;

struct net {
	struct ns_common ns;
};

struct time_namespace {
	struct ns_common ns;
};

struct cgroup_namespace {
	struct ns_common ns;
};

struct nsproxy {
	struct uts_namespace *uts_ns;
	struct ipc_namespace *ipc_ns;
	struct mnt_namespace *mnt_ns;
	struct pid_namespace *pid_ns_for_children;
	struct net *net_ns;
	struct time_namespace *time_ns_for_children;
	struct cgroup_namespace *cgroup_ns;
};

struct seccomp {
	int mode;
	atomic_t filter_count;
};

struct sched_entity {
	__u64 sum_exec_runtime;
};

struct kernfs_node {
	__u64 id;
};

struct cgroup_root {
	int hierarchy_id;
};

struct cgroup {
	int level;
	struct kernfs_node *kn;
	struct cgroup_root *root;
};

struct cgroup_subsys_state {
	struct cgroup *cgroup;
	struct cgroup_subsys_state *parent;
};

struct css_set {
	struct cgroup_subsys_state *subsys[1];
	struct cgroup *dfl_cgrp;
};

enum cgroup_subsys_id {
	cpu_cgrp_id,
	memory_cgrp_id,
	pids_cgrp_id,
};

enum pid_type {
	PIDTYPE_PID,
	PIDTYPE_TGID,
	PIDTYPE_PGID,
	PIDTYPE_SID,
};

struct thread_info {
	unsigned long flags;
	unsigned int status;
};

// Of x86: what the processor said of the last fault. arm64 has fault_code instead.
struct thread_struct {
	unsigned long trap_nr, error_code, fault_code;
};

struct task_struct {
	struct thread_info thread_info;
	void *stack;
	unsigned int flags;
	unsigned long atomic_flags;
	struct mm_struct *mm;
	int exit_code;
	pid_t pid;
	pid_t tgid;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	struct hlist_node pid_links[4];
	__u64 start_boottime;
	const struct cred *real_cred;
	const struct cred *cred;
	char comm[16];
	struct fs_struct *fs;
	struct files_struct *files;
	struct nsproxy *nsproxy;
	struct seccomp seccomp;
	struct signal_struct *signal;
	struct sighand_struct *sighand;
	struct css_set *cgroups;
	__u64 self_exec_id;
	struct sched_entity se;
	struct thread_struct thread;
};

struct linux_binprm {
	struct file *file;
	int argc;
	const char *filename;
	const char *interp;
};

struct in6_addr {
	union {
		__u8 u6_addr8[16];
	} in6_u;
};

struct sock_common {
	__be32 skc_daddr;
	__be32 skc_rcv_saddr;
	__be16 skc_dport;
	__u16 skc_num;
	unsigned short skc_family;
	volatile unsigned char skc_state;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
	unsigned long skc_flags;
	atomic64_t skc_cookie;
};

struct sock {
	struct sock_common __sk_common;
	__u8 sk_userlocks : 4;
	int sk_err;
	__u32 sk_max_ack_backlog;
	__u16 sk_type;
	__u16 sk_protocol;
	struct pid *sk_peer_pid;
	const struct cred *sk_peer_cred;
};

struct inet_sock {
	struct sock sk;
	__be16 inet_sport;
};

struct tcp_sock {
	__u64 bytes_sent;
	__u64 bytes_retrans;
	__u64 bytes_received;
	__u32 total_retrans;
	__u32 srtt_us;
};

struct sockaddr_un {
	__u16 sun_family;
	char sun_path[108];
};

struct unix_address {
	int len; // of the name, with its family
	struct sockaddr_un name[1];
};

struct unix_sock {
	struct sock sk;
	struct unix_address *addr;
	struct path path;
	struct sock *peer;
};

struct sk_buff {
	__u16 transport_header;
	__u16 network_header;
};

struct socket {
	short type;
	struct sock *sk;
};

// Of both processor architectures: a program for one never reads the other's fields.
struct pt_regs {
	unsigned long orig_ax, di, si, dx, r10, r8, r9;
	unsigned long bx, cx, bp, ip;
	unsigned long regs[31], orig_x0, pc;
	unsigned long sp;
	int syscallno;
};

// Which helper functions there are.
enum bpf_func_id {
	BPF_FUNC_sock_from_file = 162,
	BPF_FUNC_task_pt_regs = 175,
};

struct trace_event_raw_sys_enter {
	long id;
	unsigned long args[6];
};

struct trace_event_raw_sys_exit {
	long ret;
};

// Helpers that are younger than 5.10: a program asks whether the kernel has them.
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
