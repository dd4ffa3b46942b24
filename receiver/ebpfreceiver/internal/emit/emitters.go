// SPDX-License-Identifier: Apache-2.0

package emit

// Options are what a configuration says about emitters.
type Options struct {
	Process ProcessOptions
	// SyscallName names system calls.
	SyscallName SyscallName
}

// SyscallName is the name of a system call by its number, empty if it is not known. 32-bit calls have
// numbers of their own.
type SyscallName func(number uint32, isCompat bool) string

// Emitters lists the emitters by the name of the tracer.
func Emitters(o Options) map[string]Emitter {
	return map[string]Emitter{
		"privilege": Privilege(o.SyscallName),
		"mount":     Mount,
		"process":   Process(o.Process),
		"file":      File,
		"tcp":       TCP,
		"socket":    Socket,
		"ipc":       IPC,
		"udp":       UDP,
		"dns":       DNS,
	}
}

// Counts lists what the counts per workload are, by the name of the tracer.
func Counts() map[string][]Count {
	return map[string][]Count{
		"privilege": PrivilegeCounts(),
		"mount":     MountCounts(),
		"process":   ProcessCounts(),
		"file":      FileCounts(),
		"tcp":       TCPCounts(),
		"socket":    SocketCounts(),
		"ipc":       IPCCounts(),
		"udp":       UDPCounts(),
		"dns":       DNSCounts(),
	}
}
