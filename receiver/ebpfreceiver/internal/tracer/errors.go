// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// Reasons why nothing can work on this machine. Each is a sentence that says what to do.
var (
	ErrNoBTF = errors.New("this kernel has no type information (BTF): /sys/kernel/btf/vmlinux is missing; " +
		"use a kernel built with CONFIG_DEBUG_INFO_BTF=y, as distributions have shipped since about 2021")
	ErrNoModuleBTF = errors.New("what is to be observed is in a module, and this kernel has no type information (BTF) of its modules: " +
		"use Linux 5.11 or later, built with CONFIG_DEBUG_INFO_BTF_MODULES=y")
	ErrNoPermission = errors.New("not allowed to use eBPF: run as root, or grant CAP_BPF and CAP_PERFMON " +
		"(and CAP_SYS_ADMIN before Linux 5.8)")
	ErrNoTracefs          = errors.New("tracefs is not mounted: mount -t tracefs tracefs /sys/kernel/tracing")
	ErrTracefsNotReadable = errors.New("not allowed to read the numbers of tracepoints in tracefs: run as root, grant " +
		"CAP_DAC_READ_SEARCH, or mount tracefs readable for the collector's group (mount -o remount,gid=GROUP /sys/kernel/tracing)")
	ErrPerfEventParanoid = errors.New("not allowed to attach to tracepoints: the sysctl kernel.perf_event_paranoid is above 2, " +
		"as Debian sets it: lower it to 2, run as root, or grant CAP_SYS_ADMIN")
	ErrNoNetAdmin = errors.New("not allowed to attach to cgroups: run as root, or grant CAP_NET_ADMIN")
	ErrNoCgroup2  = errors.New("no cgroup v2 hierarchy is mounted, which is where sockets are observed: " +
		"mount -t cgroup2 none /sys/fs/cgroup/unified")
	ErrLockdown = errors.New("the kernel is locked down in mode \"confidentiality\", which forbids programs to read " +
		"kernel memory: boot with lockdown=integrity, or without secure boot's lockdown policy")
)

const (
	lockdownFile          = "/sys/kernel/security/lockdown"
	btfFolder             = "/sys/kernel/btf"
	vmlinuxBTFFile        = btfFolder + "/vmlinux"
	modulesFile           = "/proc/modules"
	symbolsFile           = "/proc/kallsyms"
	perfEventParanoidFile = "/proc/sys/kernel/perf_event_paranoid"
)

// Preflight finds out in a few microseconds whether tracing can work here at all, so that one clear
// error replaces one per tracer and hook.
func Preflight() error {
	if !hasBTF() {
		return ErrNoBTF
	}
	if lockedDown() {
		return ErrLockdown
	}
	probe, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.RingBuf, MaxEntries: uint32(os.Getpagesize())})
	if err != nil {
		return explain(err)
	}
	return probe.Close()
}

func hasBTF() bool {
	_, err := os.Stat(vmlinuxBTFFile)
	return !errors.Is(err, os.ErrNotExist)
}

func lockedDown() bool {
	mode, err := os.ReadFile(lockdownFile)
	return err == nil && strings.Contains(string(mode), "[confidentiality]")
}

// explain adds what to do about errors that have a usual cause. The verifier's summary is kept short
// by cilium/ebpf itself; the full log is in the error for whoever prints it with %+v.
func explain(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ebpf.ErrNotSupported) && !hasBTF():
		return fmt.Errorf("%w (%w)", ErrNoBTF, err)
	case errors.Is(err, ErrNoPermission), errors.Is(err, ErrNoTracefs), errors.Is(err, ErrTracefsNotReadable),
		errors.Is(err, ErrPerfEventParanoid), errors.Is(err, ErrNoNetAdmin), errors.Is(err, ErrNoCgroup2):
		return err
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES) && !isVerifierError(err):
		return fmt.Errorf("%w (%w)", ErrNoPermission, err)
	}
	return err
}

