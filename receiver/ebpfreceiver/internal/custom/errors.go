// SPDX-License-Identifier: Apache-2.0

package custom

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// Reasons why something can't be attached on this machine. Each is a sentence that says what to do.
var (
	ErrNoPermission = errors.New("not allowed to use eBPF in this way: run as root, or grant CAP_BPF and CAP_PERFMON, and CAP_NET_ADMIN " +
		"for cgroups and network interfaces")
	ErrNoTracefs = errors.New("tracefs is not mounted: mount -t tracefs tracefs /sys/kernel/tracing")
	ErrNoKprobes = errors.New("this kernel has no kprobes: use one that is built with CONFIG_KPROBES=y, or a tracepoint")
	ErrNoUprobes = errors.New("this kernel has no uprobes: use one that is built with CONFIG_UPROBES=y")
	ErrNoFentry  = errors.New("this kernel can't attach programs to its functions: use one that is built with " +
		"CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS=y (amd64 since 5.5, arm64 since 6.0), or a kprobe")
	ErrNoTCX     = errors.New("this kernel has no tcx, which tc programs are attached by: use Linux 6.6 or later")
	ErrNoCgroup2 = errors.New("no cgroup v2 hierarchy is mounted: mount -t cgroup2 none /sys/fs/cgroup/unified")
	ErrNoCookies = errors.New("this kernel can't tell programs where they were attached, which USDT probes in libraries and position-independent " +
		"executables need: use Linux 5.15 or later")
)

// errNotSupported is ENOTSUPP, which the kernel keeps to itself apart from here.
const errNotSupported = unix.Errno(524)

// Files that are there if the kernel can do something.
const (
	kprobeFile = "/sys/bus/event_source/devices/kprobe/type"
	uprobeFile = "/sys/bus/event_source/devices/uprobe/type"
)

func missing(file string) bool {
	_, err := os.Stat(file)
	return errors.Is(err, os.ErrNotExist)
}

func tracefsMounted() bool {
	return !missing("/sys/kernel/tracing/events") || !missing("/sys/kernel/debug/tracing/events")
}

// explain adds what to do about errors that have a usual cause.
func explain(kind string, err error) error {
	reason := reasonOf(kind, err)
	if err == nil || reason == nil || errors.Is(err, reason) {
		return err
	}
	return fmt.Errorf("%w (%w)", reason, err)
}

func reasonOf(kind string, err error) error {
	switch {
	case err == nil, refusedByVerifier(err):
		return nil
	case (kind == "kprobe" || kind == "kretprobe") && missing(kprobeFile):
		return ErrNoKprobes
	case (kind == "uprobe" || kind == "uretprobe" || kind == "usdt") && missing(uprobeFile):
		return ErrNoUprobes
	case (kind == "fentry" || kind == "fexit") && noTrampolines(err):
		return ErrNoFentry
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		return ErrNoPermission
	case kind == "tc" && (errors.Is(err, ebpf.ErrNotSupported) || errors.Is(err, unix.EINVAL)):
		return ErrNoTCX
	case kind == "tracepoint" && !tracefsMounted():
		return ErrNoTracefs
	}
	return nil
}

// noTrampolines knows what kernels answer that can't attach to their functions; some of it means something else
// on others.
func noTrampolines(err error) bool {
	return errors.Is(err, errNotSupported) || errors.Is(err, unix.ENOTSUP) ||
		missing(kprobeFile) && (errors.Is(err, unix.EBUSY) || errors.Is(err, unix.EPERM))
}

func refusedByVerifier(err error) bool {
	var refused *ebpf.VerifierError
	return errors.As(err, &refused) && len(refused.Log) > 0
}

// VerifierError is the kernel's refusal to load a program.
type VerifierError struct {
	// Program and Section say which.
	Program, Section string
	// Summary is what the verifier said last: the source line and instruction, where it is known, and the complaint.
	Summary string
	// Missing says what the kernel lacks that the program takes; empty if nothing is known. Verifiers say it in words
	// that nobody understands.
	Missing string
	cause   error
	log     string
}

