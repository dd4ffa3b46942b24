// SPDX-License-Identifier: Apache-2.0

package decode

import (
	crashbpf "github.com/meerkat-otel/meerkat/bpf/crash"
)

// KindCrashExit is the kind of the tracer "crash".
const KindCrashExit = uint16(crashbpf.CrashCrashKindCRASH_EXIT)

// CrashFault says what is at the address that could not be accessed.
type CrashFault uint8

// Values of CrashFault.
const (
	FaultNone          = CrashFault(crashbpf.CrashCrashFaultFAULT_NONE)
	FaultNull          = CrashFault(crashbpf.CrashCrashFaultFAULT_NULL)
	FaultKernel        = CrashFault(crashbpf.CrashCrashFaultFAULT_KERNEL)
	FaultNonCanonical  = CrashFault(crashbpf.CrashCrashFaultFAULT_NON_CANONICAL)
	FaultProtection    = CrashFault(crashbpf.CrashCrashFaultFAULT_PROTECTION)
	FaultStackGuard    = CrashFault(crashbpf.CrashCrashFaultFAULT_STACK_GUARD)
	FaultUnmapped      = CrashFault(crashbpf.CrashCrashFaultFAULT_UNMAPPED)
	FaultNoAccess      = CrashFault(crashbpf.CrashCrashFaultFAULT_NO_ACCESS)
	FaultExecutable    = CrashFault(crashbpf.CrashCrashFaultFAULT_EXECUTABLE)
	FaultReadOnly      = CrashFault(crashbpf.CrashCrashFaultFAULT_READ_ONLY)
	FaultNotExecutable = CrashFault(crashbpf.CrashCrashFaultFAULT_NOT_EXECUTABLE)
	FaultFileEnd       = CrashFault(crashbpf.CrashCrashFaultFAULT_FILE_END)
	FaultOther         = CrashFault(crashbpf.CrashCrashFaultFAULT_OTHER)
)

// CrashAccess says what was tried.
type CrashAccess uint8

// Values of CrashAccess.
const (
	AccessUnknown = CrashAccess(crashbpf.CrashFaultAccessACCESS_UNKNOWN)
	AccessRead    = CrashAccess(crashbpf.CrashFaultAccessACCESS_READ)
	AccessWrite   = CrashAccess(crashbpf.CrashFaultAccessACCESS_WRITE)
	AccessExecute = CrashAccess(crashbpf.CrashFaultAccessACCESS_EXECUTE)
)

// Crash is a process that has died of a signal. Its header is that of the thread and moment of the fault.
type Crash struct {
	*crashbpf.CrashCrashEvent
	head *Header
}

// Head implements Event.
func (e *Crash) Head() *Header { return e.head }

func (e *Crash) has(flag crashbpf.CrashCrashFlags) bool {
	return crashbpf.CrashCrashFlags(e.Flags)&flag != 0
}

// HasDetails reports that more is known than the signal.
func (e *Crash) HasDetails() bool { return e.has(crashbpf.CrashCrashFlagsCRASH_HAS_DETAILS) }

// HasAddress reports that an address could not be accessed.
func (e *Crash) HasAddress() bool { return e.has(crashbpf.CrashCrashFlagsCRASH_HAS_ADDRESS) }

// CoreDumped reports that the kernel wrote a core.
func (e *Crash) CoreDumped() bool { return e.has(crashbpf.CrashCrashFlagsCRASH_CORE_DUMPED) }

type crashDecoder struct {
	crash Crash
}

// NewCrash returns a decoder for the records of the tracer "crash".
func NewCrash() Decoder { return &crashDecoder{} }

// Decode implements Decoder.
func (d *crashDecoder) Decode(record []byte) (Event, error) {
	header, _, err := view[Header](record)
	if err != nil {
		return nil, err
	}
	if header.Kind != KindCrashExit {
		return nil, ErrUnknownKind
	}
	d.crash.head = header
	return &d.crash, fixed(&d.crash.CrashCrashEvent, record)
}
