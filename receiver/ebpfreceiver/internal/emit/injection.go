// SPDX-License-Identifier: Apache-2.0

package emit

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
)

// Injection is the emitter of the tracer "injection".
func Injection(r Record, event decode.Event) bool {
	switch e := event.(type) {
	case *decode.Injection:
		return injection(r, e)
	case *decode.InjectionRepeat:
		return injectionRepeat(r, e)
	}
	return false
}

func injection(r Record, e *decode.Injection) bool {
	name := injectionEvent(e.Header.Kind)
	operation := injectionWords(decode.InjectionOperation(e.Operation), e.Number)
	if name == "" || operation.name == "" {
		return false
	}
	r.SetEventName(name)
	attributes := r.Attributes()
	attributes.EnsureCapacity(26)
	attributes.PutStr(names.InjectionOperation, operation.name)
	object := r.putInjectionObject(e)
	r.putInjectionTarget(e)
	r.putInjectionNumbers(e)
	r.Body().SetStr(operation.sentence(r.subject(e.Head()), object, e.Error))
	r.putError(-e.Error)
	return true
}

func injectionEvent(kind uint16) string {
	switch kind {
	case decode.KindInjectionProcessAccess:
		return names.EventInjectionProcessAccess
	case decode.KindInjectionMemoryFile:
		return names.EventInjectionMemoryFile
	case decode.KindInjectionFilelessExec:
		return names.EventInjectionFilelessExec
	case decode.KindInjectionExecutableMemory:
		return names.EventInjectionExecutableMemory
	case decode.KindInjectionLoaderChange:
		return names.EventInjectionLoaderChange
	case decode.KindInjectionKernelCode:
		return names.EventInjectionKernelCode
	case decode.KindInjectionIOUring:
		return names.EventInjectionIOUring
	}
	return ""
}

// putInjectionObject adds names and paths, and returns how a sentence names what it is about.
func (r Record) putInjectionObject(e *decode.Injection) string {
	name := text(e.Name)
	if e.Header.Kind == decode.KindInjectionFilelessExec {
		return r.putFileless(e)
	}
	if memfd, ok := strings.CutPrefix(name, memfdPrefix); ok && e.Header.Kind == decode.KindInjectionMemoryFile {
		name = memfd
	}
	if name != "" {
		r.Attributes().PutStr(names.InjectionName, name)
	}
	if file := r.putInjectionPath(e); name == "" {
		name = file
	}
	if e.Header.Kind == decode.KindInjectionProcessAccess {
		return r.injectionTarget(e)
	}
	return name
}

// memfdPrefix is what the kernel puts before the name of a memfd.
const memfdPrefix = "memfd:"

// putFileless tells a file in memory, which stands in no directory, from a deleted one.
func (r Record) putFileless(e *decode.Injection) string {
	attributes := r.Attributes()
	memfd, isMemfd := strings.CutPrefix(text(e.Path), memfdPrefix)
	if isMemfd && len(e.Directories[0]) == 0 {
		attributes.PutStr(names.InjectionFile, "memfd")
		attributes.PutStr(names.InjectionName, memfd)
		attributes.PutInt(names.FileInode, int64(e.Inode))
		return "the memfd " + memfd
	}
	attributes.PutStr(names.InjectionFile, "deleted")
	return "the deleted file " + r.putInjectionPath(e)
}

// putInjectionPath adds the path as far as it is known, and returns it.
func (r Record) putInjectionPath(e *decode.Injection) string {
	if len(e.Path) == 0 {
		return ""
	}
	full, complete := text(e.Path), e.PathIsArgument() && e.Path[0] == '/'
	if !complete {
		var above []string
		for _, directory := range e.Directories {
			if len(directory) > 0 {
				above = append([]string{text(directory)}, above...)
			}
		}
		full = strings.Join(append(above, full), "/")
		if complete = e.PathIsRooted(); complete {
			full = "/" + full
		}
	}
	attributes := r.Attributes()
	attributes.PutStr(names.FilePath, full)
	attributes.PutStr(names.FileName, path.Base(full))
	if e.PathIsArgument() {
		attributes.PutStr(names.FilePathSource, "argument")
	}
	if !complete {
		attributes.PutStr(names.FilePathStatus, "truncated")
	}
	if e.Inode != 0 {
		attributes.PutInt(names.FileInode, int64(e.Inode))
	}
	return full
}

