//go:build ignore
// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Tracer "file": what processes do to files.
//
// One handler at the end of system calls, and a table that says for each number what it does and where
// its arguments are. User space fills the table, since it knows the numbers of its architecture.
// An opened file tells its path itself. Calls that leave no file behind tell it by the argument as it
// was given and the directory that it is relative to; user space joins the two.
#include "../include/event.h"
#include "../include/file.h"
#include "../include/known.h"
#include "../include/pattern.h"
#include "../include/seen.h"
#include "../include/syscall.h"
#include "../include/tail.h"
#include "../include/workload.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

enum file_kind {
	FILE_OPEN = 0,
	FILE_CREATE = 1,
	FILE_RENAME = 2,
	FILE_DELETE = 3,
	FILE_LINK = 4,
	FILE_MODE_CHANGE = 5,
	FILE_OWNER_CHANGE = 6,
	// Repeats of an earlier event; made in user space of what the deduplication has counted.
	FILE_REPEAT = 7,
};

enum file_access {
	ACCESS_READ = 1,
	ACCESS_WRITE = 2,
};

enum file_flags {
	// The path is the argument of a system call, not what the kernel resolved.
	FILE_PATH_IS_ARGUMENT = 1,
	// There was no room to remember that this has been seen: it will be reported each time.
	FILE_NOT_DEDUPLICATED = 2,
	// What symlink() was given as target: any text, not a path that was looked up.
	FILE_SYMBOLIC = 4,
	FILE_IS_DIRECTORY = 8,
	// Symbolic links are followed to the end: the last name of the argument may be one.
	FILE_FOLLOWS_LINKS = 16,
	// One of the files whose reads are reported, by a name that is not.
	FILE_OTHER_NAME = 32,
};

// (process, object, operation) that are remembered at one time. Beyond that events are reported
// without deduplication.
#define SEEN_MAX 16384
// Those of one process in one time window, so that it can't take the room of all others: beyond that its events
// are reported without deduplication.
#define SEEN_PER_PROCESS_MAX 2048
// Processes whose number of entries is known. One that is pushed out begins anew.
#define SEEN_PROCESSES_MAX 4096

// What a system call does. Positions count arguments from 1; 0 means that there is none.
struct file_operation {
	__u8 wanted; // 0: none of ours
	__u8 kind;
	__u8 returns_file; // the result is a descriptor
	__u8 descriptor;   // position of the descriptor of the file itself
	__u8 directory, path; // of what it works on
	__u8 other_directory, other_path; // rename, link: the new name
	__u8 value;	// mode, or user (the group follows)
	__u8 flags;	// of the event
	__u8 options;	// flags of the call
	__u8 short_ids; // users and groups have 16 bits
};

// 32-bit calls come behind the others.
const volatile struct file_operation operations[2 * SYSCALLS_MAX] = {};

// Strings behind it: directory, path, other directory, other path. A path that starts with a slash
// has no directory.
struct file_event {
	struct event_header header;
	__u64 inode;
	__u64 root_inode; // of the process's root directory; with an argument only
	__u32 window; // number of the time window in which further ones are counted, from 1; 0: they are not
	__u32 generation; // of the inode: its number is used again for another file
	__u32 device;
	__u32 mode; // of the file; mode_change: the new one
	__u32 owner_uid;
	__u32 owner_gid;
	__u32 links;
	__u32 mount_namespace; // with an argument only
	__u16 directory_bytes;
	__u16 path_bytes;
	__u16 other_directory_bytes;
	__u16 other_path_bytes;
	__u8 directory_flags;
	__u8 path_flags;
	__u8 other_directory_flags;
	__u8 access;
	__u8 flags;
	__u8 rename_flags; // of renameat2()
	__u16 read_element; // open for read: of the pattern that asks for it, from 1
};

struct file_seen_key {
	struct process_key process;
	__u64 inode;
	__u32 generation;
	__u32 window;
	__u32 device;
	__u16 kind;
	__u16 access;
};

struct file_seen {
	struct seen_count count;
	__u32 unwanted; // its path is not
	__u32 reserved;
};

struct file_workload {
	__u64 opened_for_write;
	__u64 created;
	__u64 renamed;
	__u64 deleted;
	__u64 linked;
	__u64 mode_changed;
	__u64 owner_changed;
};

struct seen_budget {
	__u64 window;
	__u64 used;
};

