//go:build ignore
// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Tracer "ipc": how processes of one host reach each other: by shared memory, message queues, semaphores, unix
// sockets and named pipes.
//
// One handler at the end of system calls, and a table that says for each number what it does. What a call has
// done is taken from the kernel's structs where there are any. Paths of named pipes are arguments as they were
// given.
#include "../include/event.h"
#include "../include/file.h"
#include "../include/scratch.h"
#include "../include/seen.h"
#include "../include/socket.h"
#include "../include/syscall.h"
#include "../include/workload.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

enum ipc_kind {
	IPC_GET = 0,	 // find or make an object by its key
	IPC_ATTACH = 1,	 // map shared memory
	IPC_REMOVE = 2,
	IPC_OPEN = 3,
	IPC_CREATE = 4,
	IPC_CONNECT = 5,
	// Repeats of an earlier event; made in user space of what the deduplication has counted.
	IPC_REPEAT = 6,
};

enum ipc_object {
	OBJECT_SHARED_MEMORY = 1,
	OBJECT_MESSAGE_QUEUE = 2,
	OBJECT_SEMAPHORES = 3,
	OBJECT_POSIX_MESSAGE_QUEUE = 4,
	OBJECT_UNIX_SOCKET = 5,
	OBJECT_NAMED_PIPE = 6,
};

enum ipc_access {
	ACCESS_READ = 1,
	ACCESS_WRITE = 2,
};

enum ipc_flags {
	// It is made if it isn't there.
	IPC_MAY_CREATE = 1,
	// The name was longer than there is room for.
	IPC_NAME_CUT = 2,
	// There was no room to remember that this has been seen: it will be reported each time.
	IPC_NOT_DEDUPLICATED = 4,
};

// What a system call does. User space fills the table, since it knows the numbers of its architecture.
enum ipc_operation {
	OPERATION_NONE = 0,
	OPERATION_SHMGET,
	OPERATION_SHMAT,
	OPERATION_SHMCTL,
	OPERATION_MSGGET,
	OPERATION_MSGCTL,
	OPERATION_SEMGET,
	OPERATION_SEMCTL,
	OPERATION_IPC, // of i386: any of these
	OPERATION_MQ_OPEN,
	OPERATION_MQ_UNLINK,
	OPERATION_CONNECT,
	OPERATION_SOCKETCALL, // of i386: also any other call of sockets
	OPERATION_MKNOD,
	OPERATION_MKNODAT,
	OPERATION_OPEN,
	OPERATION_OPENAT,
};

// (process, what it did) that are remembered at one time. Beyond that events are reported without
// deduplication.
#define SEEN_MAX 2048
// Of a name: as much as a message queue's can have. The room for it has a terminator.
#define NAME_BYTES_MAX 255
#define NAME_ROOM_BYTES 256

// 32-bit calls come behind the others.
const volatile __u8 ipc_operations[2 * SYSCALLS_MAX] = {};

// What makes two events one and a repeat.
struct ipc_facts {
	struct process_key peer; // of a connection
	__u64 inode;		 // of a file that stands for the object
	__u32 device;
	__u32 namespace; // of System V objects and message queues: inode of the ipc namespace
	__s32 key;
	__s32 id; // 0 for the objects that have no key, of which there may be many
	__u16 kind;
	__u16 object;
	__u16 error;
	__u16 access;
	__u16 name_bytes;
	__u16 socket_type;
	__u32 reserved;
};

// Behind it: the name, and that which the peer has bound.
struct ipc_event {
	struct event_header header;
	struct event_header peer; // pid 0 if it is not known; start time 0 if it is gone
	__u64 window; // number of the time window in which further ones are counted, from 1; 0: they are not
	struct ipc_facts facts;
	__u64 size;
	__s32 id;
	__u32 mode;
	__u32 flags;
	__u32 peer_name_bytes;
};

struct ipc_seen_key {
	struct process_key process;
	__u64 window;
	struct ipc_facts facts;
	__u8 name[NAME_ROOM_BYTES];
};

struct ipc_workload {
	__u64 got;
	__u64 attached;
	__u64 removed;
	__u64 opened;
	__u64 created;
	__u64 connected;
	__u64 failed;
};

EXPORT_TYPE(struct, event_header);
EXPORT_TYPE(struct, ipc_event);
EXPORT_TYPE(enum, ipc_kind);
EXPORT_TYPE(enum, ipc_object);
EXPORT_TYPE(enum, ipc_access);
EXPORT_TYPE(enum, ipc_flags);
EXPORT_TYPE(enum, ipc_operation);

SEEN(ipc_seen_key, SEEN_MAX);

struct ipc_scratch {
	struct ipc_event event;
	__u8 name[NAME_ROOM_BYTES]; // behind the event
	struct unix_name given;	    // what connect(2) was given
	struct unix_name bound;	    // what the peer has bound
	struct ipc_seen_key seen_key;
};