// injectionTargetNames are the attributes of the target.
func injectionTargetNames() otherNames {
	return otherNames{
		pid: names.InjectionTargetPID, creationTime: names.InjectionTargetCreationTime,
		executablePath: names.InjectionTargetExecutablePath, executableName: names.InjectionTargetExecutableName,
		threadName: names.InjectionTargetThreadName, userID: names.InjectionTargetUserID,
		cgroupPath: names.InjectionTargetCgroupPath, cgroupID: names.InjectionTargetCgroupID,
		containerID: names.InjectionTargetContainerID,
	}
}

func (r Record) putInjectionTarget(e *decode.Injection) {
	target := e.Other()
	r.putOther(injectionTargetNames(), target)
	if target.Tid != target.Process.Pid {
		r.Attributes().PutInt(names.InjectionTargetThreadID, int64(target.Tid))
	}
	if e.GivenPid != 0 && e.GivenPid != target.Process.Pid {
		r.Attributes().PutInt(names.InjectionTargetGivenPID, int64(e.GivenPid))
	}
}

func (r Record) injectionTarget(e *decode.Injection) string {
	target := e.Other()
	switch {
	case target.Process.Pid == 0 && e.GivenPid != 0:
		return fmt.Sprintf("process %d", e.GivenPid)
	case target.Process.Pid == 0:
		return text(e.Path)
	case target.Process.Pid == e.Header.Process.Pid:
		return "itself"
	}
	return fmt.Sprintf("%s (pid %d)", r.other(target), target.Process.Pid)
}

// putInjectionNumbers adds what depends on the operation.
func (r Record) putInjectionNumbers(e *decode.Injection) {
	attributes := r.Attributes()
	if e.Address != 0 {
		attributes.PutStr(names.InjectionMemoryAddress, "0x"+strconv.FormatUint(e.Address, 16))
	}
	if e.Bytes != 0 {
		attributes.PutInt(names.InjectionMemoryBytes, int64(e.Bytes))
	}
	switch operation := decode.InjectionOperation(e.Operation); operation {
	case decode.InjectionDescriptorGet:
		attributes.PutInt(names.InjectionDescriptor, int64(e.Number))
	case decode.InjectionBPFLoad:
		attributes.PutStr(names.InjectionProgramType, nameOrNumber(bpfProgramTypes, e.Number))
		if e.Program != 0 {
			attributes.PutInt(names.InjectionProgramID, int64(e.Program))
		}
	case decode.InjectionPerfOpen:
		attributes.PutStr(names.InjectionPerfEventType, nameOrNumber(perfEventTypes, e.Number))
	default:
		r.putInjectionFlags(operation, e.GivenFlags)
	}
}

func (r Record) putInjectionFlags(operation decode.InjectionOperation, flags uint32) {
	if flags == 0 {
		return
	}
	list := r.Attributes().PutEmptySlice(names.InjectionFlags)
	for _, name := range flagNames(injectionFlagNames(operation), flags) {
		list.AppendEmpty().SetStr(name)
	}
}

func injectionRepeat(r Record, e *decode.InjectionRepeat) bool {
	name := injectionEvent(e.Kind)
	operation := injectionWords(e.Operation, e.IOUringOpcode())
	if name == "" || operation.name == "" {
		return false
	}
	r.SetEventName(name)
	attributes := r.Attributes()
	attributes.PutStr(names.InjectionOperation, operation.name)
	object := ""
	if pid := e.TargetPID(); pid != 0 {
		attributes.PutInt(names.InjectionTargetPID, int64(pid))
		object = fmt.Sprintf("process %d", pid)
	}
	attributes.PutInt(names.RepeatCount, int64(e.Count))
	r.Body().SetStr(fmt.Sprintf("%s, %d times more", operation.sentence(r.subject(&e.Header), object, e.Error), e.Count))
	r.putError(-e.Error)
	return true
}

// InjectionCounts are the counts per workload of the tracer "injection".
func InjectionCounts() []Count {
	var counts []Count
	for _, technique := range []string{
		"process_access", "memory_file", "fileless_exec", "executable_memory", "loader_change", "kernel_code", "io_uring",
	} {
		counts = append(counts, Count{
			Field: technique, Metric: names.InjectionActions(), Attribute: names.InjectionTechnique, Value: technique,
		})
	}
	return counts
}
