// SPDX-License-Identifier: Apache-2.0

package decode

import (
	"bytes"
	"unsafe"

	processbpf "github.com/meerkat-otel/meerkat/bpf/process"
)

// Kinds of the tracer "process". A snapshot is read from the iterator, not from the ring.
const (
	KindProcessExec        = uint16(processbpf.ProcessProcessKindPROCESS_EXEC)
	KindProcessExecFailed  = uint16(processbpf.ProcessProcessKindPROCESS_EXEC_FAILED)
	KindProcessFork        = uint16(processbpf.ProcessProcessKindPROCESS_FORK)
	KindProcessExit        = uint16(processbpf.ProcessProcessKindPROCESS_EXIT)
	KindProcessCgroupMkdir = uint16(processbpf.ProcessProcessKindPROCESS_CGROUP_MKDIR)
	KindProcessCgroupRmdir = uint16(processbpf.ProcessProcessKindPROCESS_CGROUP_RMDIR)
	KindProcessSnapshot    = uint16(processbpf.ProcessProcessKindPROCESS_SNAPSHOT)
)

// ProcessExec is a program that was executed, or, as a snapshot, one that already ran.
type ProcessExec struct {
	*processbpf.ProcessExecEvent
	// Executable is the path of the file that runs, resolved by the kernel.
	Executable []byte
	// Filename is what the caller asked to execute: a script, a relative path, a symbolic link.
	Filename         []byte
	WorkingDirectory []byte
	// Arguments and Environment are NUL-separated, and cut when shorter than ArgumentsTotalBytes
	// and EnvironmentTotalBytes.
	Arguments   []byte
	Environment []byte
	// TTY is the name of the controlling terminal, empty if there is none.
	TTY []byte
}

// OfCollector reports that a record of a snapshot is of the process that takes the snapshot.
func (e *ProcessExec) OfCollector() bool {
	return e.Header.Flags&uint16(processbpf.ProcessEventFlagsEVENT_OF_COLLECTOR) != 0
}

// Head implements Event.
func (e *ProcessExec) Head() *Header { return &e.Header }

// Interpreted tells whether the kernel runs an interpreter of the file that was asked for.
func (e *ProcessExec) Interpreted() bool { return e.has(processbpf.ProcessExecFlagsEXEC_INTERPRETED) }

// UpperLayer tells whether the executable lies in the writable layer of overlayfs.
func (e *ProcessExec) UpperLayer() bool { return e.has(processbpf.ProcessExecFlagsEXEC_UPPER_LAYER) }

// Unlinked tells whether no directory has a name for the executable.
func (e *ProcessExec) Unlinked() bool { return e.has(processbpf.ProcessExecFlagsEXEC_UNLINKED) }

// OnTheWay tells whether the process is in another cgroup than its parent, and still has the mounts of that:
// it may be the runtime's, on its way into a container.
func (e *ProcessExec) OnTheWay() bool { return e.has(processbpf.ProcessExecFlagsEXEC_ON_THE_WAY) }

func (e *ProcessExec) has(flag processbpf.ProcessExecFlags) bool {
	return processbpf.ProcessExecFlags(e.Flags)&flag != 0
}

// Clone returns a copy that stays valid when the record does not.
func (e *ProcessExec) Clone() *ProcessExec {
	fixed := *e.ProcessExecEvent
	return &ProcessExec{
		ProcessExecEvent: &fixed,
		Executable:       bytes.Clone(e.Executable),
		Filename:         bytes.Clone(e.Filename),
		WorkingDirectory: bytes.Clone(e.WorkingDirectory),
		Arguments:        bytes.Clone(e.Arguments),
		Environment:      bytes.Clone(e.Environment),
		TTY:              bytes.Clone(e.TTY),
	}
}

// Bytes is what the event takes, strings included.
func (e *ProcessExec) Bytes() int {
	return int(unsafe.Sizeof(*e.ProcessExecEvent)) + len(e.Executable) + len(e.Filename) + len(e.WorkingDirectory) +
		len(e.Arguments) + len(e.Environment) + len(e.TTY)
}

