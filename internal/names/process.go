// SPDX-License-Identifier: Apache-2.0

package names

// Events of the tracer "process".
const (
	EventProcessExec       = "meerkat.process.exec"
	EventProcessExecFailed = "meerkat.process.exec_failed"
	EventProcessFork       = "meerkat.process.fork"
	EventProcessExit       = "meerkat.process.exit"
)

// Attributes of process events.
const (
	ProcessCommandArgs          = "process.command_args"
	ProcessArgsCount            = "process.args_count"
	ProcessWorkingDirectory     = "process.working_directory"
	ProcessRealUserID           = "process.real_user.id"
	ProcessSavedUserID          = "process.saved_user.id"
	ProcessSessionLeaderPID     = "process.session_leader.pid"
	ProcessGroupLeaderPID       = "process.group_leader.pid"
	ProcessVPID                 = "process.vpid"
	ProcessInteractive          = "process.interactive"
	ProcessExitCode             = "process.exit.code"
	ProcessEnvironmentPrefix    = "process.environment_variable."
	ProcessGroupID              = "meerkat.process.group.id"
	ProcessRealGroupID          = "meerkat.process.real_group.id"
	ProcessFilename             = "meerkat.process.filename"
	ProcessTTY                  = "meerkat.process.tty"
	ProcessCapabilities         = "meerkat.process.capabilities.effective"
	ProcessArgsTruncated        = "meerkat.process.command_args.truncated_bytes"
	ProcessPathStatus           = "meerkat.process.executable.path_status"
	ProcessParentCreationTime   = "meerkat.process.parent.creation.time"
	ProcessParentExecutablePath = "meerkat.process.parent.executable.path"
	ProcessAncestors            = "meerkat.process.ancestors.executable.paths"
	ProcessExitSignal           = "meerkat.process.exit.signal"
	ProcessExitCoreDumped       = "meerkat.process.exit.core_dumped"
	ProcessRunTime              = "meerkat.process.run_time"
	ProcessCPUTime              = "meerkat.process.cpu_time"
	ProcessMemoryPeak           = "meerkat.process.memory.peak"
	ProcessExecutableInode      = "meerkat.process.executable.inode"
	MetricProcessExecs          = "meerkat.process.execs"
	MetricProcessExecFailures   = "meerkat.process.exec.failures"
	MetricProcessForks          = "meerkat.process.forks"
	MetricProcessExits          = "meerkat.process.exits"
)

// ProcessEvents describes the events of the tracer "process".
func ProcessEvents() []Event {
	return []Event{
		{EventProcessExec, "A process executes a program.", []string{
			ProcessCommandArgs, ProcessArgsCount, ProcessArgsTruncated, ProcessWorkingDirectory, ProcessFilename,
			ProcessPathStatus, ProcessExecutableInode, ProcessRealUserID, ProcessSavedUserID, ProcessGroupID, ProcessRealGroupID,
			ProcessCapabilities, ProcessSessionLeaderPID, ProcessGroupLeaderPID, ProcessVPID, ProcessInteractive, ProcessTTY,
			ProcessParentCreationTime, ProcessParentExecutablePath, ProcessAncestors, ProcessEnvironmentPrefix + "<key>",
		}},
		{EventProcessExecFailed, "A call of execve or execveat fails.", []string{ProcessFilename, ErrorType}},
		{EventProcessFork, "A process is created. Off by default.", []string{ProcessParentCreationTime, ProcessParentExecutablePath}},
		{EventProcessExit, "A process ends: its last thread is gone.", []string{
			ProcessExitCode, ProcessExitSignal, ProcessExitCoreDumped, ProcessRunTime, ProcessCPUTime, ProcessMemoryPeak,
		}},
	}
}

// ProcessAttributes describes the attributes of process events.
func ProcessAttributes() []Attribute {
	return []Attribute{
		{ProcessCommandArgs, StringArray, "Arguments, the program's name first. What looks like a secret is replaced by `REDACTED`."},
		{ProcessArgsCount, Int, "Number of arguments, also when not all of them are in `process.command_args`."},
		{ProcessArgsTruncated, Int, "Bytes of arguments beyond the limit, which are missing."},
		{ProcessWorkingDirectory, String, "Working directory."},
		{ProcessFilename, String, "What the caller asked to execute, if it is not the path of the executable: a script, a relative path, a symbolic link."},
		{ProcessPathStatus, String, "Present when the path needs care: `truncated` lacks its beginning, `deleted` is the name that the file had, `unreachable` lies outside the process's root directory (memfd)."},
		{ProcessExecutableInode, Int, "Inode of the executable."},
		{ProcessRealUserID, Int, "Real user id, if it is not the effective one."},
		{ProcessSavedUserID, Int, "Saved user id, if it is not the effective one."},
		{ProcessGroupID, Int, "Effective group id."},
		{ProcessRealGroupID, Int, "Real group id, if it is not the effective one."},
		{ProcessCapabilities, StringArray, "Effective capabilities when they are out of the ordinary: of a user that is not root, or in a container beyond what runtimes give by default. `ALL` for the full set."},
		{ProcessSessionLeaderPID, Int, "Session id."},
		{ProcessGroupLeaderPID, Int, "Process group id."},
		{ProcessVPID, Int, "Pid in the process's own pid namespace, if it is another one."},
		{ProcessInteractive, Bool, "Whether the process has a controlling terminal."},
		{ProcessTTY, String, "Name of the controlling terminal."},
		{ProcessParentCreationTime, String, "When the parent was created."},
		{ProcessParentExecutablePath, String, "Executable of the parent, if it is known."},
		{ProcessAncestors, StringArray, "Executables of the processes above the parent, nearest first, empty where not known; eight generations in all."},
		{ProcessEnvironmentPrefix + "<key>", String, "Value of an environment variable that the configuration names."},
		{ProcessExitCode, Int, "Exit code; 128 and the number of the signal for a process that was killed, as shells have it."},
		{ProcessExitSignal, String, "Signal that killed the process (`SIGKILL`)."},
		{ProcessExitCoreDumped, Bool, "Present and true if a core was dumped."},
		{ProcessRunTime, Double, "Seconds from creation to exit."},
		{ProcessCPUTime, Double, "Seconds of processor time of all threads."},
		{ProcessMemoryPeak, Int, "Largest resident memory in bytes."},
	}
}

// ProcessExecs counts programs that were executed.
func ProcessExecs() Metric {
	return Metric{MetricProcessExecs, "{exec}", "Programs that were executed.", nil}
}

// ProcessExecFailures counts calls of execve and execveat that failed.
func ProcessExecFailures() Metric {
	return Metric{MetricProcessExecFailures, "{exec}", "Calls of execve and execveat that failed.", nil}
}

// ProcessForks counts processes that were created.
func ProcessForks() Metric {
	return Metric{MetricProcessForks, "{process}", "Processes that were created.", nil}
}

// ProcessExits counts processes that ended.
func ProcessExits() Metric {
	return Metric{MetricProcessExits, "{process}", "Processes that ended.", nil}
}

// ProcessMetrics describes the counts per workload of the tracer "process".
func ProcessMetrics() []Metric {
	return []Metric{ProcessExecs(), ProcessExecFailures(), ProcessForks(), ProcessExits()}
}
