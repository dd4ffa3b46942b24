// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Middle layer: from a file descriptor of the current task to what is behind it.
#ifndef MEERKAT_FILE_H
#define MEERKAT_FILE_H

#include "kernel.h"

// include/uapi/linux/stat.h
#define S_IFMT 0170000
#define S_IFSOCK 0140000
#define S_IFLNK 0120000
#define S_IFREG 0100000
#define S_IFBLK 0060000
#define S_IFDIR 0040000
#define S_IFCHR 0020000
#define S_IFIFO 0010000

static __always_inline struct file *file_of_descriptor(struct task_struct *task, int descriptor)
{
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **files = BPF_CORE_READ(table, fd);
	struct file *file = NULL;

	if (descriptor < 0 || (unsigned int)descriptor >= BPF_CORE_READ(table, max_fds))
		return NULL;
	bpf_probe_read_kernel(&file, sizeof(file), files + descriptor);
	return file;
}

static __always_inline umode_t file_type(struct file *file)
{
	return BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT;
}

#endif
