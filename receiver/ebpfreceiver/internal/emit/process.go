// SPDX-License-Identifier: Apache-2.0

package emit

import (
	"bytes"
	"fmt"
	"math/bits"
	"os"
	"strings"
	"syscall"

	"github.com/moby/sys/capability"
	"golang.org/x/sys/unix"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/internal/redaction"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/process"
)

// ProcessOptions are what a configuration says about process events.
type ProcessOptions struct {
	// Fork tells whether forks are events.
	Fork bool
	// EnvironmentKeys names the variables whose values are reported.
	EnvironmentKeys []string
	// Interpreters names the programs whose first argument is a script; see ProcessConfig.
	Interpreters []string
	Redact       *redaction.Redactor
}

// processEmitter writes the events of the tracer "process".
type processEmitter struct {
	options ProcessOptions
	wanted  map[string]bool
}

// Process returns the emitter of the tracer "process".
func Process(options ProcessOptions) Emitter {
	e := processEmitter{options: options, wanted: map[string]bool{}}
	for _, key := range options.EnvironmentKeys {
		e.wanted[key] = true
	}
	return e.emit
}

func (p *processEmitter) emit(r Record, event decode.Event) bool {
	switch e := event.(type) {
	case *decode.ProcessExec:
		p.exec(r, e)
	case *decode.ProcessExecFailed:
		execFailed(r, e)
	case *decode.ProcessFork:
		if !p.options.Fork {
			return false
		}
		r.SetEventName(names.EventProcessFork)
		r.Body().SetStr(r.subject(e.Head()) + " was forked")
		r.putParent()
	case *decode.ProcessExit:
		exit(r, e)
	default:
		return false
	}
	return true
}

func (p *processEmitter) exec(r Record, e *decode.ProcessExec) {
	r.SetEventName(names.EventProcessExec)
	executable := text(e.Executable)
	by := "a process"
	if parent := r.Who.Process.ParentExecutable.Value(); parent != "" {
		by = parent
	}
	r.Body().SetStr(executable + " was executed by " + by)
	attributes := r.Attributes()
	attributes.EnsureCapacity(38)
	p.putArguments(r, e)
	attributes.PutStr(names.ProcessWorkingDirectory, text(e.WorkingDirectory))
	if filename := text(e.Filename); filename != executable {
		attributes.PutStr(names.ProcessFilename, filename)
	}
	if script, source := p.scriptOf(e); script != "" {
		attributes.PutStr(names.ProcessScriptPath, script)
		attributes.PutStr(names.ProcessScriptSource, source)
	}
	r.putExecutable(e)
	r.putCredentials(e)
	attributes.PutInt(names.ProcessSessionLeaderPID, int64(e.Session))
	attributes.PutInt(names.ProcessGroupLeaderPID, int64(e.ProcessGroup))
	if e.Vpid != e.Header.Process.Pid {
		attributes.PutInt(names.ProcessVPID, int64(e.Vpid))
	}
	tty := text(e.TTY)
	attributes.PutBool(names.ProcessInteractive, tty != "")
	if tty != "" {
		attributes.PutStr(names.ProcessTTY, tty)
	}
	r.putParent()
	r.putAncestors()
	r.putExecutor()
	p.putEnvironment(r, e.Environment)
}

func (p *processEmitter) putArguments(r Record, e *decode.ProcessExec) {
	attributes := r.Attributes()
	attributes.PutInt(names.ProcessArgsCount, int64(e.ArgumentCount))
	if missing := int64(e.ArgumentsTotalBytes) - int64(e.ArgumentsBytes); missing > 0 {
		attributes.PutInt(names.ProcessArgsTruncated, missing)
	}
	if len(e.Arguments) == 0 {
		return
	}
	arguments := p.options.Redact.Arguments(splitNUL(e.Arguments))
	list := attributes.PutEmptySlice(names.ProcessCommandArgs)
	list.EnsureCapacity(len(arguments))
	for _, argument := range arguments {
		list.AppendEmpty().SetStr(argument)
	}
}

// splitNUL splits what the kernel keeps of arguments or environment: each ends in a zero byte, but
// for the last one when it was cut.
func splitNUL(block []byte) []string {
	var parts []string
	for part := range bytes.SplitSeq(bytes.TrimSuffix(block, []byte{0}), []byte{0}) {
		parts = append(parts, text(part))
	}
	return parts
}

func (p *processEmitter) putEnvironment(r Record, environment []byte) {
	if len(environment) == 0 {
		return
	}
	for _, variable := range splitNUL(environment) {
		if key, value, ok := strings.Cut(variable, "="); ok && p.wanted[key] {
			r.Attributes().PutStr(names.ProcessEnvironmentPrefix+key, value)
		}
	}
}

func (r Record) putCredentials(e *decode.ProcessExec) {
	attributes := r.Attributes()
	if e.RealUid != e.Header.Uid {
		attributes.PutInt(names.ProcessRealUserID, int64(e.RealUid))
	}
	if e.SavedUid != e.Header.Uid {
		attributes.PutInt(names.ProcessSavedUserID, int64(e.SavedUid))
	}
	attributes.PutInt(names.ProcessGroupID, int64(e.Header.Gid))
	if e.RealGid != e.Header.Gid {
		attributes.PutInt(names.ProcessRealGroupID, int64(e.RealGid))
	}
	if !elevated(e, r.Who.Workload) {
		return
	}
	list := attributes.PutEmptySlice(names.ProcessCapabilities)
	for _, name := range capabilityNames(e.CapabilitiesEffective) {
		list.AppendEmpty().SetStr(name)
	}
}

