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
	ProcessParentExecutablePath = "meerkat.process.parent.executable.path"
	ProcessAncestors            = "meerkat.process.ancestors.executable.paths"
	ProcessExecutorPID          = "meerkat.process.executor.pid"
	ProcessExecutorCreationTime = "meerkat.process.executor.creation.time"
	ProcessExitSignal           = "meerkat.process.exit.signal"
	ProcessExitCoreDumped       = "meerkat.process.exit.core_dumped"
	ProcessRunTime              = "meerkat.process.run_time"
	ProcessCPUTime              = "meerkat.process.cpu_time"
	ProcessMemoryPeak           = "meerkat.process.memory.peak"
	ProcessExecutableInode      = "meerkat.process.executable.inode"
	ProcessScriptPath           = "meerkat.process.script.path"
	ProcessScriptSource         = "meerkat.process.script.source"

	ProcessExecutableDevice             = "meerkat.process.executable.device"
	ProcessExecutableSize               = "meerkat.process.executable.size"
	ProcessExecutableMode               = "meerkat.process.executable.mode"
	ProcessExecutableOwnerID            = "meerkat.process.executable.owner.id"
	ProcessExecutableGroupID            = "meerkat.process.executable.group.id"
	ProcessExecutableModified           = "meerkat.process.executable.modified"
	ProcessExecutableChanged            = "meerkat.process.executable.changed"
	ProcessExecutableUpperLayer         = "meerkat.process.executable.upper_layer"
	ProcessExecutableDeleted            = "meerkat.process.executable.deleted"
	ProcessExecutableMemoryOnly         = "meerkat.process.executable.memory_only"
	ProcessExecutableCreatedInContainer = "meerkat.process.executable.created_in_container"
	ProcessExecutableSHA256             = "meerkat.process.executable.hash.sha256"
	ProcessExecutableBuildIDGNU         = "process.executable.build_id.gnu"
	ProcessExecutableBuildIDGo          = "process.executable.build_id.go"

	MetricProcessExecs        = "meerkat.process.execs"
	MetricProcessExecFailures = "meerkat.process.exec.failures"
	MetricProcessForks        = "meerkat.process.forks"
	MetricProcessExits        = "meerkat.process.exits"
)

// ProcessEvents describes the events of the tracer "process".
func ProcessEvents() []Event {
	return []Event{
		{EventProcessExec, "A process executes a program.", []string{
			ProcessCommandArgs, ProcessArgsCount, ProcessArgsTruncated, ProcessWorkingDirectory, ProcessFilename,
			ProcessScriptPath, ProcessScriptSource, ProcessPathStatus, ProcessExecutableInode, ProcessExecutableDevice,
			ProcessExecutableSize, ProcessExecutableMode, ProcessExecutableOwnerID, ProcessExecutableGroupID,
			ProcessExecutableModified, ProcessExecutableChanged, ProcessExecutableUpperLayer, ProcessExecutableDeleted,
			ProcessExecutableMemoryOnly, ProcessExecutableCreatedInContainer, ProcessExecutableSHA256,
			ProcessExecutableBuildIDGNU, ProcessExecutableBuildIDGo, ProcessRealUserID, ProcessSavedUserID, ProcessGroupID, ProcessRealGroupID,
			ProcessCapabilities, ProcessSessionLeaderPID, ProcessGroupLeaderPID, ProcessVPID, ProcessInteractive, ProcessTTY,
			ProcessParentExecutablePath, ProcessAncestors, ProcessExecutorPID, ProcessExecutorCreationTime, ProcessEnvironmentPrefix + "<key>",
		}},
		{EventProcessExecFailed, "A call of execve or execveat fails.", []string{ProcessFilename, ErrorType}},
		{EventProcessFork, "A process is created. Off by default.", []string{ProcessParentExecutablePath}},
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
		{ProcessScriptPath, String, "Script that the executable interprets, as it was given, made absolute by the working directory. Symbolic links in it are not resolved."},
		{ProcessScriptSource, String, "How the script was found. `shebang`: the caller asked for the script, and the kernel chose the interpreter by its first line (`#!`) or by binfmt_misc. `argument`: the executable is one of the configured interpreters, and this is its first argument that is neither an option nor code."},
		{ProcessExecutableInode, Int, "Inode of the executable."},
		{ProcessExecutableDevice, String, "Device of the executable's file system, as major and minor number (`8:1`)."},
		{ProcessExecutableSize, Int, "Size of the executable in bytes."},
		{ProcessExecutableMode, String, "Permission bits of the executable in octal, with set-user-id (`4000`) and set-group-id (`2000`)."},
		{ProcessExecutableOwnerID, String, "User id of the executable's owner."},
		{ProcessExecutableGroupID, String, "Group id of the executable's owner."},
		{ProcessExecutableModified, String, "When the content of the executable was last modified. Its owner can set this."},
		{ProcessExecutableChanged, String, "When the inode of the executable was last changed: made, written, renamed, linked, its mode or owner set."},
		{ProcessExecutableUpperLayer, Bool, "Present on overlayfs: whether the executable lies in the upper, writable layer, so was made or changed there."},
		{ProcessExecutableDeleted, Bool, "Present and true if the name that the executable had was deleted before the exec."},
		{ProcessExecutableMemoryOnly, Bool, "Present and true if the executable was made by memfd_create: it lies in no directory, and never did."},
		{ProcessExecutableCreatedInContainer, Bool, "Present in containers: whether the executable came to be there after the container was made. True if it lies in the upper layer of overlayfs, or if its inode was changed later than the cgroup of the container was made (of one that was there before the collector, than its first process was). A volume's files count too, whoever wrote them. Absent where the time is not known, and of the runtime's own program that becomes a process of the container."},
		{ProcessExecutableSHA256, String, "SHA-256 of the executable's content in hexadecimal, if `executable_hash` is on and the content could be read in time."},
		{ProcessExecutableBuildIDGNU, String, "GNU build id of the executable, under the same conditions."},
		{ProcessExecutableBuildIDGo, String, "Go build id of the executable, under the same conditions."},
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
		{ProcessParentExecutablePath, String, "Executable of the parent, if it is known."},
		{ProcessAncestors, StringArray, "Executables of the processes above the parent, nearest first, empty where not known; eight generations in all."},
		{ProcessExecutorPID, Int, "Pid of the nearest process above that has executed a program itself. Present if the parent is a mere fork of it, such as a subshell."},
		{ProcessExecutorCreationTime, String, "When that process was created."},
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
