// SPDX-License-Identifier: Apache-2.0

package names

// Events of the tracer "injection".
const (
	EventInjectionProcessAccess    = "meerkat.injection.process_access"
	EventInjectionMemoryFile       = "meerkat.injection.memory_file"
	EventInjectionFilelessExec     = "meerkat.injection.fileless_exec"
	EventInjectionExecutableMemory = "meerkat.injection.executable_memory"
	EventInjectionLoaderChange     = "meerkat.injection.loader_change"
	EventInjectionKernelCode       = "meerkat.injection.kernel_code"
	EventInjectionIOUring          = "meerkat.injection.io_uring"
)

// Attributes and metrics of injection events.
const (
	InjectionOperation            = "meerkat.injection.operation"
	InjectionName                 = "meerkat.injection.name"
	InjectionFlags                = "meerkat.injection.flags"
	InjectionMemoryAddress        = "meerkat.injection.memory.address"
	InjectionMemoryBytes          = "meerkat.injection.memory.bytes"
	InjectionDescriptor           = "meerkat.injection.descriptor"
	InjectionFile                 = "meerkat.injection.file"
	InjectionProgramType          = "meerkat.injection.bpf.program.type"
	InjectionProgramID            = "meerkat.injection.bpf.program.id"
	InjectionPerfEventType        = "meerkat.injection.perf_event.type"
	InjectionTargetPID            = "meerkat.injection.target.pid"
	InjectionTargetGivenPID       = "meerkat.injection.target.given_pid"
	InjectionTargetThreadID       = "meerkat.injection.target.thread.id"
	InjectionTargetCreationTime   = "meerkat.injection.target.creation.time"
	InjectionTargetExecutablePath = "meerkat.injection.target.executable.path"
	InjectionTargetExecutableName = "meerkat.injection.target.executable.name"
	InjectionTargetThreadName     = "meerkat.injection.target.thread.name"
	InjectionTargetUserID         = "meerkat.injection.target.user.id"
	InjectionTargetCgroupPath     = "meerkat.injection.target.cgroup.path"
	InjectionTargetCgroupID       = "meerkat.injection.target.cgroup.id"
	InjectionTargetContainerID    = "meerkat.injection.target.container.id"

	MetricInjectionActions = "meerkat.injection.actions"
	InjectionTechnique     = "meerkat.injection.technique"
)

// InjectionEvents describes the events of the tracer "injection".
func InjectionEvents() []Event {
	target := []string{
		InjectionTargetPID, InjectionTargetGivenPID, InjectionTargetThreadID, InjectionTargetCreationTime,
		InjectionTargetExecutablePath, InjectionTargetExecutableName, InjectionTargetThreadName, InjectionTargetUserID,
		InjectionTargetCgroupPath, InjectionTargetCgroupID, InjectionTargetContainerID,
	}
	file := []string{FilePath, FileName, FileInode, FilePathSource, FilePathStatus}
	with := func(base []string, more ...string) []string {
		return append(append([]string{InjectionOperation}, base...), more...)
	}
	return []Event{
		{EventInjectionProcessAccess, "A process takes control of another one, writes into its memory, or takes a descriptor from it, or tries to.", with(append(target, file...),
			InjectionMemoryAddress, InjectionMemoryBytes, InjectionDescriptor)},
		{EventInjectionMemoryFile, "A process makes a file that exists in memory only (memfd).", with(nil, InjectionName, InjectionFlags)},
		{EventInjectionFilelessExec, "A process executes a file that has no name in any file system: one in memory, or a deleted one.", with(file, InjectionFile, InjectionName)},
		{EventInjectionExecutableMemory, "Anonymous memory becomes executable that is or was writable. Off by default: just-in-time compilers do that.", with(nil,
			InjectionMemoryAddress, InjectionMemoryBytes, InjectionFlags)},
		{EventInjectionLoaderChange, "One of the files that tell the dynamic loader what to load is opened for writing, created or replaced.", with(file)},
		{EventInjectionKernelCode, "A BPF program, a kernel module or another kernel is loaded, a module is removed, or a perf event is opened.", with(append(target, file...),
			InjectionName, InjectionProgramType, InjectionProgramID, InjectionPerfEventType)},
		{EventInjectionIOUring, "A process makes an io_uring, or has the kernel do something through one that no system call shows.", with(nil, InjectionFlags)},
	}
}

