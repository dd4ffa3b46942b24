// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Middle layer: files that are remembered by what they are, so that they are known by any other name: a hard
// link, a new name, the place where they are mounted.
#ifndef MEERKAT_KNOWN_H
#define MEERKAT_KNOWN_H

#include "kernel.h"

// Files that are remembered. Beyond that the one that was not seen for the longest time is forgotten.
#define KNOWN_FILES_MAX 4096
// A power of two.
#define KNOWN_HINTS_MAX 65536

// A number of an inode is used again, but not with the same generation where the file system has them.
struct known_file {
	__u64 inode;
	__u32 device;
	__u32 generation;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, KNOWN_FILES_MAX);
	__type(key, struct known_file);
	__type(value, __u32);
} known_files SEC(".maps");

// Nonzero where a file may be known: nearly every file is answered for here.
struct known_hints {
	__u8 may_be_known[KNOWN_HINTS_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct known_hints);
} known_hints SEC(".maps");

static __always_inline __u8 *known_hint(__u64 inode_number)
{
	__u32 zero = 0, index = (inode_number ^ inode_number >> 16) & (KNOWN_HINTS_MAX - 1);
	struct known_hints *hints = bpf_map_lookup_elem(&known_hints, &zero);

	return hints ? &hints->may_be_known[index] : NULL;
}

static __always_inline void known_key(struct known_file *key, struct inode *inode)
{
	key->inode = BPF_CORE_READ(inode, i_ino);
	key->device = BPF_CORE_READ(inode, i_sb, s_dev);
	key->generation = BPF_CORE_READ(inode, i_generation);
}

// known_remember notes what is known of a file: a number that is not 0.
static __always_inline void known_remember(struct inode *inode, __u32 what)
{
	struct known_file key;

	known_key(&key, inode);
	__u32 *known = bpf_map_lookup_elem(&known_files, &key);
	if (known) {
		*known = what;
		return;
	}
	bpf_map_update_elem(&known_files, &key, &what, BPF_ANY);
	__u8 *hint = known_hint(key.inode);
	if (hint)
		*hint = 1;
}

// known_recall returns what is known of a file, 0 for nothing.
static __always_inline __u32 known_recall(struct inode *inode)
{
	__u8 *hint = known_hint(BPF_CORE_READ(inode, i_ino));
	struct known_file key;

	if (!hint || !*hint)
		return 0;
	known_key(&key, inode);
	__u32 *known = bpf_map_lookup_elem(&known_files, &key);
	return known ? *known : 0;
}

#endif