// containerCapabilities is the set that Docker and containerd give to a container unless told
// otherwise (defaultUnixCaps in containerd's oci package).
const containerCapabilities = 1<<unix.CAP_CHOWN | 1<<unix.CAP_DAC_OVERRIDE | 1<<unix.CAP_FSETID | 1<<unix.CAP_FOWNER |
	1<<unix.CAP_MKNOD | 1<<unix.CAP_NET_RAW | 1<<unix.CAP_SETGID | 1<<unix.CAP_SETUID | 1<<unix.CAP_SETFCAP |
	1<<unix.CAP_SETPCAP | 1<<unix.CAP_NET_BIND_SERVICE | 1<<unix.CAP_SYS_CHROOT | 1<<unix.CAP_KILL | 1<<unix.CAP_AUDIT_WRITE

// elevated tells capabilities that are worth a word from those that a process has because of where it
// runs: root has them all, and root in a container the usual ones.
func elevated(e *decode.ProcessExec, w *process.Workload) bool {
	switch {
	case e.RealUid != 0:
		return e.CapabilitiesEffective != 0
	case w.Container.ID != "":
		return e.CapabilitiesEffective&^containerCapabilities != 0
	}
	return false
}

// capabilityNames spells out a set as Kubernetes manifests do, but for the full one.
func capabilityNames(set uint64) []string {
	known := uint64(1)<<(uint(unix.CAP_LAST_CAP)+1) - 1
	if set&known == known {
		return []string{"ALL"}
	}
	var all []string
	for ; set != 0; set &= set - 1 {
		all = append(all, "CAP_"+strings.ToUpper(capability.Cap(bits.TrailingZeros64(set)).String()))
	}
	return all
}

// putParent adds what is known of the parent beyond what every event says of it.
func (r Record) putParent() {
	if executable := r.Who.Process.ParentExecutable.Value(); executable != "" && r.Who.Process.Parent.PID != 0 {
		r.Attributes().PutStr(names.ProcessParentExecutablePath, executable)
	}
}

// putExecutor tells the nearest process above that has executed a program itself, if the parent is a mere fork of it: nothing else tells
// whose fork that was, since forks are events on demand only. A fork counts the execs that its parent had (self_exec_id), so that it has
// done none if both have the same count. Where the parent's parent has executed something since, it is not told.
func (r Record) putExecutor() {
	above := r.Who.Ancestors
	executor := 0
	for executor+1 < len(above) && above[executor].ExecID == above[executor+1].ExecID && above[executor].Executable == above[executor+1].Executable {
		executor++
	}
	if executor == 0 {
		return
	}
	r.Attributes().PutInt(names.ProcessExecutorPID, int64(above[executor].PID))
	r.Attributes().PutStr(names.ProcessExecutorCreationTime, r.times.text(above[executor].CreationTime))
}

// putAncestors names what the processes above the parent execute, as far as that is known.
func (r Record) putAncestors() {
	if len(r.Who.Ancestors) < 2 {
		return
	}
	list := r.Attributes().PutEmptySlice(names.ProcessAncestors)
	for _, ancestor := range r.Who.Ancestors[1:] {
		list.AppendEmpty().SetStr(ancestor.Executable.Value())
	}
}

func execFailed(r Record, e *decode.ProcessExecFailed) {
	reason := errorName(syscall.Errno(-e.Error))
	filename := text(e.Filename)
	r.SetEventName(names.EventProcessExecFailed)
	r.Body().SetStr(fmt.Sprintf("%s could not execute %s: %s", r.subject(e.Head()), filename, reason))
	r.Attributes().PutStr(names.ProcessFilename, filename)
	r.Attributes().PutStr(names.ErrorType, reason)
}

// signalExitCode is what shells add to the number of the signal that killed a process.
const signalExitCode = 128

func exit(r Record, e *decode.ProcessExit) {
	status := syscall.WaitStatus(e.Status)
	attributes := r.Attributes()
	attributes.EnsureCapacity(16)
	r.SetEventName(names.EventProcessExit)
	code := int64(status.ExitStatus())
	if status.Signaled() {
		signal := signalName(int(status.Signal()))
		code = signalExitCode + int64(status.Signal())
		attributes.PutStr(names.ProcessExitSignal, signal)
		r.Body().SetStr(fmt.Sprintf("%s was killed by %s", r.subject(e.Head()), signal))
	} else {
		r.Body().SetStr(fmt.Sprintf("%s exited with code %d", r.subject(e.Head()), code))
	}
	attributes.PutInt(names.ProcessExitCode, code)
	if status.CoreDump() {
		attributes.PutBool(names.ProcessExitCoreDumped, true)
	}
	attributes.PutDouble(names.ProcessRunTime, seconds(e.Header.TimeNs-e.Header.Process.StartTimeNs))
	attributes.PutDouble(names.ProcessCPUTime, seconds(e.CpuTimeNs))
	attributes.PutInt(names.ProcessMemoryPeak, int64(e.MemoryPeakPages)*int64(os.Getpagesize()))
}

func seconds(nanoseconds uint64) float64 { return float64(nanoseconds) / 1e9 }

// pathStatus names the most important thing to know about a path, empty if there is none.
func pathStatus(flags decode.PathFlags) string {
	switch {
	case flags&decode.PathUnreachable != 0:
		return "unreachable"
	case flags&decode.PathDeleted != 0:
		return "deleted"
	case flags&decode.PathCut != 0:
		return "truncated"
	}
	return ""
}

// ProcessCounts are the counts per workload of the tracer "process".
func ProcessCounts() []Count {
	return []Count{
		{Field: "execs", Metric: names.ProcessExecs()},
		{Field: "exec_failures", Metric: names.ProcessExecFailures()},
		{Field: "forks", Metric: names.ProcessForks()},
		{Field: "exits", Metric: names.ProcessExits()},
	}
}
