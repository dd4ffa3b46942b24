// SPDX-License-Identifier: Apache-2.0

package decode

import (
	injectionbpf "github.com/meerkat-otel/meerkat/bpf/injection"
)

// Kinds of the tracer "injection". InjectionRepeat is made in user space.
const (
	KindInjectionProcessAccess    = uint16(injectionbpf.InjectionInjectionKindINJECTION_PROCESS_ACCESS)
	KindInjectionMemoryFile       = uint16(injectionbpf.InjectionInjectionKindINJECTION_MEMORY_FILE)
	KindInjectionFilelessExec     = uint16(injectionbpf.InjectionInjectionKindINJECTION_FILELESS_EXEC)
	KindInjectionExecutableMemory = uint16(injectionbpf.InjectionInjectionKindINJECTION_EXECUTABLE_MEMORY)
	KindInjectionLoaderChange     = uint16(injectionbpf.InjectionInjectionKindINJECTION_LOADER_CHANGE)
	KindInjectionKernelCode       = uint16(injectionbpf.InjectionInjectionKindINJECTION_KERNEL_CODE)
	KindInjectionIOUring          = uint16(injectionbpf.InjectionInjectionKindINJECTION_IO_URING)
	KindInjectionRepeat           = uint16(injectionbpf.InjectionInjectionKindINJECTION_REPEAT)
)

// InjectionOperation is what was done.
type InjectionOperation uint16

// Values of InjectionOperation.
const (
	InjectionPtraceAttach       = InjectionOperation(injectionbpf.InjectionInjectionOperationOPERATION_PTRACE_ATTACH)
	InjectionPtraceSeize        = InjectionOperation(injectionbpf.InjectionInjectionOperationOPERATION_PTRACE_SEIZE)
	InjectionPtracePokeText     = InjectionOperation(injectionbpf.InjectionInjectionOperationOPERATION_PTRACE_POKE_TEXT)
	InjectionPtracePokeData     = InjectionOperation(injectionbpf.InjectionInjectionOperationOPERATION_PTRACE_POKE_DATA)
	InjectionPtracePokeUser     = InjectionOperation(injectionbpf.InjectionInjectionOperationOPERATION_PTRACE_POKE_USER)
	InjectionPtraceSetRegisters = InjectionOperation(injectionbpf.InjectionInjectionOperationOPERATION_PTRACE_SET_REGISTERS)
	InjectionMemoryWrite        = InjectionOperation(injectionbpf.InjectionInjectionOperationOPERATION_MEMORY_WRITE)
	InjectionMemoryOpen         = InjectionOperation(injectionbpf.InjectionInjectionOperationOPERATION_MEMORY_OPEN)
	InjectionDescriptorGet      = InjectionOperation(injectionbpf.InjectionInjectionOperationOPERATION_DESCRIPTOR_GET)
	InjectionMemfdCreate        = InjectionOperation(injectionbpf.InjectionInjectionOperationOPERATION_MEMFD_CREATE)
	InjectionExecute            = InjectionOperation(injectionbpf.InjectionInjectionOperationOPERATION_EXECUTE)
	InjectionMap                = InjectionOperation(injectionbpf.InjectionInjectionOperationOPERATION_MAP)
	InjectionProtect            = InjectionOperation(injectionbpf.InjectionInjectionOperationOPERATION_PROTECT)
	InjectionOpen               = InjectionOperation(injectionbpf.InjectionInjectionOperationOPERATION_OPEN)
	InjectionCreate             = InjectionOperation(injectionbpf.InjectionInjectionOperationOPERATION_CREATE)
	InjectionRename             = InjectionOperation(injectionbpf.InjectionInjectionOperationOPERATION_RENAME)
	InjectionLink               = InjectionOperation(injectionbpf.InjectionInjectionOperationOPERATION_LINK)
	InjectionSymlink            = InjectionOperation(injectionbpf.InjectionInjectionOperationOPERATION_SYMLINK)
	InjectionBPFLoad            = InjectionOperation(injectionbpf.InjectionInjectionOperationOPERATION_BPF_LOAD)
	InjectionPerfOpen           = InjectionOperation(injectionbpf.InjectionInjectionOperationOPERATION_PERF_OPEN)
	InjectionModuleInit         = InjectionOperation(injectionbpf.InjectionInjectionOperationOPERATION_MODULE_INIT)
	InjectionModuleFinit        = InjectionOperation(injectionbpf.InjectionInjectionOperationOPERATION_MODULE_FINIT)
	InjectionModuleDelete       = InjectionOperation(injectionbpf.InjectionInjectionOperationOPERATION_MODULE_DELETE)
	InjectionKexecLoad          = InjectionOperation(injectionbpf.InjectionInjectionOperationOPERATION_KEXEC_LOAD)
	InjectionKexecFileLoad      = InjectionOperation(injectionbpf.InjectionInjectionOperationOPERATION_KEXEC_FILE_LOAD)
	InjectionIOUringSetup       = InjectionOperation(injectionbpf.InjectionInjectionOperationOPERATION_IO_URING_SETUP)
	InjectionIOUringSubmit      = InjectionOperation(injectionbpf.InjectionInjectionOperationOPERATION_IO_URING_SUBMIT)
)

