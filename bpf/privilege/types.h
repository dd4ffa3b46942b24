// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// What the tracer sends, and what user space sets.
#ifndef MEERKAT_PRIVILEGE_TYPES_H
#define MEERKAT_PRIVILEGE_TYPES_H

#include "../include/event.h"
#include "../include/namespace.h"
#include "../include/syscall.h"

enum privilege_kind {
	PRIVILEGE_USER_CHANGE = 0,
	PRIVILEGE_GROUP_CHANGE = 1,
	PRIVILEGE_CAPABILITIES_CHANGE = 2,
	PRIVILEGE_CAPABILITY_USE = 3,
	PRIVILEGE_NAMESPACE_CHANGE = 4,
	PRIVILEGE_ROOT_CHANGE = 5,
	PRIVILEGE_RESTRICTION_CHANGE = 6,
};

// What was called. User space fills a table of them by number of system call.
enum privilege_operation {
	OPERATION_NONE = 0,
	OPERATION_SETUID = 1,
	OPERATION_SETREUID = 2,
	OPERATION_SETRESUID = 3,
	OPERATION_SETFSUID = 4,
	OPERATION_SETGID = 5,
	OPERATION_SETREGID = 6,
	OPERATION_SETRESGID = 7,
	OPERATION_SETFSGID = 8,
	OPERATION_SETGROUPS = 9,
	OPERATION_CAPSET = 10,
	OPERATION_PRCTL = 11, // one of those below
	OPERATION_SECCOMP = 12,
	OPERATION_SETNS = 13,
	OPERATION_UNSHARE = 14,
	OPERATION_CLONE = 15,
	OPERATION_CLONE3 = 16,
	OPERATION_CHROOT = 17,
	OPERATION_PIVOT_ROOT = 18,
	OPERATION_AMBIENT = 19,
	OPERATION_SECUREBITS = 20,
	OPERATION_KEEP_CAPABILITIES = 21,
	OPERATION_NO_NEW_PRIVILEGES = 22,
};

enum privilege_flags {
	// What was there before is known.
	PRIVILEGE_BEFORE_KNOWN = 1,
	// There are more supplementary groups than are listed.
	PRIVILEGE_GROUPS_CUT = 2,
	// The system call is a 32-bit one, which has other numbers.
	PRIVILEGE_COMPAT = 4,
	// It happened in a system call, whose number is known.
	PRIVILEGE_IN_SYSCALL = 8,
	PRIVILEGE_ROOT_UNREACHABLE = 16,
};

// How a call comes to account for memory.
enum memory_call {
	MEMORY_CALL_NEVER = 0,
	MEMORY_CALL_ALWAYS = 1,
	// It writes to a descriptor, its first argument or its third: if that is a file in memory.
	MEMORY_CALL_WRITES_TO_FIRST = 2,
	MEMORY_CALL_WRITES_TO_THIRD = 3,
};

enum capability_scope {
	CAPABILITIES_IN_CONTAINERS = 0,
	CAPABILITIES_EVERYWHERE = 1,
};

// Things that happened, and are remembered for the deduplication window. Of more than these the ones that
// were not repeated for longest are forgotten, and reported when they happen again.
#define SEEN_MAX 4096
// Calls between their beginning and their end. What was before further ones is not known (counter: cut).
#define CALLS_MAX 1024
// Supplementary groups that are listed (counter: cut).
#define GROUPS_LISTED_MAX 32
#define CAPABILITIES_MAX 64

const volatile __u8 operations[2 * SYSCALLS_MAX] = {}; // native calls, then 32-bit ones
// Calls in which the kernel asks for CAP_SYS_ADMIN only to see whether memory that is set aside for
// administrators may be used, which says nothing of the process.
const volatile __u8 memory_calls[2 * SYSCALLS_MAX] = {};
const volatile __u64 window_ns = 60000000000ULL;
// A bit for each capability whose use is reported.
const volatile __u64 capabilities_reported = 0;
const volatile __u32 capability_use_scope = CAPABILITIES_IN_CONTAINERS;
#define ID_UNCHANGED ((__u32)-1)

struct ids {
	__u32 real;
	__u32 effective;
	__u32 saved;
	__u32 filesystem;
};

struct capabilities {
	__u64 effective;
	__u64 permitted;
	__u64 inheritable;
	__u64 ambient;
};

struct credentials {
	struct ids user;
	struct ids group;
	struct capabilities capabilities;
	__u64 groups_hash;
	__u32 securebits;
	__u32 no_new_privileges;
};

// Of a failed call, the ids after it are those that were asked for, as the caller's namespace has them.
struct ids_event {
	struct event_header header;
	struct ids before;
	struct ids after;
	__s32 error;
	__u32 group_count; // supplementary; of setgroups()
	__u32 groups[GROUPS_LISTED_MAX];
	__u8 operation;
	__u8 flags;
	__u8 groups_listed;
	__u8 reserved[5];
};

struct capabilities_event {
	struct event_header header;
	struct capabilities before;
	struct capabilities after;
	__s32 error;
	__u8 operation;
	__u8 flags;
	__u8 reserved[2];
};

struct capability_use_event {
	struct event_header header;
	__u32 capability;
	__s32 error; // 0 if it was granted
	__u32 syscall;
	__u32 user_namespace; // in which it was asked for
	__u8 flags;
	__u8 reserved[7];
};

struct namespace_event {
	struct event_header header;
	struct namespaces namespaces; // after the call
	__u32 kinds; // that were changed, or were to be: flags of clone()
	__u32 target; // setns(): inode of what the descriptor stands for, 0 for a process
	__s32 error;
	__u8 operation;
	__u8 flags;
	__u8 reserved[2];
};

// Strings behind it: the directory that the arguments are relative to, the new root as it was given, the
// new root as the mount namespace has it, its file system's type.
struct root_event {
	struct event_header header;
	__s32 error;
	__u32 mount_namespace;
	__u16 directory_bytes;
	__u16 argument_bytes;
	__u16 root_bytes;
	__u16 filesystem_bytes;
	__u8 directory_flags;
	__u8 root_flags;
	__u8 operation;
	__u8 reserved[5];
};

struct restriction_event {
	struct event_header header;
	__u32 before;
	__u32 after; // no_new_privs: 0 or 1; securebits; seccomp: the mode
	__u32 filters; // seccomp: how many now
	__s32 error;
	__u8 operation;
	__u8 flags;
	__u8 reserved[6];
};

EXPORT_TYPE(struct, event_header);
EXPORT_TYPE(struct, ids_event);
EXPORT_TYPE(struct, capabilities_event);
EXPORT_TYPE(struct, capability_use_event);
EXPORT_TYPE(struct, namespace_event);
EXPORT_TYPE(struct, root_event);
EXPORT_TYPE(struct, restriction_event);
EXPORT_TYPE(enum, privilege_kind);
EXPORT_TYPE(enum, privilege_operation);
EXPORT_TYPE(enum, privilege_flags);
EXPORT_TYPE(enum, capability_scope);
EXPORT_TYPE(enum, memory_call);

#endif
