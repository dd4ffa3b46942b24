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
		{"tcp", "TCP connections over IPv4 and IPv6, and whose they are.",
			TCPEvents(), TCPAttributes(), TCPMetrics()},
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
	}
}