SCRATCH(scratch_map, ipc_scratch);

WORKLOADS(ipc_workload)

// include/uapi/linux/ipc.h
#define IPC_PRIVATE 0
#define IPC_CREAT 01000
#define IPC_RMID 0
#define IPC_64 0x0100
// include/uapi/linux/shm.h
#define SHM_RDONLY 010000
// include/uapi/asm-generic/fcntl.h
#define O_CREAT 0100
// include/linux/fs.h
#define FMODE_READ 0x1
#define FMODE_WRITE 0x2
#define PERMISSION_BITS 07777

static __always_inline void count_for_workload(struct ipc_event *event)
{
	struct ipc_workload *workload = workload_of(event->header.cgroup_id);
	__u32 kind = event->facts.kind;

	FORGET(kind);
	if (!workload || kind > IPC_CONNECT)
		return;
	// The fields stand in the order of the kinds.
	__sync_fetch_and_add(event->facts.error ? &workload->failed : (__u64 *)workload + kind, 1);
}

// begin offers an event and fills its header. It returns false for one that is not wanted.
static __always_inline bool begin(struct ipc_scratch *scratch, __u32 kind, __u16 object, long result)
{
	struct ipc_event *event = &scratch->event;

	event_offer(kind);
	__builtin_memset(event, 0, sizeof(*event) + NAME_ROOM_BYTES);
	event->facts.kind = kind;
	event->facts.object = object;
	event->facts.error = result < 0 ? -result : 0;
	event_header_of(&event->header, kind, (void *)bpf_get_current_task());
	return event_wanted(&event->header);
}

static __always_inline void report(struct ipc_scratch *scratch, __u32 kind)
{
	struct ipc_event *event = &scratch->event;
	struct ipc_seen_key *key = &scratch->seen_key;

	count_for_workload(event);
	event->window = seen_window(&event->header);
	if (event->window) {
		key->process = event->header.process;
		key->window = event->window;
		key->facts = event->facts;
		__builtin_memcpy(key->name, scratch->name, sizeof(key->name));
		enum seen_result result = seen_before(key, &event->header);
		if (result == SEEN_REPEAT) {
			event_aggregate(kind);
			return;
		}
		if (result == SEEN_FULL)
			event->flags |= IPC_NOT_DEDUPLICATED;
	}
	if (event->flags & IPC_NAME_CUT)
		event_cut(kind);
	event_submit(kind, event, sizeof(*event) + at_most(event->facts.name_bytes + event->peer_name_bytes, NAME_BYTES_MAX));
}

// name_from_user takes a string that the kernel has just read, without its terminator.
static __always_inline void name_from_user(struct ipc_scratch *scratch, unsigned long from)
{
	long length = bpf_probe_read_user_str(scratch->name, NAME_ROOM_BYTES, (void *)from);
	char next = 0;

	if (length <= 0)
		return;
	scratch->event.facts.name_bytes = length - 1;
	if (length == NAME_ROOM_BYTES && !bpf_probe_read_user(&next, 1, (void *)from + NAME_BYTES_MAX) && next)
		scratch->event.flags |= IPC_NAME_CUT;
}

static __always_inline void in_namespace(struct ipc_event *event)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	event->facts.namespace = BPF_CORE_READ(task, nsproxy, ipc_ns, ns.inum);
}

static __always_inline void get(struct ipc_scratch *scratch, __u16 object, __s32 key, __u64 size, __u32 flags, long result)
{
	struct ipc_event *event = &scratch->event;

	if (!begin(scratch, IPC_GET, object, result))
		return;
	in_namespace(event);
	event->facts.key = key;
	event->size = size;
	event->mode = flags & 0777;
	if (flags & IPC_CREAT || key == IPC_PRIVATE)
		event->flags |= IPC_MAY_CREATE;
	if (result >= 0) {
		event->id = result;
		if (key != IPC_PRIVATE)
			event->facts.id = result;
	}
	report(scratch, IPC_GET);
}

static __always_inline void by_id(struct ipc_scratch *scratch, __u32 kind, __u16 object, __s32 id, __u16 access, long result)
{
	if (!begin(scratch, kind, object, result))
		return;
	in_namespace(&scratch->event);
	scratch->event.id = id;
	scratch->event.facts.id = id;
	scratch->event.facts.access = access;
	report(scratch, kind);
}

static __always_inline void control(struct ipc_scratch *scratch, __u16 object, __s32 id, __u32 command, long result)
{
	if ((command & ~IPC_64) == IPC_RMID)
		by_id(scratch, IPC_REMOVE, object, id, 0, result);
}