EXPORT_TYPE(struct, event_header);
EXPORT_TYPE(struct, file_operation);
EXPORT_TYPE(enum, file_kind);
EXPORT_TYPE(enum, file_access);
EXPORT_TYPE(enum, file_flags);

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, SEEN_PROCESSES_MAX);
	__type(key, struct process_key);
	__type(value, struct seen_budget);
} seen_budgets SEC(".maps");

#define FILE_TAIL_BYTES (4 * PATH_BYTES_MAX + TAIL_SLACK_BYTES)
struct file_scratch {
	struct file_event event;
	char tail[FILE_TAIL_BYTES];
	unsigned long arguments[8]; // SYSCALL_ARGUMENTS_MAX, and up to a power of two for a mask
	struct file_seen_key seen_key;
	struct filter_path filter_path;
};

SCRATCH(scratch_map, file_scratch);

enum path_slot { SLOT_FILE };

WORKLOADS(file_workload)

// include/linux/fs.h
#define FMODE_WRITE 0x2
#define FMODE_PATH 0x4000
#define FMODE_CREATED 0x100000

static __always_inline void count_for_workload(__u64 cgroup, __u32 kind, __u8 access)
{
	struct file_workload *workload = workload_of(cgroup);

	FORGET(kind);
	if (!workload || (kind == FILE_OPEN && !(access & ACCESS_WRITE)) || kind > FILE_OWNER_CHANGE)
		return;
	// The fields stand in the order of the kinds.
	__sync_fetch_and_add((__u64 *)workload + kind, 1);
}

// within_budget takes one of the entries that a process may have in a time window. Threads that do so at once may
// take some more.
static __always_inline bool within_budget(const struct process_key *process, __u64 window)
{
	struct seen_budget first = {.window = window, .used = 1};
	struct seen_budget *budget = bpf_map_lookup_elem(&seen_budgets, process);

	if (!budget) {
		bpf_map_update_elem(&seen_budgets, process, &first, BPF_ANY);
		return true;
	}
	if (budget->window != window)
		*budget = (struct seen_budget){.window = window};
	if (budget->used >= SEEN_PER_PROCESS_MAX)
		return false;
	__sync_fetch_and_add(&budget->used, 1);
	return true;
}

SEEN_AS(file_seen_key, file_seen, SEEN_MAX, within_budget(&key->process, key->window))

// already_seen counts a repeat. If it is none, the next one will be.
static __always_inline bool already_seen(struct file_scratch *scratch)
{
	struct file_event *event = &scratch->event;
	struct file_seen_key *key = &scratch->seen_key;

	event->window = event->inode ? seen_window(&event->header) : 0;
	if (!event->window)
		return false;
	key->process = event->header.process;
	key->inode = event->inode;
	key->generation = event->generation;
	key->window = event->window;
	key->device = event->device;
	key->kind = event->header.kind;
	key->access = event->access;
	enum seen_result result = seen_before(key, &event->header);
	if (result == SEEN_FULL)
		event->flags |= FILE_NOT_DEDUPLICATED;
	return result == SEEN_REPEAT;
}

// read_is_wanted tells whether a file is one of those whose reads are reported, by its name or as one that had
// such a name before.
static __always_inline bool read_is_wanted(struct file_event *event, struct file *file, struct task_struct *task)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	__u32 element = pattern_of_file(file, task);

	if (element) {
		known_remember(inode, element);
	} else {
		element = known_recall(inode);
		event->flags |= FILE_OTHER_NAME;
	}
	event->read_element = element;
	return element;
}

static __always_inline void describe(struct file_event *event, struct file *file)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);

	event->inode = BPF_CORE_READ(inode, i_ino);
	event->device = BPF_CORE_READ(inode, i_sb, s_dev);
	event->mode = BPF_CORE_READ(inode, i_mode);
	event->owner_uid = BPF_CORE_READ(inode, i_uid.val);
	event->owner_gid = BPF_CORE_READ(inode, i_gid.val);
	event->generation = BPF_CORE_READ(inode, i_generation);
	event->links = BPF_CORE_READ(inode, i_nlink);
	if ((event->mode & S_IFMT) == S_IFDIR)
		event->flags |= FILE_IS_DIRECTORY;
}

