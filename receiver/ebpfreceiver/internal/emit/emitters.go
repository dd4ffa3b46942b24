// SPDX-License-Identifier: Apache-2.0

package emit

// Options are what a configuration says about emitters.
type Options struct {
	Process ProcessOptions
	File    FileOptions
	// Crashes counts the crashes of all executables.
	Crashes *CrashHistory
	// SyscallName names system calls.
	SyscallName SyscallName
}

// SyscallName is the name of a system call by its number, empty if it is not known. 32-bit calls have
// numbers of their own.
type SyscallName func(number uint32, isCompat bool) string

// Emitters lists the emitters by the name of the tracer.
func Emitters(o Options) map[string]Emitter {
	return map[string]Emitter{
		"process":   Process(o.Process),
		"file":      File(o.File),
		"tcp":       TCP,
		"socket":    Socket,
		"ipc":       IPC,
		"udp":       UDP,
		"dns":       DNS,
		"tty":       TTY,
		"signal":    Signal,
		"oom":       OOM,
		"crash":     Crash(o.Crashes),
		"privilege": Privilege(o.SyscallName),
		"mount":     Mount,
		"injection": Injection,
	}
}

// Counts lists what the counts per workload are, by the name of the tracer.
func Counts() map[string][]Count {
	return map[string][]Count{
		"process":   ProcessCounts(),
		"file":      FileCounts(),
		"tcp":       TCPCounts(),
		"socket":    SocketCounts(),
		"ipc":       IPCCounts(),
		"udp":       UDPCounts(),
		"dns":       DNSCounts(),
		"signal":    SignalCounts(),
		"oom":       OOMCounts(),
		"crash":     CrashCounts(),
		"privilege": PrivilegeCounts(),
		"mount":     MountCounts(),
		"injection": InjectionCounts(),
	}
}
