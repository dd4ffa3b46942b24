// SPDX-License-Identifier: Apache-2.0

package names

// Events of the tracer "tty".
const (
	EventTTYSession    = "meerkat.tty.session"
	EventTTYSessionEnd = "meerkat.tty.session_end"
)

// Attributes of sessions.
const (
	TTYSource   = "meerkat.tty.source"
	TTYDuration = "meerkat.tty.duration"
)

// TTYEvents describes the events of the tracer "tty".
func TTYEvents() []Event {
	return []Event{
		{EventTTYSession, "A session begins in a container: the first program that its process executes there.", []string{
			TTYSource, ProcessTTY, ProcessRealUserID, ProcessSessionLeaderPID, ProcessVPID, ProcessParentExecutablePath,
		}},
		{EventTTYSessionEnd, "The process of a session ends.", []string{TTYSource, TTYDuration}},
	}
}

// TTYAttributes describes the attributes of sessions.
func TTYAttributes() []Attribute {
	return []Attribute{
		{TTYSource, String, "`terminal`: the process leads its session and has a controlling terminal, or one as its standard input. `runtime_exec`: the process entered the container from outside (its parent is in another container or none, and has other mounts) and is not the first process there, as with `kubectl exec`; it may have a terminal too."},
		{ProcessTTY, String, "Name of the terminal, if there is one."},
		{ProcessRealUserID, Int, "Real user id, if it is not the effective one."},
		{ProcessSessionLeaderPID, Int, "Session id."},
		{ProcessVPID, Int, "Pid in the process's own pid namespace, if it is another one."},
		{ProcessParentExecutablePath, String, "Executable of the parent, if it is known."},
		{TTYDuration, Double, "Seconds from the first program to the end of the process."},
	}
}