static __always_inline __u16 access_of_file(struct file *file)
{
	fmode_t mode = BPF_CORE_READ(file, f_mode);

	return (mode & FMODE_READ ? ACCESS_READ : 0) | (mode & FMODE_WRITE ? ACCESS_WRITE : 0);
}

static __always_inline void describe_file(struct ipc_event *event, struct inode *inode)
{
	event->facts.inode = BPF_CORE_READ(inode, i_ino);
	event->facts.device = BPF_CORE_READ(inode, i_sb, s_dev);
}

// No system call of the kernel's takes a message queue's name with the slash that the library wants.
static __always_inline void queue_opened(struct ipc_scratch *scratch, struct syscall *call)
{
	struct ipc_event *event = &scratch->event;

	if (!begin(scratch, IPC_OPEN, OBJECT_POSIX_MESSAGE_QUEUE, call->result))
		return;
	in_namespace(event);
	if (call->arguments[1] & O_CREAT) {
		event->flags |= IPC_MAY_CREATE;
		event->mode = call->arguments[2] & 0777;
	}
	struct file *file = call->result >= 0 ? file_of_descriptor((void *)bpf_get_current_task(), call->result) : NULL;
	if (file) {
		long length = bpf_probe_read_kernel_str(scratch->name, NAME_ROOM_BYTES, BPF_CORE_READ(file, f_path.dentry, d_name.name));

		event->facts.name_bytes = length > 0 ? length - 1 : 0;
		event->facts.access = access_of_file(file);
		describe_file(event, BPF_CORE_READ(file, f_inode));
	} else {
		name_from_user(scratch, call->arguments[0]);
	}
	report(scratch, IPC_OPEN);
}

static __always_inline void queue_removed(struct ipc_scratch *scratch, struct syscall *call)
{
	if (!begin(scratch, IPC_REMOVE, OBJECT_POSIX_MESSAGE_QUEUE, call->result))
		return;
	in_namespace(&scratch->event);
	name_from_user(scratch, call->arguments[0]);
	report(scratch, IPC_REMOVE);
}

static __always_inline void pipe_created(struct ipc_scratch *scratch, unsigned long path, __u32 mode, long result)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	if ((mode & S_IFMT) != S_IFIFO || !begin(scratch, IPC_CREATE, OBJECT_NAMED_PIPE, result))
		return;
	scratch->event.mode = mode & PERMISSION_BITS & ~BPF_CORE_READ(task, fs, umask);
	name_from_user(scratch, path);
	report(scratch, IPC_CREATE);
}

// pipe_opened sees every file that is opened: what is no pipe has to go at once.
static __always_inline void pipe_opened(struct ipc_scratch *scratch, unsigned long path, long result)
{
	struct ipc_event *event = &scratch->event;

	if (result < 0)
		return;
	struct file *file = file_of_descriptor((void *)bpf_get_current_task(), result);
	if (!file || file_type(file) != S_IFIFO || !begin(scratch, IPC_OPEN, OBJECT_NAMED_PIPE, result))
		return;
	event->facts.access = access_of_file(file);
	describe_file(event, BPF_CORE_READ(file, f_inode));
	event->mode = BPF_CORE_READ(file, f_inode, i_mode) & PERMISSION_BITS;
	name_from_user(scratch, path);
	report(scratch, IPC_OPEN);
}

// describe_peer tells who is at the other end, and where that has bound its socket.
static __always_inline void describe_peer(struct ipc_scratch *scratch, struct sock *sk)
{
	struct ipc_event *event = &scratch->event;
	struct unix_sock *peer = (struct unix_sock *)BPF_CORE_READ((struct unix_sock *)sk, peer);
	struct inode *inode = BPF_CORE_READ(peer, path.dentry, d_inode);
	struct pid *pid = BPF_CORE_READ(sk, sk_peer_pid);
	struct task_struct *task = unix_peer_task(sk);

	if (inode)
		describe_file(event, inode);
	if (!pid)
		return;
	if (task)
		event_header_of(&event->peer, IPC_CONNECT, task);
	else
		event->peer.process.pid = BPF_CORE_READ(pid, numbers[0].nr);
	event->peer.uid = BPF_CORE_READ(sk, sk_peer_cred, euid.val);
	event->peer.gid = BPF_CORE_READ(sk, sk_peer_cred, egid.val);
	event->facts.peer = event->peer.process;
}

// include/linux/errno.h: from here on the call is restarted, and ends another time.
#define ERESTARTSYS 512

