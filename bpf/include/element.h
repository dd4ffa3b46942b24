// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Middle layer: the last two elements of a path that is the argument of a system call.
#ifndef MEERKAT_ELEMENT_H
#define MEERKAT_ELEMENT_H

#include "kernel.h"
#include "path.h"

// How much of the end of a path is searched: less than 256, which offsets are masked with.
#define PATH_END_BYTES 192

struct path_elements {
	// Where they start in `end`. There is no directory if it ends where it starts. Volatile, so that the
	// compiler leaves them in memory, where the verifier does not follow them from one byte to the next.
	volatile __u32 name, directory, directory_end;
	char whole[PATH_BYTES_MAX + PATH_END_BYTES];
	char end[PATH_NAME_BYTES_MAX];
};

// path_elements_of finds them. It returns false for a path that can't be read.
static __always_inline bool path_elements_of(struct path_elements *elements, const void *path)
{
	long length = bpf_probe_read_user_str(elements->whole, PATH_BYTES_MAX, path);

	if (length <= 1)
		return false;
	__u32 start = length > PATH_END_BYTES ? length - PATH_END_BYTES : 0;
	bpf_probe_read_kernel(elements->end, PATH_END_BYTES, &elements->whole[start & (PATH_BYTES_MAX - 1)]);
	elements->name = elements->directory = elements->directory_end = 0;
	for (int i = 0; i < PATH_END_BYTES; i++) {
		char c = elements->end[i];

		if (!c)
			break;
		if (c != '/')
			continue;
		// Slashes may come in rows.
		if (elements->name < i) {
			elements->directory = elements->name;
			elements->directory_end = i;
		}
		elements->name = i + 1;
	}
	return true;
}

// The buffers have to be zero before.
static __always_inline void path_name(struct path_elements *elements, void *name, __u32 bytes)
{
	bpf_probe_read_kernel_str(name, bytes, &elements->end[elements->name & (PATH_NAME_BYTES_MAX - 1)]);
}

static __always_inline bool path_directory(struct path_elements *elements, void *name, __u32 bytes)
{
	__u32 length = elements->directory_end - elements->directory;

	if (!elements->directory_end || length >= bytes)
		return false;
	bpf_probe_read_kernel(name, length & (bytes - 1), &elements->end[elements->directory & (PATH_NAME_BYTES_MAX - 1)]);
	return true;
}

#endif
