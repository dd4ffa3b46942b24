// SPDX-License-Identifier: Apache-2.0

package names

// EventCrashExit is the event of the tracer "crash".
const EventCrashExit = "meerkat.crash.exit"

// Attributes and metrics of crashes.
const (
	CrashSignal             = "meerkat.crash.signal"
	CrashCode               = "meerkat.crash.code"
	CrashCoreDumped         = "meerkat.crash.core_dumped"
	CrashCount              = "meerkat.crash.count"
	CrashFaultAddress       = "meerkat.crash.fault.address"
	CrashFaultClass         = "meerkat.crash.fault.class"
	CrashFaultAccess        = "meerkat.crash.fault.access"
	CrashInstructionAddress = "meerkat.crash.instruction.address"
	CrashModuleName         = "meerkat.crash.module.name"
	CrashModuleOffset       = "meerkat.crash.module.offset"
	CrashModuleInode        = "meerkat.crash.module.inode"

	MetricCrashCrashes = "meerkat.crash.crashes"
)

// CrashEvents describes the events of the tracer "crash".
func CrashEvents() []Event {
	return []Event{{EventCrashExit, "A process has died of a signal whose default is to dump core. Time and thread are those of the fault.", []string{
		CrashSignal, CrashCode, CrashCoreDumped, CrashCount, CrashFaultAddress, CrashFaultClass, CrashFaultAccess,
		CrashInstructionAddress, CrashModuleName, CrashModuleOffset, CrashModuleInode,
	}}}
}

// CrashAttributes describes the attributes of crashes.
func CrashAttributes() []Attribute {
	return []Attribute{
		{CrashSignal, String, "Signal that the process died of (`SIGSEGV`, `SIGABRT`)."},
		{CrashCode, String, "Why the signal was sent (`SEGV_MAPERR`, `BUS_ADRERR`, `SI_TKILL` for abort), as in sigaction(2). Absent, with all that follows from the fault, if too many processes were dying at once or the kernel ended it without delivering the signal."},
		{CrashCoreDumped, Bool, "Whether a core was dumped."},
		{CrashCount, Int, "Which crash of this executable in this workload it is, counted from the first one for an hour. The workload is the pod, else the cgroup by its path, so that restarts are counted on."},
		{CrashFaultAddress, String, "Address that could not be accessed, hexadecimal. Only of SIGSEGV and SIGBUS."},
		{CrashFaultClass, String, "What is there: `null` for the first 64 KiB, `kernel`, `non_canonical` for what the processor has no address for, `protection` where x86 says no more than that it is non-canonical or the instruction not allowed, `stack_guard` for nothing or no access within 64 KiB of the stack pointer, `unmapped`, `no_access`, `executable` for a write to code, `read_only`, `not_executable` for a jump to data, `file_end` for a mapping behind the end of its file, `other`."},
		{CrashFaultAccess, String, "What was tried: `read`, `write` or `execute`."},
		{CrashInstructionAddress, String, "Address of the instruction, hexadecimal."},
		{CrashModuleName, String, "Name of the file, executable or library, that the instruction is in; at most 63 bytes of it."},
		{CrashModuleOffset, Int, "Where in that file the instruction is."},
		{CrashModuleInode, Int, "Inode of that file."},
	}
}

// CrashCrashes counts processes that died of a signal whose default is to dump core.
func CrashCrashes() Metric {
	return Metric{MetricCrashCrashes, "{process}", "Processes that died of a signal whose default is to dump core.", nil}
}

// CrashMetrics describes the counts per workload of the tracer "crash".
func CrashMetrics() []Metric { return []Metric{CrashCrashes()} }
