// SPDX-License-Identifier: Apache-2.0

package names

// Events of the tracer "ipc".
const (
	EventIPCGet     = "meerkat.ipc.get"
	EventIPCAttach  = "meerkat.ipc.attach"
	EventIPCRemove  = "meerkat.ipc.remove"
	EventIPCOpen    = "meerkat.ipc.open"
	EventIPCCreate  = "meerkat.ipc.create"
	EventIPCConnect = "meerkat.ipc.connect"
)

// Attributes and metrics of what processes share.
const (
	IPCObject             = "meerkat.ipc.object"
	IPCName               = "meerkat.ipc.name"
	IPCKey                = "meerkat.ipc.key"
	IPCID                 = "meerkat.ipc.id"
	IPCNamespace          = "meerkat.ipc.namespace"
	IPCSize               = "meerkat.ipc.size"
	IPCMode               = "meerkat.ipc.mode"
	IPCMayCreate          = "meerkat.ipc.may_create"
	IPCAccess             = "meerkat.ipc.access"
	IPCOperation          = "meerkat.ipc.operation"
	IPCPeerAddress        = "meerkat.ipc.peer.address"
	IPCPeerPID            = "meerkat.ipc.peer.pid"
	IPCPeerCreationTime   = "meerkat.ipc.peer.creation.time"
	IPCPeerExecutablePath = "meerkat.ipc.peer.executable.path"
	IPCPeerExecutableName = "meerkat.ipc.peer.executable.name"
	IPCPeerThreadName     = "meerkat.ipc.peer.thread.name"
	IPCPeerUserID         = "meerkat.ipc.peer.user.id"
	IPCPeerCgroupPath     = "meerkat.ipc.peer.cgroup.path"
	IPCPeerCgroupID       = "meerkat.ipc.peer.cgroup.id"
	IPCPeerContainerID    = "meerkat.ipc.peer.container.id"

	MetricIPCOperations = "meerkat.ipc.operations"
	MetricIPCFailures   = "meerkat.ipc.failures"
)

// IPCEvents describes the events of the tracer "ipc".
func IPCEvents() []Event {
	queue := []string{IPCName, FileInode, IPCNamespace}
	with := func(more ...string) []string { return append([]string{IPCObject}, more...) }
	return []Event{
		{EventIPCGet, "A process finds or makes a System V object by its key, or fails to.", with(IPCKey, IPCID, IPCNamespace, IPCSize, IPCMode, IPCMayCreate)},
		{EventIPCAttach, "A process maps System V shared memory, or fails to.", with(IPCID, IPCNamespace, IPCAccess)},
		{EventIPCRemove, "A process removes a System V object or the name of a POSIX message queue, or fails to.", with(append(queue, IPCID)...)},
		{EventIPCOpen, "A process opens a POSIX message queue, or fails to, or a named pipe.", with(append(queue,
			IPCAccess, IPCMode, IPCMayCreate, FilePath, FilePathStatus)...)},
		{EventIPCCreate, "A process makes a named pipe, or fails to.", with(FilePath, FilePathStatus, IPCMode)},
		{EventIPCConnect, "A process connects a unix socket, or fails to.", with(NetworkTransport, NetworkPeerAddress, SocketType, FileInode,
			IPCPeerAddress, IPCPeerPID, IPCPeerCreationTime, IPCPeerExecutablePath, IPCPeerExecutableName, IPCPeerThreadName, IPCPeerUserID,
			IPCPeerCgroupPath, IPCPeerCgroupID, IPCPeerContainerID)},
	}
}

// IPCAttributes describes the attributes of what processes share.
func IPCAttributes() []Attribute {
	return []Attribute{
		{IPCObject, String, "`shared_memory`, `message_queue` or `semaphores` (System V), `posix_message_queue`, `unix_socket` or `named_pipe`."},
		{IPCName, String, "Name of a POSIX message queue, with its slash."},
		{IPCKey, String, "Key of a System V object as `ipcs` prints it; `private` for one that has none and is made by this call."},
		{IPCID, Int, "Id of a System V object in its namespace, as `ipcs` prints it. Absent if it could not be had."},
		{IPCNamespace, Int, "Inode of the ipc namespace, as `lsns` prints it: keys, ids and names of message queues mean something in there alone."},
		{IPCSize, Int, "Bytes of shared memory that were asked for; of semaphores, how many."},
		{IPCMode, String, "Permission bits in octal: for what is to be created, or of the pipe that was opened."},
		{IPCMayCreate, Bool, "True if the call makes the object where it isn't there yet."},
		{IPCAccess, String, "`read`, `write` or `read_write`."},
		{FilePath, String, "Path of a named pipe as the process gave it; it is relative to the working directory if it does not start with a slash."},
		{FilePathStatus, String, "`truncated` if the path lacks its end."},
		{FileInode, Int, "Inode of the pipe, of the queue, or of the file that stands for a unix socket: the same in all mount namespaces."},
		{NetworkTransport, String, "Always `unix`."},
		{NetworkPeerAddress, String, "The address that was connected to, as the process gave it; written as that of a socket's bind is."},
		{SocketType, String, "`stream`, `dgram` or `seqpacket`."},
		{IPCPeerAddress, String, "The address as the peer has bound it, if that is another one, as in another mount namespace."},
		{IPCPeerPID, Int, "Pid of the peer in the initial pid namespace: the process that called listen, as SO_PEERCRED says. Another one may hold the socket by now. Absent for datagrams."},
		{IPCPeerCreationTime, String, "When the peer was created; absent if it is gone."},
		{IPCPeerExecutablePath, String, "Executable of the peer as seen from its own root directory, if it is known."},
		{IPCPeerExecutableName, String, "Last element of that path."},
		{IPCPeerThreadName, String, "Name of the peer's thread (`comm`), if it is not that of the executable."},
		{IPCPeerUserID, Int, "Effective user id of the peer when it called listen, in the initial user namespace."},
		{IPCPeerCgroupPath, String, "Path of the peer's cgroup, if it is another one."},
		{IPCPeerCgroupID, Int, "Id of that cgroup in the kernel, while its path is not known."},
		{IPCPeerContainerID, String, "Id of the peer's container, if it is in another cgroup that is a container's."},
	}
}

// IPCOperations counts what is done, by operation.
func IPCOperations() Metric {
	return Metric{MetricIPCOperations, "{operation}", "Operations on what processes share.", []string{IPCOperation}}
}

// IPCFailures counts what failed.
func IPCFailures() Metric {
	return Metric{MetricIPCFailures, "{operation}", "Such operations that failed.", nil}
}

// IPCMetrics describes the counts per workload of the tracer "ipc".
func IPCMetrics() []Metric { return []Metric{IPCOperations(), IPCFailures()} }
