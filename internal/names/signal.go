// SPDX-License-Identifier: Apache-2.0

package names

// EventSignalSend is the event of the tracer "signal".
const EventSignalSend = "meerkat.signal.send"

// Attributes and metrics of signals.
const (
	SignalName                 = "meerkat.signal.name"
	SignalNumber               = "meerkat.signal.number"
	SignalCode                 = "meerkat.signal.code"
	SignalCrosses              = "meerkat.signal.crosses"
	SignalResult               = "meerkat.signal.result"
	SignalHandling             = "meerkat.signal.target.handling"
	SignalTargetPID            = "meerkat.signal.target.pid"
	SignalTargetCreationTime   = "meerkat.signal.target.creation.time"
	SignalTargetExecutablePath = "meerkat.signal.target.executable.path"
	SignalTargetExecutableName = "meerkat.signal.target.executable.name"
	SignalTargetThreadName     = "meerkat.signal.target.thread.name"
	SignalTargetUserID         = "meerkat.signal.target.user.id"
	SignalTargetCgroupPath     = "meerkat.signal.target.cgroup.path"
	SignalTargetCgroupID       = "meerkat.signal.target.cgroup.id"
	SignalTargetContainerID    = "meerkat.signal.target.container.id"

	MetricSignalSends = "meerkat.signal.sends"
)

// SignalEvents describes the events of the tracer "signal".
func SignalEvents() []Event {
	return []Event{{EventSignalSend, "A process sends a signal that kills or stops by default to a process of another user or cgroup, or to an init process.", []string{
		SignalName, SignalNumber, SignalCode, SignalCrosses, SignalResult, SignalHandling,
		SignalTargetPID, SignalTargetCreationTime, SignalTargetExecutablePath, SignalTargetExecutableName, SignalTargetThreadName,
		SignalTargetUserID, SignalTargetCgroupPath, SignalTargetCgroupID, SignalTargetContainerID,
	}}}
}

// SignalAttributes describes the attributes of signals.
func SignalAttributes() []Attribute {
	return []Attribute{
		{SignalName, String, "Name of the signal (`SIGKILL`, `SIGRTMIN+3`)."},
		{SignalNumber, Int, "Number of the signal."},
		{SignalCode, String, "How it was sent: `SI_USER` by kill, `SI_TKILL` to one thread, `SI_QUEUE` with a value; otherwise the number that the sender chose. `SI_USER` also for a write to cgroup.kill, and for the signal that a process has asked for in case its parent ends (PR_SET_PDEATHSIG)."},
		{SignalCrosses, StringArray, "Why it is an event: `user` if the effective users differ, `cgroup` if the cgroups differ, `init` if the target is pid 1 of some pid namespace."},
		{SignalResult, String, "`delivered`; `ignored` if the target ignores it, which the init process of a pid namespace does with everything from inside that it has no handler for; `overflow` if too many signals wait at the target."},
		{SignalHandling, String, "What the target has asked for: `default`, `ignore` or `handler`. A handler decides itself whether the process ends."},
		{SignalTargetPID, Int, "Pid of the target in the initial pid namespace."},
		{SignalTargetCreationTime, String, "When the target was created."},
		{SignalTargetExecutablePath, String, "Executable of the target as seen from its own root directory, if it is known."},
		{SignalTargetExecutableName, String, "Last element of that path."},
		{SignalTargetThreadName, String, "Name of the target's thread (`comm`), if it is not that of the executable."},
		{SignalTargetUserID, Int, "Effective user id of the target, in the initial user namespace."},
		{SignalTargetCgroupPath, String, "Path of the target's cgroup, if it is another one."},
		{SignalTargetCgroupID, Int, "Id of that cgroup in the kernel, while its path is not known."},
		{SignalTargetContainerID, String, "Id of the target's container, if it is in another cgroup that is a container's."},
	}
}

// SignalSends counts the signals that are events.
func SignalSends() Metric {
	return Metric{MetricSignalSends, "{signal}", "Signals sent to a process of another user or cgroup, or to an init process.", nil}
}

// SignalMetrics describes the counts per workload of the tracer "signal".
func SignalMetrics() []Metric { return []Metric{SignalSends()} }
