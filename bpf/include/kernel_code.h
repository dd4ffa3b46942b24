// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Bottom layer, a part of kernel.h: what is code to the kernel, requests that come without system calls, and
// the files of processes in /proc.
#ifndef MEERKAT_KERNEL_CODE_H
#define MEERKAT_KERNEL_CODE_H

#include "kernel_file.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct proc_inode {
	struct pid *pid;
	struct inode vfs_inode;
};

struct io_kiocb {
	__u8 opcode;
};

struct module {
	char name[56];
};

struct bpf_prog_aux {
	__u32 id;
	char name[16];
};

enum bpf_prog_type {
	BPF_PROG_TYPE_UNSPEC,
};

struct bpf_prog {
	enum bpf_prog_type type;
	struct bpf_prog_aux *aux;
};

#pragma clang attribute pop

#endif