// Injection is a way to put code where it was not. Header.Kind tells which.
type Injection struct {
	*injectionbpf.InjectionInjectionEvent
	head *Header
	Name []byte
	Path []byte
	// Directories are the names of those that Path is in, from the innermost on, empty where there is none.
	Directories [3][]byte
}

// Head implements Event.
func (e *Injection) Head() *Header { return e.head }

// Other implements Pair: it is the target. Its pid is 0 if there is none.
func (e *Injection) Other() *Header { return headerOf(&e.Target) }

func (e *Injection) has(flag injectionbpf.InjectionInjectionFlags) bool {
	return injectionbpf.InjectionInjectionFlags(e.Flags)&flag != 0
}

// PathIsArgument reports that Path is what the process passed to the system call.
func (e *Injection) PathIsArgument() bool {
	return e.has(injectionbpf.InjectionInjectionFlagsINJECTION_PATH_IS_ARGUMENT)
}

// PathIsRooted reports that the last of the directories lies in the root of a file system.
func (e *Injection) PathIsRooted() bool {
	return e.has(injectionbpf.InjectionInjectionFlagsINJECTION_PATH_ROOTED)
}

// NotDeduplicated reports that the event may repeat an earlier one.
func (e *Injection) NotDeduplicated() bool {
	return e.has(injectionbpf.InjectionInjectionFlagsINJECTION_NOT_DEDUPLICATED)
}

// InjectionRepeat says how often something happened again in its time window. It is not decoded from a
// record but made of a count that the kernel kept.
type InjectionRepeat struct {
	Header Header
	// Kind, Operation and Error are those of the event that was repeated.
	Kind      uint16
	Operation InjectionOperation
	Error     int32
	// Object is what makes two operations the same; see finding.h.
	Object uint64
	Count  uint64
}

// Head implements Event.
func (e *InjectionRepeat) Head() *Header { return &e.Header }

// NewInjectionRepeat makes the event of an entry of the deduplication map.
func NewInjectionRepeat(key *injectionbpf.InjectionInjectionSeenKey, count *injectionbpf.InjectionSeenCount) *InjectionRepeat {
	return &InjectionRepeat{
		Header: repeatHeader(KindInjectionRepeat, ProcessKey{StartTimeNs: key.Process.StartTimeNs, Pid: key.Process.Pid}, seenCountOf(count)),
		Kind:   key.Kind, Operation: InjectionOperation(key.Operation), Error: key.Error, Object: key.Object, Count: count.Repeats,
	}
}

// objectIsGiven is OBJECT_IS_GIVEN of bpf/injection/finding.h.
const objectIsGiven = 1 << 32

// TargetPID is the pid of the target in the initial pid namespace, 0 if it is not known.
func (e *InjectionRepeat) TargetPID() uint32 {
	if e.Kind != KindInjectionProcessAccess || e.Object&objectIsGiven != 0 {
		return 0
	}
	return uint32(e.Object)
}

// IOUringOpcode is what was submitted, if that is the operation.
func (e *InjectionRepeat) IOUringOpcode() uint32 { return uint32(e.Object) }

type injectionDecoder struct {
	injection Injection
}

// NewInjection returns a decoder for the records of the tracer "injection".
func NewInjection() Decoder { return &injectionDecoder{} }

// Decode implements Decoder.
func (d *injectionDecoder) Decode(record []byte) (Event, error) {
	header, _, err := view[Header](record)
	if err != nil {
		return nil, err
	}
	if header.Kind > KindInjectionIOUring {
		return nil, ErrUnknownKind
	}
	e, rest, err := view[injectionbpf.InjectionInjectionEvent](record)
	if err != nil {
		return nil, err
	}
	t := tail{rest: rest}
	d.injection = Injection{InjectionInjectionEvent: e, head: header, Name: t.next(int(e.NameBytes)), Path: t.next(int(e.PathBytes))}
	for i, length := range e.DirectoryBytes {
		d.injection.Directories[i] = t.next(int(length))
	}
	return &d.injection, t.end()
}