// explainTarget adds the reason when a program is to be attached to something in a module whose types are
// not known. Nothing else tells this from something that does not exist.
func explainTarget(target string, err error) error {
	if !errors.Is(err, ebpf.ErrNotSupported) || !hasBTF() {
		return err
	}
	// The symbols are so many that they are read only if a module could be the reason.
	untyped := modulesWithoutBTF(modulesFile, btfFolder)
	if len(untyped) == 0 || !slices.Contains(untyped, moduleOf(target)) {
		return err
	}
	return fmt.Errorf("%w (%w)", ErrNoModuleBTF, err)
}

// modulesWithoutBTF names the modules of a list, as the kernel writes it, that have no type information in a folder.
func modulesWithoutBTF(list, types string) []string {
	modules, _ := os.ReadFile(list)
	var untyped []string
	for line := range strings.Lines(string(modules)) {
		name, _, _ := strings.Cut(line, " ")
		if _, err := os.Stat(filepath.Join(types, name)); errors.Is(err, os.ErrNotExist) {
			untyped = append(untyped, name)
		}
	}
	return untyped
}

// moduleOf names the module that a function or tracepoint is in, "" if it is in none.
func moduleOf(target string) string {
	symbols, err := os.Open(symbolsFile)
	if err != nil {
		return ""
	}
	defer symbols.Close()
	lines := bufio.NewScanner(symbols)
	for lines.Scan() {
		if !bytes.HasSuffix(lines.Bytes(), []byte("]")) {
			continue
		}
		// Address, type, name, and the module in brackets.
		words := strings.Fields(lines.Text())
		if len(words) == 4 && (words[2] == target || words[2] == "__tracepoint_"+target) {
			return strings.Trim(words[3], "[]")
		}
	}
	return ""
}

// explainCgroup adds what to do when a program that observes sockets is refused. It comes before explain,
// which names what every program needs.
func explainCgroup(program ebpf.ProgramType, err error) error {
	switch program {
	case ebpf.CGroupSKB, ebpf.CGroupSock, ebpf.CGroupSockAddr:
		if (errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES)) && !isVerifierError(err) {
			return fmt.Errorf("%w (%w)", ErrNoNetAdmin, err)
		}
	}
	return err
}

// explainTracepoint adds what to do when a tracepoint's number can't be read.
func explainTracepoint(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, os.ErrPermission) && !tracefsReadable():
		return fmt.Errorf("%w (%w)", ErrTracefsNotReadable, err)
	case !tracefsMounted():
		return fmt.Errorf("%w (%w)", ErrNoTracefs, err)
	case errors.Is(err, os.ErrPermission) && perfEventsParanoid():
		return fmt.Errorf("%w (%w)", ErrPerfEventParanoid, err)
	}
	return err
}

// perfEventsParanoid is true where CAP_PERFMON is not enough: a level that some distributions add.
func perfEventsParanoid() bool {
	content, err := os.ReadFile(perfEventParanoidFile)
	if err != nil {
		return false
	}
	level, err := strconv.Atoi(strings.TrimSpace(string(content)))
	return err == nil && level > 2
}

// Where tracefs is found: on its own, or below debugfs as it used to be.
var tracefsFolders = []string{"/sys/kernel/tracing", "/sys/kernel/debug/tracing"}

func tracefsMounted() bool {
	return slices.ContainsFunc(tracefsFolders, func(folder string) bool {
		_, err := os.Stat(filepath.Join(folder, "events"))
		return err == nil || errors.Is(err, os.ErrPermission)
	})
}

func tracefsReadable() bool {
	return slices.ContainsFunc(tracefsFolders, func(folder string) bool {
		_, err := os.ReadDir(filepath.Join(folder, "events"))
		return err == nil
	})
}

// briefly is what to tell people: the usual causes have a sentence that says it all.
func briefly(err error) string {
	for _, cause := range []error{ErrNoBTF, ErrNoModuleBTF, ErrNoPermission, ErrNoTracefs, ErrTracefsNotReadable, ErrPerfEventParanoid, ErrNoNetAdmin,
		ErrNoCgroup2, ErrLockdown} {
		if errors.Is(err, cause) {
			return cause.Error()
		}
	}
	return err.Error()
}

// isVerifierError tells a refusal of the verifier, which also answers EACCES, from a missing
// privilege.
func isVerifierError(err error) bool {
	var verifier *ebpf.VerifierError
	return errors.As(err, &verifier) && len(verifier.Log) > 0
}