static __always_inline void connected(struct ipc_scratch *scratch, struct syscall *call)
{
	struct ipc_event *event = &scratch->event;
	struct sock *sk = socket_of_file(file_of_descriptor((void *)bpf_get_current_task(), call->arguments[0]));
	__u16 family = 0;

	if (!sk || BPF_CORE_READ(sk, __sk_common.skc_family) != AF_UNIX || call->result <= -ERESTARTSYS)
		return;
	bpf_probe_read_user(&family, sizeof(family), (void *)call->arguments[1]);
	// Another family takes the peer away again.
	if (family != AF_UNIX && call->result >= 0)
		return;
	if (!begin(scratch, IPC_CONNECT, OBJECT_UNIX_SOCKET, call->result))
		return;
	event->facts.socket_type = BPF_CORE_READ(sk, sk_type);
	__builtin_memset(&scratch->given, 0, sizeof(scratch->given) + sizeof(scratch->bound));
	__u32 length = at_most(unix_name_of_address(&scratch->given, call->arguments[1], call->arguments[2]), UNIX_NAME_BYTES_MAX);
	bpf_probe_read_kernel(scratch->name, length, scratch->given.name);
	event->facts.name_bytes = length;
	if (call->result >= 0) {
		describe_peer(scratch, sk);
		__u32 more = unix_name_of_socket(&scratch->bound, BPF_CORE_READ((struct unix_sock *)sk, peer));
		more = at_most(more, UNIX_NAME_BYTES_MAX);
		bpf_probe_read_kernel(scratch->name + length, more, scratch->bound.name);
		event->peer_name_bytes = more;
	}
	report(scratch, IPC_CONNECT);
}

// operation_of_ipc translates the call behind ipc(2).
static __always_inline __u32 operation_of_ipc(struct syscall *call)
{
	switch (syscall_unpack_ipc(call)) {
	case IPC_CALL_SEMGET:
		return OPERATION_SEMGET;
	case IPC_CALL_SEMCTL:
		return OPERATION_SEMCTL;
	case IPC_CALL_MSGGET:
		return OPERATION_MSGGET;
	case IPC_CALL_MSGCTL:
		return OPERATION_MSGCTL;
	case IPC_CALL_SHMAT:
		return OPERATION_SHMAT;
	case IPC_CALL_SHMGET:
		return OPERATION_SHMGET;
	case IPC_CALL_SHMCTL:
		return OPERATION_SHMCTL;
	}
	return OPERATION_NONE;
}

static __always_inline __u32 operation_of(struct syscall *call)
{
	__u32 operation = ipc_operations[syscall_index(call)];

	if (operation == OPERATION_IPC)
		return operation_of_ipc(call);
	if (operation == OPERATION_SOCKETCALL)
		return syscall_unpack_socketcall(call) == SOCKETCALL_CONNECT ? OPERATION_CONNECT : OPERATION_NONE;
	return operation;
}

SYSCALL_HANDLER_AND_NEXT(ipc_syscall, call)
{
	__u32 zero = 0, operation = operation_of(call);
	struct ipc_scratch *scratch = bpf_map_lookup_elem(&scratch_map, &zero);
	unsigned long *arguments = call->arguments;
	long result = call->result;

	if (!scratch)
		return;
	switch (operation) {
	case OPERATION_OPEN:
		pipe_opened(scratch, arguments[0], result);
		break;
	case OPERATION_OPENAT:
		pipe_opened(scratch, arguments[1], result);
		break;
	case OPERATION_CONNECT:
		connected(scratch, call);
		break;
	case OPERATION_SHMGET:
		get(scratch, OBJECT_SHARED_MEMORY, arguments[0], arguments[1], arguments[2], result);
		break;
	case OPERATION_MSGGET:
		get(scratch, OBJECT_MESSAGE_QUEUE, arguments[0], 0, arguments[1], result);
		break;
	case OPERATION_SEMGET:
		get(scratch, OBJECT_SEMAPHORES, arguments[0], arguments[1], arguments[2], result);
		break;
	case OPERATION_SHMAT:
		by_id(scratch, IPC_ATTACH, OBJECT_SHARED_MEMORY, arguments[0],
		      arguments[2] & SHM_RDONLY ? ACCESS_READ : ACCESS_READ | ACCESS_WRITE, result);
		break;
	case OPERATION_SHMCTL:
		control(scratch, OBJECT_SHARED_MEMORY, arguments[0], arguments[1], result);
		break;
	case OPERATION_MSGCTL:
		control(scratch, OBJECT_MESSAGE_QUEUE, arguments[0], arguments[1], result);
		break;
	case OPERATION_SEMCTL:
		control(scratch, OBJECT_SEMAPHORES, arguments[0], arguments[2], result);
		break;
	case OPERATION_MQ_OPEN:
		queue_opened(scratch, call);
		break;
	case OPERATION_MQ_UNLINK:
		queue_removed(scratch, call);
		break;
	case OPERATION_MKNOD:
		pipe_created(scratch, arguments[0], arguments[1], result);
		break;
	case OPERATION_MKNODAT:
		pipe_created(scratch, arguments[1], arguments[2], result);
		break;
	}
}
