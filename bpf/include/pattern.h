// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Middle layer: whether the path of a file matches one of a set of patterns, told without building the path.
//
// A pattern is a row of elements between slashes. Each element of each pattern has a bit, those of one pattern
// side by side from its last element on. On the way up from the file a bit says that the names so far match
// the end of a pattern as far as that element: each step shifts the bits and keeps those whose element
// matches the name (Shift-And, with names for letters). Nearly every walk ends at the first name.
// User space works out the constants and fills the trie.
#ifndef MEERKAT_PATTERN_H
#define MEERKAT_PATTERN_H

#include "kernel.h"
#include "path.h"

// A pattern lies in one word.
#define PATTERN_WORDS 4
#define PATTERN_ELEMENTS_MAX (64 * PATTERN_WORDS)
// The text of an element, as far as a wildcard in it. Names are compared with the zero byte behind them.
#define PATTERN_NAME_BYTES_MAX 62
// Elements with text behind their wildcard, and the bytes of that. They lie in the first word.
#define PATTERN_SUFFIXES_MAX 16
#define PATTERN_SUFFIX_BYTES_MAX 8
// What two first bytes of a name are looked up by, in a table of bits.
#define PATTERN_HEADS_MAX 4096

struct pattern_bits {
	__u64 words[PATTERN_WORDS];
};

struct pattern_suffix {
	__u64 bytes; // the last bytes of a name
	__u64 mask;  // those of them that count
	__u64 bit;   // of the element
	__u32 name_bytes_min;
	__u32 reserved;
};

struct pattern_name {
	__u32 prefix_bits;
	__u8 name[PATTERN_NAME_BYTES_MAX + 2];
};

// The last elements of patterns that name files: the walk starts with them.
const volatile struct pattern_bits pattern_files = {};
// The last elements of patterns that name folders: each folder on the way may be one.
const volatile struct pattern_bits pattern_folders = {};
// The first elements of patterns: the root has to be above them.
const volatile struct pattern_bits pattern_roots = {};
const volatile struct pattern_suffix pattern_suffixes[PATTERN_SUFFIXES_MAX] = {};
// How names may begin: those of files, and those of folders.
const volatile __u64 pattern_file_heads[PATTERN_HEADS_MAX / 64] = {};
const volatile __u64 pattern_folder_heads[PATTERN_HEADS_MAX / 64] = {};
const volatile bool has_patterns = false;
const volatile bool has_pattern_folders = false;

// The elements that a name matches. An element without wildcard has a zero byte at its end.
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, PATTERN_ELEMENTS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct pattern_name);
	__type(value, struct pattern_bits);
} pattern_names SEC(".maps");

// A walk's state stands in a map, so that the verifier does not follow what may become of each bit of it. One walk
// at a time: a program does not interrupt itself on a CPU.
struct pattern_walk {
	struct pattern_bits reached;
	struct pattern_name key;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pattern_walk);
} pattern_walks SEC(".maps");

static __always_inline bool pattern_head_matches(const volatile __u64 *heads, const unsigned char *name)
{
	__u16 head = 0;

	bpf_probe_read_kernel(&head, sizeof(head), name);
	return heads[(head & (PATTERN_HEADS_MAX - 1)) / 64] >> (head & 63) & 1;
}

// pattern_may_match says no for nearly every file, and costs little.
static __always_inline bool pattern_may_match(struct vfsmount *mnt, struct dentry *dentry)
{
	if (!has_patterns)
		return false;
	// A file that has been mounted goes by the name of the place.
	if (has_pattern_folders || dentry == BPF_CORE_READ(mnt, mnt_root))
		return true;
	return pattern_head_matches(pattern_file_heads, BPF_CORE_READ(dentry, d_name.name));
}

// pattern_check_suffixes takes out the elements whose text behind the wildcard does not match.
static __always_inline __u64 pattern_check_suffixes(__u64 elements, struct dentry *dentry, const unsigned char *name)
{
	__u32 length = BPF_CORE_READ(dentry, d_name.len);
	__u64 last = 0;

	// What stands before a shorter name is read too, and not compared.
	bpf_probe_read_kernel(&last, sizeof(last), name + length - sizeof(last));
	for (int i = 0; i < PATTERN_SUFFIXES_MAX; i++) {
		const volatile struct pattern_suffix *suffix = &pattern_suffixes[i];
		__u64 difference = (last ^ suffix->bytes) & suffix->mask;
		// Without a branch, of which the verifier would follow both ways each time.
		__u64 differs = (difference | -difference) >> 63 | ((__u64)length - suffix->name_bytes_min) >> 63;
		elements &= ~(suffix->bit & -differs);
	}
	return elements;
}