static __always_inline void submit(struct file_scratch *scratch, __u32 kind, __u32 used)
{
	struct file_event *event = &scratch->event;

	if ((event->path_flags | event->directory_flags | event->other_directory_flags) & PATH_CUT)
		event_cut(kind);
	event_submit(kind, event, sizeof(*event) + at_most(used, FILE_TAIL_BYTES));
}

// leave_out has repeats of what is not wanted counted as that.
static __always_inline void leave_out(struct file_scratch *scratch)
{
	if (!scratch->event.window)
		return;
	struct file_seen *first = bpf_map_lookup_elem(&seen, &scratch->seen_key);
	if (first)
		first->unwanted = 1;
}

static __always_inline void report_file(struct file_scratch *scratch, struct file *file, struct task_struct *task,
					__u32 kind)
{
	struct file_event *event = &scratch->event;
	struct path_buffer *path;
	__u32 used = 0;

	if (already_seen(scratch)) {
		struct file_seen *first = bpf_map_lookup_elem(&seen, &scratch->seen_key);
		if (first && first->unwanted)
			event_filter(kind);
		else
			event_aggregate(kind);
		return;
	}
	path = path_of_file(SLOT_FILE, file, task);
	if (!filter_wants_path(&scratch->filter_path, path)) {
		leave_out(scratch);
		event_filter(kind);
		return;
	}
	event->path_bytes = tail_path(scratch->tail, FILE_TAIL_BYTES, &used, path, &event->path_flags);
	submit(scratch, kind, used);
}

// A result that is a descriptor: what the kernel has really opened.
static __always_inline void opened(struct file_scratch *scratch, struct task_struct *task, long result)
{
	struct file_event *event = &scratch->event;
	struct file *file = file_of_descriptor(task, result);

	if (!file)
		return;
	fmode_t mode = BPF_CORE_READ(file, f_mode);
	__u32 kind = mode & FMODE_CREATED ? FILE_CREATE : FILE_OPEN;
	umode_t type = file_type(file);

	event->access = mode & FMODE_WRITE ? ACCESS_WRITE : ACCESS_READ;
	event_offer(kind);
	bool wanted = type == S_IFREG || type == S_IFBLK;
	if (wanted && kind == FILE_OPEN && event->access == ACCESS_READ)
		wanted = has_patterns && read_is_wanted(event, file, task);
	// By O_PATH nothing is read: who wants to has to open once more. The file is known from then on, which is
	// how the collector has its programs know some from the start.
	if (!wanted || mode & FMODE_PATH) {
		event_filter(kind);
		return;
	}
	event_header_of(&event->header, kind, task);
	count_for_workload(event->header.cgroup_id, kind, event->access);
	if (!event_wanted(&event->header))
		return;
	describe(event, file);
	report_file(scratch, file, task, kind);
}

// argument reads the argument at a position that counts from 1.
static __always_inline unsigned long argument(struct file_scratch *scratch, __u8 position)
{
	return scratch->arguments[(position - 1) & 7];
}

static __always_inline void by_descriptor(struct file_scratch *scratch, struct task_struct *task, __u32 kind, __u8 position)
{
	struct file *file = file_of_descriptor(task, argument(scratch, position));

	if (!file)
		return;
	event_offer(kind);
	event_header_of(&scratch->event.header, kind, task);
	count_for_workload(scratch->event.header.cgroup_id, kind, ACCESS_WRITE);
	if (!event_wanted(&scratch->event.header))
		return;
	__u32 mode = scratch->event.mode, uid = scratch->event.owner_uid, gid = scratch->event.owner_gid;
	describe(&scratch->event, file);
	if (kind == FILE_MODE_CHANGE)
		scratch->event.mode = mode;
	if (kind == FILE_OWNER_CHANGE) {
		scratch->event.owner_uid = uid;
		scratch->event.owner_gid = gid;
	}
	report_file(scratch, file, task, kind);
}

// include/uapi/linux/fcntl.h
#define AT_FDCWD -100
#define AT_SYMLINK_NOFOLLOW 0x100
#define AT_REMOVEDIR 0x200
#define AT_SYMLINK_FOLLOW 0x400

static __always_inline void apply_options(struct file_event *event, __u32 kind, unsigned long options)
{
	if (kind == FILE_RENAME)
		event->rename_flags = options;
	else if (kind == FILE_DELETE && options & AT_REMOVEDIR)
		event->flags |= FILE_IS_DIRECTORY;
	else if (kind == FILE_LINK && options & AT_SYMLINK_FOLLOW)
		event->flags |= FILE_FOLLOWS_LINKS;
	else if (options & AT_SYMLINK_NOFOLLOW)
		event->flags &= ~FILE_FOLLOWS_LINKS;
}

