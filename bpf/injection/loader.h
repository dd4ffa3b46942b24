// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Files that are opened for writing or replaced: those by which the loader is told what to load, and the
// memory of processes in /proc.
#ifndef MEERKAT_INJECTION_LOADER_H
#define MEERKAT_INJECTION_LOADER_H

#include "../include/element.h"
#include "finding.h"

// Keys of files and directories whose change is reported: a file takes two.
#define LOADER_FILES_MAX 64
#define LOADER_DIRECTORY_BYTES_MAX 32
#define LOADER_NAME_BYTES_MAX 64

// What a system call is. Positions count arguments from 1; 0 means that there is none.
struct injection_call {
	__u8 operation;
	__u8 directory, path;
	__u8 flags;	  // of open()
	__u8 flags_behind; // position of a pointer to such flags
};

// A file is found by its directory's name and its own, or, as an argument, by its own alone; all that is in
// a directory by the directory's.
struct loader_file {
	__u8 directory[LOADER_DIRECTORY_BYTES_MAX];
	__u8 name[LOADER_NAME_BYTES_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, LOADER_FILES_MAX);
	__type(key, struct loader_file);
	__type(value, __u8);
} loader_files SEC(".maps");

struct loader_scratch {
	unsigned long arguments[8]; // SYSCALL_ARGUMENTS_MAX, and up to a power of two for a mask
	struct loader_file key;
	struct path_elements elements;
};

// argument reads the argument at a position that counts from 1.
static __always_inline unsigned long argument(struct loader_scratch *scratch, __u8 position)
{
	return scratch->arguments[(position - 1) & 7];
}

// "mem" and the zero byte behind it, and the start of "/proc/": four bytes, as numbers.
#define PROC_MEMORY_NAME 0x006d656d
#define PROC_START 0x6f72702f

// include/uapi/asm-generic/fcntl.h
#define O_ACCMODE 3
#define AT_FDCWD -100
// include/linux/fs.h
#define FMODE_WRITE 0x2
#define FMODE_CREATED 0x100000
#define EPERM 1
#define EACCES 13

// is_for_writing looks at nothing but the flags: most files are opened for reading.
static __always_inline bool is_for_writing(struct loader_scratch *scratch, const volatile struct injection_call *what)
{
	__u64 flags = O_ACCMODE;

	if (what->flags)
		flags = argument(scratch, what->flags);
	else if (what->flags_behind)
		bpf_probe_read_user(&flags, sizeof(flags), (void *)argument(scratch, what->flags_behind));
	return flags & O_ACCMODE;
}

static __always_inline bool in_loader_files(struct loader_file *key)
{
	return bpf_map_lookup_elem(&loader_files, key) != NULL;
}

static __always_inline void find_opened(struct loader_scratch *scratch, struct finding *found, struct file *file)
{
	struct loader_file *key = &scratch->key;
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);
	fmode_t mode = BPF_CORE_READ(file, f_mode);

	if (!(mode & FMODE_WRITE))
		return;
	__builtin_memset(key, 0, sizeof(*key));
	bpf_probe_read_kernel_str(key->name, sizeof(key->name), BPF_CORE_READ(dentry, d_name.name));
	__u64 name = hash_of(key->name, sizeof(key->name));
	if (*(__u32 *)key->name == PROC_MEMORY_NAME) {
		struct pid *pid = pid_of_proc_file(BPF_CORE_READ(file, f_inode));
		if (pid)
			finds_target(found, INJECTION_PROCESS_ACCESS, OPERATION_MEMORY_OPEN, task_of(pid));
		return;
	}
	bpf_probe_read_kernel_str(key->directory, sizeof(key->directory), BPF_CORE_READ(dentry, d_parent, d_name.name));
	if (!in_loader_files(key)) {
		__builtin_memset(key->name, 0, sizeof(key->name));
		if (!in_loader_files(key))
			return;
	}
	found->file = dentry;
	found->object = name;
	finds(found, INJECTION_LOADER_CHANGE, mode & FMODE_CREATED ? OPERATION_CREATE : OPERATION_OPEN);
}

// base_of is the directory that a path is relative to.
static __always_inline struct dentry *base_of(struct loader_scratch *scratch, __u8 position)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	int descriptor = position ? (int)argument(scratch, position) : AT_FDCWD;

	if (scratch->elements.whole[0] == '/')
		return NULL;
	if (descriptor == AT_FDCWD)
		return BPF_CORE_READ(task, fs, pwd.dentry);
	struct file *file = file_of_descriptor(task, descriptor);
	return file ? BPF_CORE_READ(file, f_path.dentry) : NULL;
}

// find_argument goes by a path as the process gave it.
static __always_inline void find_argument(struct loader_scratch *scratch, struct finding *found,
					  const volatile struct injection_call *what)
{
	struct loader_file *key = &scratch->key;
	const void *path = (void *)argument(scratch, what->path);

	if (!what->path || !path_elements_of(&scratch->elements, path))
		return;
	__builtin_memset(key, 0, sizeof(*key));
	path_name(&scratch->elements, key->name, sizeof(key->name));
	found->object = hash_of(key->name, sizeof(key->name));
	struct dentry *base = base_of(scratch, what->directory);
	bool is_memory = what->operation == OPERATION_OPEN && *(__u32 *)key->name == PROC_MEMORY_NAME &&
			 *(__u32 *)scratch->elements.whole == PROC_START;
	if (!is_memory && !in_loader_files(key)) {
		if (!path_directory(&scratch->elements, key->directory, sizeof(key->directory)) && base)
			bpf_probe_read_kernel_str(key->directory, sizeof(key->directory), BPF_CORE_READ(base, d_name.name));
		__builtin_memset(key->name, 0, sizeof(key->name));
		if (!in_loader_files(key))
			return;
	}
	found->path = path;
	found->directory = base;
	if (is_memory)
		finds(found, INJECTION_PROCESS_ACCESS, OPERATION_MEMORY_OPEN);
	else
		finds(found, INJECTION_LOADER_CHANGE, what->operation);
}

static __always_inline void find_file(struct loader_scratch *scratch, struct syscall *call, struct finding *found,
				      const volatile struct injection_call *what)
{
	bool opens = what->operation == OPERATION_OPEN;

	if (opens && !is_for_writing(scratch, what))
		return;
	if (call->result < 0 && call->result != -EPERM && call->result != -EACCES)
		return;
	if (!opens || call->result < 0) {
		find_argument(scratch, found, what);
		return;
	}
	struct file *file = file_of_descriptor((void *)bpf_get_current_task(), call->result);
	if (file)
		find_opened(scratch, found, file);
}

#endif