// ProcessExecFailed is a call of execve that returned an error.
type ProcessExecFailed struct {
	*processbpf.ProcessExecFailedEvent
	Filename []byte
}

// Head implements Event.
func (e *ProcessExecFailed) Head() *Header { return &e.Header }

// ProcessFork is a new process; the header is the child's.
type ProcessFork struct {
	*processbpf.ProcessForkEvent
}

// Head implements Event.
func (e *ProcessFork) Head() *Header { return &e.Header }

// ProcessExit is the end of a process: its last thread is gone.
type ProcessExit struct {
	*processbpf.ProcessExitEvent
}

// Head implements Event.
func (e *ProcessExit) Head() *Header { return &e.Header }

// ProcessCgroup is a cgroup that was made or removed; Header.CgroupId names it.
type ProcessCgroup struct {
	*processbpf.ProcessCgroupEvent
	Path []byte
}

// Head implements Event.
func (e *ProcessCgroup) Head() *Header { return &e.Header }

// processDecoder holds one event of each type to decode into.
type processDecoder struct {
	exec       ProcessExec
	execFailed ProcessExecFailed
	fork       ProcessFork
	exit       ProcessExit
	cgroup     ProcessCgroup
}

// NewProcess returns a decoder for the records of the tracer "process".
func NewProcess() Decoder { return &processDecoder{} }

// Decode implements Decoder.
func (d *processDecoder) Decode(record []byte) (Event, error) {
	header, _, err := view[Header](record)
	if err != nil {
		return nil, err
	}
	switch header.Kind {
	case KindProcessExec, KindProcessSnapshot:
		return &d.exec, d.decodeExec(record)
	case KindProcessExecFailed:
		return &d.execFailed, d.decodeExecFailed(record)
	case KindProcessFork:
		return &d.fork, fixed(&d.fork.ProcessForkEvent, record)
	case KindProcessExit:
		return &d.exit, fixed(&d.exit.ProcessExitEvent, record)
	case KindProcessCgroupMkdir, KindProcessCgroupRmdir:
		return &d.cgroup, d.decodeCgroup(record)
	}
	return nil, ErrUnknownKind
}

// fixed decodes an event without strings.
func fixed[T any](event **T, record []byte) error {
	e, rest, err := view[T](record)
	if err != nil {
		return err
	}
	*event = e
	return (&tail{rest: rest}).end()
}

func (d *processDecoder) decodeExec(record []byte) error {
	e, rest, err := view[processbpf.ProcessExecEvent](record)
	if err != nil {
		return err
	}
	t := tail{rest: rest}
	d.exec = ProcessExec{
		ProcessExecEvent: e,
		Executable:       t.next(int(e.ExecutableBytes)),
		Filename:         t.next(int(e.FilenameBytes)),
		WorkingDirectory: t.next(int(e.WorkingDirectoryBytes)),
		Arguments:        t.next(int(e.ArgumentsBytes)),
		Environment:      t.next(int(e.EnvironmentBytes)),
		TTY:              t.next(int(e.TtyBytes)),
	}
	return t.end()
}

func (d *processDecoder) decodeExecFailed(record []byte) error {
	e, rest, err := view[processbpf.ProcessExecFailedEvent](record)
	if err != nil {
		return err
	}
	t := tail{rest: rest}
	d.execFailed = ProcessExecFailed{ProcessExecFailedEvent: e, Filename: t.next(int(e.FilenameBytes))}
	return t.end()
}

func (d *processDecoder) decodeCgroup(record []byte) error {
	e, rest, err := view[processbpf.ProcessCgroupEvent](record)
	if err != nil {
		return err
	}
	t := tail{rest: rest}
	d.cgroup = ProcessCgroup{ProcessCgroupEvent: e, Path: t.next(int(e.PathBytes))}
	return t.end()
}