// Error implements error.
func (e *VerifierError) Error() string {
	if e.Missing != "" {
		return fmt.Sprintf("program %q, section %q: %s; its verifier says: %s", e.Program, e.Section, e.Missing, e.Summary)
	}
	return fmt.Sprintf("program %q, section %q: the kernel's verifier refuses it: %s", e.Program, e.Section, e.Summary)
}

// Unwrap returns the kernel's error.
func (e *VerifierError) Unwrap() error { return e.cause }

// Log is all that the verifier said, or its end if that is too long.
func (e *VerifierError) Log() string { return e.log }

// asVerifierError makes a VerifierError of an error of loading a program, and leaves others as they are.
func asVerifierError(p *program, err error) error {
	var refused *ebpf.VerifierError
	if !errors.As(err, &refused) || len(refused.Log) == 0 {
		return err
	}
	return &VerifierError{
		Program: p.Name, Section: p.section, Summary: summarise(refused.Log),
		cause: refused.Cause, log: boundLog(refused.Log),
	}
}

// boundLog keeps the end, where the complaint is.
func boundLog(lines []string) string {
	text := strings.Join(lines, "\n")
	if len(text) <= verifierLogBytesMax {
		return text
	}
	cut := len(text) - verifierLogBytesMax
	return fmt.Sprintf("(%d bytes before this are left out)\n%s", cut, strings.ToValidUTF8(text[cut:], ""))
}

// summarise picks the last complaint, the last instruction before it, and the last line of source before that.
func summarise(lines []string) string {
	var complaint []string
	var instruction, source string
	for i := len(lines) - 1; i >= 0 && source == ""; i-- {
		line := strings.TrimSpace(lines[i])
		switch {
		case isStatistics(line):
		case strings.HasPrefix(line, ";"):
			source = strings.TrimSpace(strings.TrimPrefix(line, ";"))
		case isInstruction(line):
			if instruction == "" {
				instruction = line
			}
		case instruction == "" && line != "" && !isState(line) && len(complaint) < verifierSummaryLinesMax:
			complaint = append([]string{line}, complaint...)
		}
	}
	text := strings.Join(complaint, "; ")
	if instruction != "" {
		text += " (instruction " + instruction
		if source != "" {
			text += ", source: " + source
		}
		text += ")"
	}
	return strings.ToValidUTF8(text[:min(len(text), verifierSummaryBytesMax)], "")
}

// verifierSummaryBytesMax bounds the summary: lines of source may be long.
const verifierSummaryBytesMax = 1 << 10

func isStatistics(line string) bool {
	for _, start := range []string{"processed ", "insns processed ", "verification time ", "stack depth ", "max_states_per_insn "} {
		if strings.HasPrefix(line, start) {
			return true
		}
	}
	return false
}

// isInstruction knows lines such as "12: (85) call bpf_probe_read#4".
func isInstruction(line string) bool {
	digits := strings.TrimLeft(line, "0123456789")
	return len(digits) < len(line) && strings.HasPrefix(digits, ": (")
}

// isState knows lines that tell what is in registers: "12: R0=scalar() R10=fp0", "from 3 to 5: R0=0", "mark_precise: …".
func isState(line string) bool {
	digits := strings.TrimLeft(line, "0123456789")
	return len(digits) < len(line) && strings.HasPrefix(digits, ": R") || strings.HasPrefix(line, "from ") ||
		strings.HasPrefix(line, "mark_precise") || strings.HasPrefix(line, "last_idx") || strings.HasPrefix(line, "regs=")
}

// verifierInstructionsMax is how many instructions the verifier may have walked through for its whole log to be read:
// it writes up to some hundred bytes for each.
const verifierInstructionsMax = 50_000

// processed is how many instructions the verifier walked through, by its statistics.
func processed(err error) uint64 {
	var refused *ebpf.VerifierError
	if !errors.As(err, &refused) {
		return verifierInstructionsMax + 1
	}
	for _, line := range refused.Log {
		if number, ok := strings.CutPrefix(strings.TrimPrefix(line, "insns "), "processed "); ok {
			if first, _, ok := strings.Cut(number, " "); ok {
				if n, err := strconv.ParseUint(first, 10, 64); err == nil {
					return n
				}
			}
		}
	}
	// It did not get as far as walking.
	return 0
}