// InjectionAttributes describes the attributes of injection events.
func InjectionAttributes() []Attribute {
	return []Attribute{
		{InjectionOperation, String, "What is done: `ptrace_attach`, `ptrace_seize`, `ptrace_poke_text`, `ptrace_poke_data`, `ptrace_poke_user`, `ptrace_set_registers`, `memory_write` (process_vm_writev), " +
			"`memory_open` (of /proc/PID/mem for writing), `descriptor_get` (pidfd_getfd); `memfd_create`; `execute`; `map`, `protect`; `open`, `create`, `rename`, `link`, `symlink`; " +
			"`bpf_load`, `perf_open`, `module_load`, `module_unload`, `kexec_load`, `kexec_file_load`; `io_uring_setup`, or what is submitted: `io_uring_openat`."},
		{InjectionName, String, "Name of the memfd, BPF program or kernel module, as far as it is known."},
		{InjectionFlags, StringArray, "Flags of the call: of a memfd (`MFD_CLOEXEC`), of memory (`PROT_WRITE`), of an io_uring (`IORING_SETUP_SQPOLL`). A bit without a name is a number."},
		{InjectionMemoryAddress, String, "Address in hexadecimal: where a word is written, or where the memory starts."},
		{InjectionMemoryBytes, Int, "Bytes that were written, or the length of the memory."},
		{InjectionDescriptor, Int, "Number of the descriptor in the target."},
		{InjectionFile, String, "What kind of file is executed: `memfd` or `deleted`."},
		{InjectionProgramType, String, "Type of the BPF program, as `bpftool` names it."},
		{InjectionProgramID, Int, "Id of the BPF program that was loaded."},
		{InjectionPerfEventType, String, "Type of the perf event: `hardware`, `software`, `tracepoint`, `hw_cache`, `raw`, `breakpoint`, or the number of a dynamic one, such as kprobe."},
		{InjectionTargetPID, Int, "Pid of the target in the initial pid namespace. Absent if there is no such process any more."},
		{InjectionTargetGivenPID, Int, "How the process named the target, if that is another number: a thread, or a pid in its own pid namespace."},
		{InjectionTargetThreadID, Int, "Id of the target's thread, if it is not its process's first one."},
		{InjectionTargetCreationTime, String, "When the target was created."},
		{InjectionTargetExecutablePath, String, "Executable of the target as seen from its own root directory, if it is known."},
		{InjectionTargetExecutableName, String, "Last element of that path."},
		{InjectionTargetThreadName, String, "Name of the target's thread (`comm`), if it is not that of the executable."},
		{InjectionTargetUserID, Int, "Effective user id of the target, in the initial user namespace."},
		{InjectionTargetCgroupPath, String, "Path of the target's cgroup, if it is another one."},
		{InjectionTargetCgroupID, Int, "Id of that cgroup in the kernel, while its path is not known."},
		{InjectionTargetContainerID, String, "Id of the target's container, if it is in another cgroup that is a container's."},
		{FilePath, String, "Path of the file: an argument as it was given, or the names of up to three directories above the file, in its own file system."},
		{FileName, String, "Last element of the path."},
		{FileInode, Int, "Inode number, where the file itself was seen."},
		{FilePathSource, String, "`argument` if the path is what the process passed to the system call. Absent if the names are the kernel's."},
		{FilePathStatus, String, "`truncated` if there are directories above the first one named, or what is above a mount point is unknown."},
	}
}

// InjectionActions counts what the events are about, by the last part of their names.
func InjectionActions() Metric {
	return Metric{MetricInjectionActions, "{action}", "What the events of this tracer are about, by the last part of their names, failed attempts included.", []string{InjectionTechnique}}
}

// InjectionMetrics describes the counts per workload of the tracer "injection".
func InjectionMetrics() []Metric { return []Metric{InjectionActions()} }
