// SPDX-License-Identifier: Apache-2.0

package emit

import (
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
)

// Crash returns the emitter of the tracer "crash", which counts crashes there.
func Crash(counts *CrashHistory) Emitter {
	return func(r Record, event decode.Event) bool {
		e, ok := event.(*decode.Crash)
		if !ok {
			return false
		}
		crash(r, e, counts)
		return true
	}
}

func crash(r Record, e *decode.Crash, counts *CrashHistory) {
	attributes := r.Attributes()
	attributes.EnsureCapacity(24)
	subject, signal := r.subject(e.Head()), signalName(int(e.Number))
	executable := r.Who.Process.Executable.Value()
	if executable == "" {
		executable = subject
	}
	count := counts.add(crashKeyOf(r.Who.Workload, executable), e.Header.TimeNs)
	r.SetEventName(names.EventCrashExit)
	attributes.PutStr(names.CrashSignal, signal)
	attributes.PutBool(names.CrashCoreDumped, e.CoreDumped())
	attributes.PutInt(names.CrashCount, count)
	sentence := []string{subject, "crashed with", signal}
	if e.HasDetails() {
		sentence = append(sentence, r.putCrashDetails(e)...)
	}
	if count > 1 {
		sentence = append(sentence, fmt.Sprintf("for the %d. time", count))
	}
	r.Body().SetStr(strings.Join(sentence, " "))
}

// putCrashDetails adds what is known of the fault, and returns what to say of it.
func (r Record) putCrashDetails(e *decode.Crash) (words []string) {
	attributes := r.Attributes()
	attributes.PutStr(names.CrashCode, crashCode(int(e.Number), e.Code))
	attributes.PutStr(names.CrashInstructionAddress, hexadecimal(e.Instruction))
	fault := decode.CrashFault(e.Fault)
	if fault != decode.FaultNone {
		attributes.PutStr(names.CrashFaultClass, faultClass(fault))
		words = append(words, "("+strings.ReplaceAll(faultClass(fault), "_", " ")+")")
	}
	if e.HasAddress() {
		attributes.PutStr(names.CrashFaultAddress, hexadecimal(e.FaultAddress))
	}
	if access := faultAccess(decode.CrashAccess(e.Access)); access != "" {
		attributes.PutStr(names.CrashFaultAccess, access)
	}
	if e.ModuleInode == 0 {
		return words
	}
	module := text(decode.UntilNUL(e.Module[:]))
	attributes.PutStr(names.CrashModuleName, module)
	attributes.PutInt(names.CrashModuleOffset, int64(e.ModuleOffset))
	attributes.PutInt(names.CrashModuleInode, int64(e.ModuleInode))
	return append(words, fmt.Sprintf("in %s+%#x", module, e.ModuleOffset))
}

func hexadecimal(address uint64) string { return "0x" + strconv.FormatUint(address, 16) }

func faultAccess(a decode.CrashAccess) string {
	switch a {
	case decode.AccessRead:
		return "read"
	case decode.AccessWrite:
		return "write"
	case decode.AccessExecute:
		return "execute"
	}
	return ""
}

var faultClasses = map[decode.CrashFault]string{
	decode.FaultNull:          "null",
	decode.FaultKernel:        "kernel",
	decode.FaultNonCanonical:  "non_canonical",
	decode.FaultProtection:    "protection",
	decode.FaultStackGuard:    "stack_guard",
	decode.FaultUnmapped:      "unmapped",
	decode.FaultNoAccess:      "no_access",
	decode.FaultExecutable:    "executable",
	decode.FaultReadOnly:      "read_only",
	decode.FaultNotExecutable: "not_executable",
	decode.FaultFileEnd:       "file_end",
}

func faultClass(f decode.CrashFault) string {
	if class, ok := faultClasses[f]; ok {
		return class
	}
	return "other"
}

// crashCodes are the codes of sigaction(2), from 1 on.
var crashCodes = map[int][]string{
	int(unix.SIGILL):  {"ILL_ILLOPC", "ILL_ILLOPN", "ILL_ILLADR", "ILL_ILLTRP", "ILL_PRVOPC", "ILL_PRVREG", "ILL_COPROC", "ILL_BADSTK"},
	int(unix.SIGFPE):  {"FPE_INTDIV", "FPE_INTOVF", "FPE_FLTDIV", "FPE_FLTOVF", "FPE_FLTUND", "FPE_FLTRES", "FPE_FLTINV", "FPE_FLTSUB"},
	int(unix.SIGSEGV): {"SEGV_MAPERR", "SEGV_ACCERR", "SEGV_BNDERR", "SEGV_PKUERR"},
	int(unix.SIGBUS):  {"BUS_ADRALN", "BUS_ADRERR", "BUS_OBJERR", "BUS_MCEERR_AR", "BUS_MCEERR_AO"},
	int(unix.SIGTRAP): {"TRAP_BRKPT", "TRAP_TRACE", "TRAP_BRANCH", "TRAP_HWBKPT"},
	int(unix.SIGSYS):  {"SYS_SECCOMP", "SYS_USER_DISPATCH"},
}

// codeOfKernel is SI_KERNEL.
const codeOfKernel = 0x80

func crashCode(number int, code int32) string {
	if code == codeOfKernel {
		return "SI_KERNEL"
	}
	if codes := crashCodes[number]; code > 0 && int(code) <= len(codes) {
		return codes[code-1]
	}
	return signalCode(code)
}

// CrashCounts are the counts per workload of the tracer "crash".
func CrashCounts() []Count {
	return []Count{{Field: "crashes", Metric: names.CrashCrashes()}}
}
