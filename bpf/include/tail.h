// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Top layer: strings behind the fixed part of an event.
//
// An event is assembled in a per-CPU scratch value: the fixed struct, then its strings back to back
// without terminators. Each string's length stands in the fixed part, in the order of the strings.
#ifndef MEERKAT_TAIL_H
#define MEERKAT_TAIL_H

#include "kernel.h"
#include "path.h"
#include "scratch.h"

// Each tail_* function appends at *used, advances it, and returns the bytes appended. `room` is the
// size of the tail and must leave TAIL_SLACK_BYTES for the verifier behind the last string.
#define TAIL_SLACK_BYTES PATH_BYTES_MAX

static __always_inline __u32 tail_path(char *tail, __u32 room, __u32 *used, struct path_buffer *path,
					__u8 *flags)
{
	*flags = 0;
	if (!path)
		return 0;
	*flags = path->flags;
	__u32 start = path->start & (PATH_BYTES_MAX - 1);
	__u32 length = (PATH_BYTES_MAX - 1 - start) & (PATH_BYTES_MAX - 1);
	__u32 at = *used;

	FORGET(at);
	if (at > room - TAIL_SLACK_BYTES)
		return 0;
	if (bpf_probe_read_kernel(tail + at, length, &path->data[start]))
		return 0;
	*used = at + length;
	return length;
}

// tail_user copies bytes that the kernel has just read or written itself, so their pages are there.
// Where one is not, the part up to the end of the first page is taken.
static __always_inline __u32 tail_user(char *tail, __u32 room, __u32 *used, unsigned long from, __u32 length)
{
	__u32 at = *used;

	FORGET(at);
	if (at > room - TAIL_SLACK_BYTES)
		return 0;
	if (length > TAIL_SLACK_BYTES)
		length = TAIL_SLACK_BYTES;
	if (bpf_probe_read_user(tail + at, length, (void *)from)) {
		__u32 in_page = PATH_BYTES_MAX - (from & (PATH_BYTES_MAX - 1));
		if (in_page >= length)
			return 0;
		length = in_page & (PATH_BYTES_MAX - 1);
		if (bpf_probe_read_user(tail + at, length, (void *)from))
			return 0;
	}
	*used = at + length;
	return length;
}

static __always_inline __u32 tail_added(__u32 *used, long with_terminator)
{
	// The string functions return the length with its terminator, or an error.
	if (with_terminator <= 1 || with_terminator > PATH_BYTES_MAX)
		return 0;
	*used += with_terminator - 1;
	return with_terminator - 1;
}

static __always_inline __u32 tail_user_string(char *tail, __u32 room, __u32 *used, const void *from)
{
	__u32 at = *used;

	FORGET(at);
	if (at > room - TAIL_SLACK_BYTES)
		return 0;
	return tail_added(used, bpf_probe_read_user_str(tail + at, PATH_BYTES_MAX, from));
}

static __always_inline __u32 tail_kernel_string(char *tail, __u32 room, __u32 *used, const void *from)
{
	__u32 at = *used;

	FORGET(at);
	if (at > room - TAIL_SLACK_BYTES)
		return 0;
	return tail_added(used, bpf_probe_read_kernel_str(tail + at, PATH_BYTES_MAX, from));
}

#endif
