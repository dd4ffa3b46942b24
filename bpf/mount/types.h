// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// What the tracer sends, and the room to assemble it in.
#ifndef MEERKAT_MOUNT_TYPES_H
#define MEERKAT_MOUNT_TYPES_H

#include "../include/event.h"
#include "../include/syscall.h"
#include "../include/tail.h"
#include "../include/workload.h"

enum mount_kind {
	MOUNT_MOUNT = 0,
	MOUNT_UNMOUNT = 1,
	MOUNT_CHANGE = 2,
	MOUNT_MOVE = 3,
	MOUNT_CONFIGURE = 4, // a step towards a mount, which has a call of its own
};

enum mount_operation {
	OPERATION_NONE = 0,
	OPERATION_MOUNT = 1, // or one of those of mount() below
	OPERATION_UMOUNT = 2,
	OPERATION_UMOUNT_OLD = 3, // without flags
	OPERATION_MOVE_MOUNT = 4,
	OPERATION_FSOPEN = 5,
	OPERATION_FSCONFIG = 6,
	OPERATION_FSMOUNT = 7,
	OPERATION_FSPICK = 8,
	OPERATION_OPEN_TREE = 9,
	OPERATION_MOUNT_SETATTR = 10,
	OPERATION_BIND = 11,
	OPERATION_REMOUNT = 12,
	OPERATION_PROPAGATION = 13,
	OPERATION_MOVE = 14,
};

enum mount_flags {
	MOUNT_IN_CONTAINER = 1,
	// The mount is exactly this one: a descriptor stands for it. Otherwise it is the newest of the
	// namespace, which is another one if two are made at once.
	MOUNT_BY_DESCRIPTOR = 2,
};

// Bytes of the key of an option.
#define KEY_BYTES_MAX 64

const volatile __u8 operations[2 * SYSCALLS_MAX] = {}; // native calls, then 32-bit ones

// Strings behind it, in the order of their lengths. A path that starts with a slash has no directory.
struct mount_event {
	struct event_header header;
	__u64 given_flags; // as the call has them
	__u64 cleared_flags; // mount_setattr()
	__u64 propagation; // mount_setattr()
	__u32 mount_id; // of the mount that was made; 0: none was found
	__u32 mount_namespace;
	__s32 error;
	__u32 command; // fsconfig()
	__u16 source_directory_bytes;
	__u16 source_bytes;
	__u16 target_directory_bytes;
	__u16 target_bytes;
	__u16 filesystem_bytes; // its type
	__u16 point_bytes; // where the mount is, as the process sees it
	__u16 root_bytes; // which part of its file system is mounted
	__u8 source_directory_flags;
	__u8 target_directory_flags;
	__u8 point_flags;
	__u8 root_flags;
	__u8 operation;
	__u8 flags;
	__u8 reserved[4];
	__u8 key[KEY_BYTES_MAX]; // fsconfig()
};

EXPORT_TYPE(struct, event_header);
EXPORT_TYPE(struct, mount_event);
EXPORT_TYPE(enum, mount_kind);
EXPORT_TYPE(enum, mount_operation);
EXPORT_TYPE(enum, mount_flags);

// In the order of the kinds. Those that failed count too.
struct mount_workload {
	__u64 mounted;
	__u64 unmounted;
	__u64 changed;
	__u64 moved;
	__u64 configured;
};

WORKLOADS(mount_workload)

// More than fits is left out (counter: cut). A value of a map per processor has 32 KB at most.
#define MOUNT_TAIL_BYTES (5 * PATH_BYTES_MAX + TAIL_SLACK_BYTES)
struct mount_scratch {
	struct mount_event event;
	char tail[MOUNT_TAIL_BYTES];
};

SCRATCH(scratch_map, mount_scratch);

enum path_slot { SLOT_MOUNT };

#endif