static __always_inline struct pattern_walk *pattern_walk(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&pattern_walks, &zero);
}

// pattern_step moves on by one name. It returns whether anything is left of what was reached. A global function,
// as path_resolve.
__noinline int pattern_step(__u64 dentry_address, __u32 is_file)
{
	struct dentry *dentry = (void *)dentry_address;
	struct pattern_walk *walk = pattern_walk();
	const unsigned char *name = BPF_CORE_READ(dentry, d_name.name);
	struct pattern_bits *matching = NULL;
	__u64 left = 0;

	if (!walk)
		return 0;
	if (pattern_head_matches(is_file ? pattern_file_heads : pattern_folder_heads, name)) {
		walk->key.prefix_bits = sizeof(walk->key.name) * 8;
		bpf_probe_read_kernel_str(walk->key.name, sizeof(walk->key.name), name);
		matching = bpf_map_lookup_elem(&pattern_names, &walk->key);
	}
#pragma unroll
	for (int i = 0; i < PATTERN_WORDS; i++) {
		__u64 elements = matching ? matching->words[i] : 0;
		__u64 start = is_file ? pattern_files.words[i] : pattern_folders.words[i];
		elements &= (walk->reached.words[i] & ~pattern_roots.words[i]) << 1 | start;
		if (i == 0 && elements)
			elements = pattern_check_suffixes(elements, dentry, name);
		walk->reached.words[i] = elements;
		left |= elements;
	}
	return left != 0;
}

// pattern_number is one more than the number of the first element in a set, 0 for none.
static __always_inline int pattern_number(const struct pattern_bits *set)
{
#pragma unroll
	for (int i = 0; i < PATTERN_WORDS; i++) {
		__u64 word = set->words[i] & pattern_roots.words[i];
		if (!word)
			continue;
		int number = 64 * i + 1;
#pragma unroll
		for (int half = 32; half; half /= 2) {
			if (word & ((1ULL << half) - 1))
				continue;
			word >>= half;
			number += half;
		}
		return number;
	}
	return 0;
}

// pattern_match returns one more than the number of the first element of a pattern that matches, 0 if none
// does. A global function, as path_resolve.
__noinline int pattern_match(__u64 mnt_address, __u64 dentry_address, __u64 root_mnt_address, __u64 root_dentry_address)
{
	struct vfsmount *mnt = (void *)mnt_address, *root_mnt = (void *)root_mnt_address;
	struct dentry *dentry = (void *)dentry_address, *root_dentry = (void *)root_dentry_address;
	struct pattern_walk *walk = pattern_walk();
	__u32 is_file = true;

	if (!walk)
		return 0;
	__builtin_memset(&walk->reached, 0, sizeof(walk->reached));
	for (int step = 0; step < PATH_STEPS_MAX; step++) {
		if (dentry == root_dentry && mnt == root_mnt)
			return pattern_number(&walk->reached);
		if (dentry == BPF_CORE_READ(mnt, mnt_root)) {
			struct mount *mount = mount_of(mnt);
			struct mount *mount_parent = BPF_CORE_READ(mount, mnt_parent);
			if (mount == mount_parent)
				return pattern_number(&walk->reached);
			dentry = BPF_CORE_READ(mount, mnt_mountpoint);
			mnt = (void *)mount_parent + bpf_core_field_offset(struct mount, mnt);
			continue;
		}
		if (!pattern_step((__u64)dentry, is_file) && !has_pattern_folders)
			return 0;
		is_file = false;
		struct dentry *parent = BPF_CORE_READ(dentry, d_parent);
		if (dentry == parent)
			return 0;
		dentry = parent;
	}
	return 0;
}

// pattern_of_file is pattern_match below the root directory of task.
static __always_inline int pattern_of_file(struct file *file, struct task_struct *task)
{
	struct path path;

	BPF_CORE_READ_INTO(&path, file, f_path);
	if (!pattern_may_match(path.mnt, path.dentry))
		return 0;
	struct fs_struct *fs = BPF_CORE_READ(task, fs);
	return pattern_match((__u64)path.mnt, (__u64)path.dentry, (__u64)BPF_CORE_READ(fs, root.mnt), (__u64)BPF_CORE_READ(fs, root.dentry));
}

#endif
