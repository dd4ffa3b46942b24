// SPDX-License-Identifier: Apache-2.0

package names

// TracerDescription describes everything that one tracer says.
type TracerDescription struct {
	Name  string
	Brief string
	// Events have names that start with that of the tracer.
	Events []Event
	// Attributes are those of the events, besides what every event may have.
	Attributes []Attribute
	// Metrics are its counts per workload.
	Metrics []Metric
}

// Tracers describes all tracers, in the order in which documents list them.
func Tracers() []TracerDescription {
	return []TracerDescription{
		{"process", "What processes execute, and how they begin and end.",
			ProcessEvents(), ProcessAttributes(), ProcessMetrics()},
		{"file", "What processes do to files. The same operation of a process on the same file is reported once in a window; repeats are\n" +
			"counted in the kernel, and reported at the end by one event of the same name with `" + RepeatCount + "`.",
			FileEvents(), FileAttributes(), FileMetrics()},
		{"tcp", "TCP connections over IPv4 and IPv6, and whose they are. What becomes of connections of a process with the same far end is\n" +
			"reported once in a window; repeats are counted and summed up in the kernel, and reported at the end by one event of the\n" +
			"same name with `" + RepeatCount + "`, without the client's port.",
			TCPEvents(), TCPAttributes(), TCPMetrics()},
		{"injection", "Ways to put code where it was not, failed attempts included (`" + ErrorType + "`), and work that is handed to the kernel past the system calls.\n" +
			"The same operation of a process on the same object is reported once in a window; repeats are counted in the kernel, and reported\n" +
			"at the end by one event of the same name with `" + RepeatCount + "`.",
			InjectionEvents(), InjectionAttributes(), InjectionMetrics()},
		{"socket", "Sockets that are bound, that listen, and that are of an unusual kind, those included that were there before the start.\n" +
			"The same operation of a process with the same outcome is reported once in a window, and so are binds to whatever port the\n" +
			"kernel chooses; repeats are counted in the kernel, and reported at the end by one event of the same name with\n`" + RepeatCount + "`.",
			SocketEvents(), SocketAttributes(), SocketMetrics()},
		{"ipc", "How processes of one host reach each other: System V shared memory, message queues and semaphores, POSIX message queues,\n" +
			"unix sockets with the identity of the peer, named pipes. Off by default. The same operation of a process on the same object\n" +
			"is reported once in a window; repeats are counted in the kernel, and reported at the end by one event of the same name with\n`" +
			RepeatCount + "`.",
			IPCEvents(), IPCAttributes(), IPCMetrics()},
		{"udp", "Flows of UDP datagrams over IPv4 and IPv6, and whose they are. The first datagram between a socket and a far end is an event,\n" +
			"the others are counted in the kernel.",
			UDPEvents(), UDPAttributes(), UDPMetrics()},
		{"dns", "What processes ask name servers, over UDP and TCP, each query joined with its answer.",
			DNSEvents(), DNSAttributes(), DNSMetrics()},
		{"tty", "People at work in containers. Off by default. A session is a program that leads a terminal session, or one that entered a\n" +
			"container from outside, as `kubectl exec` does. What is typed is never looked at.",
			TTYEvents(), TTYAttributes(), nil},
		{"signal", "Signals that kill or stop by default, where one process sends them to another across users or cgroups, or to pid 1 of a pid\n" +
			"namespace, such as a container's first process. Signals of the kernel (faults, terminals, timers, out of memory) are none of these, and\n" +
			"neither are those that the kernel refuses to send.",
			SignalEvents(), SignalAttributes(), SignalMetrics()},
		{"oom", "Processes that the kernel kills because memory has run out. A process that was being killed with SIGKILL already may be reported too,\n" +
			"if it asks for memory while it ends; other processes that share the victim's memory are killed with it, and not reported.",
			OOMEvents(), OOMAttributes(), OOMMetrics()},
		{"crash", "Processes that die of a signal whose default is to dump core, whether or not a core is dumped. A signal that the process handles, as\n" +
			"the runtimes of Java and Go do with SIGSEGV, is no crash unless it ends of it.",
			CrashEvents(), CrashAttributes(), CrashMetrics()},
		{"privilege", "How processes come by privileges, use them, and give them up. Calls that change nothing are left out, those that fail are not.\n" +
			"The same thing done again by a process is reported once in a window. A change is that of a thread: programs that change\n" +
			"all of their threads do so one by one, which is reported once.",
			PrivilegeEvents(), PrivilegeAttributes(), PrivilegeMetrics()},
		{"mount", "File systems that are mounted, moved, changed and unmounted, and the steps of the newer system calls towards that. Calls that\n" +
			"fail are events too. Options of file systems are not told, since there are passwords among them.",
			MountEvents(), MountAttributes(), MountMetrics()},
	}
}