// describe_place tells in which tree the arguments mean what they say.
static __always_inline void describe_place(struct file_event *event, struct task_struct *task)
{
	event->root_inode = BPF_CORE_READ(task, fs, root.dentry, d_inode, i_ino);
	event->mount_namespace = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
}

// base_directory appends the directory that a path is relative to, nothing for an absolute one.
static __always_inline __u16 base_directory(struct file_scratch *scratch, struct task_struct *task, __u32 *used,
					    unsigned long path, bool has_descriptor, int descriptor, __u8 *flags)
{
	struct path_buffer *resolved;
	char first = 0;

	*flags = 0;
	bpf_probe_read_user(&first, 1, (void *)path);
	if (first == '/')
		return 0;
	if (!has_descriptor || descriptor == AT_FDCWD) {
		resolved = path_of_working_directory(SLOT_FILE, task);
	} else {
		struct file *directory = file_of_descriptor(task, descriptor);
		if (!directory)
			return 0;
		resolved = path_of_file(SLOT_FILE, directory, task);
	}
	return tail_path(scratch->tail, FILE_TAIL_BYTES, used, resolved, flags);
}

static __always_inline void by_path(struct file_scratch *scratch, struct task_struct *task, __u32 kind,
				    const volatile struct file_operation *operation)
{
	struct file_event *event = &scratch->event;
	unsigned long path = argument(scratch, operation->path);
	__u32 used = 0;

	event_offer(kind);
	event_header_of(&event->header, kind, task);
	count_for_workload(event->header.cgroup_id, kind, ACCESS_WRITE);
	if (!event_wanted(&event->header))
		return;
	event->flags |= FILE_PATH_IS_ARGUMENT | operation->flags;
	if (operation->options)
		apply_options(event, kind, argument(scratch, operation->options));
	describe_place(event, task);
	if (kind == FILE_CREATE)
		event->mode &= ~BPF_CORE_READ(task, fs, umask);
	// The target of a symbolic link is relative to where the link is, if to anything.
	if (!(operation->flags & FILE_SYMBOLIC))
		event->directory_bytes = base_directory(scratch, task, &used, path, operation->directory,
							argument(scratch, operation->directory), &event->directory_flags);
	event->path_bytes = tail_user_string(scratch->tail, FILE_TAIL_BYTES, &used, (void *)path);
	if (operation->other_path) {
		path = argument(scratch, operation->other_path);
		event->other_directory_bytes =
			base_directory(scratch, task, &used, path, operation->other_directory,
				       argument(scratch, operation->other_directory), &event->other_directory_flags);
		event->other_path_bytes = tail_user_string(scratch->tail, FILE_TAIL_BYTES, &used, (void *)path);
	}
	submit(scratch, kind, used);
}

// With 16 bits 0xffff is what -1 is with 32: as it was.
static __always_inline __u32 user_or_group(struct file_scratch *scratch, __u8 position, bool is_short)
{
	__u32 id = argument(scratch, position);

	if (is_short)
		return (__u16)id == 0xffff ? 0xffffffff : (__u16)id;
	return id;
}

SYSCALL_HANDLER(file_syscall, call)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u32 zero = 0;

	if (call->result < 0)
		return;
	const volatile struct file_operation *operation = &operations[syscall_index(call)];
	__u32 kind = operation->kind;
	struct file_scratch *scratch = bpf_map_lookup_elem(&scratch_map, &zero);
	if (!scratch || !operation->wanted)
		return;
	__builtin_memset(&scratch->event, 0, sizeof(scratch->event));
	if (operation->returns_file) {
		opened(scratch, task, call->result);
		return;
	}
	__builtin_memcpy(scratch->arguments, call->arguments, sizeof(call->arguments));
	if (kind == FILE_OWNER_CHANGE) {
		scratch->event.owner_uid = user_or_group(scratch, operation->value, operation->short_ids);
		scratch->event.owner_gid = user_or_group(scratch, operation->value + 1, operation->short_ids);
	} else if (operation->value) {
		scratch->event.mode = argument(scratch, operation->value);
	}
	if (operation->descriptor)
		by_descriptor(scratch, task, kind, operation->descriptor);
	else
		by_path(scratch, task, kind, operation);
}
