// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"bytes"
	"debug/elf"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// crashed is a process that has died.
type crashed struct {
	pid     int
	status  syscall.WaitStatus
	printed string
}

// letCrash runs a command to its end.
func letCrash(t *testing.T, command *exec.Cmd) crashed {
	t.Helper()
	command.Dir = t.TempDir()
	var printed, complaints bytes.Buffer
	command.Stdout, command.Stderr = &printed, &complaints
	_ = command.Run()
	status, ok := command.ProcessState.Sys().(syscall.WaitStatus)
	require.True(t, ok)
	require.True(t, status.Signaled(), "%v: %s", status, complaints.String())
	return crashed{command.Process.Pid, status, strings.TrimSpace(printed.String())}
}

func TestCrash_faults(t *testing.T) {
	l := startLive(t, only("crash"))
	for name, want := range map[string]struct{ signal, code, class, access, in string }{
		"null":          {"SIGSEGV", "SEGV_MAPERR", "null", "read", "readAt"},
		"null function": {"SIGSEGV", "SEGV_MAPERR", "null", "execute", ""},
		"kernel":        {"SIGSEGV", "SEGV_MAPERR", "kernel", "write", "writeAt"},
		"no access":     {"SIGSEGV", "SEGV_ACCERR", "no_access", "read", "readAt"},
		"read-only":     {"SIGSEGV", "SEGV_ACCERR", "read_only", "write", "writeAt"},
		"code":          {"SIGSEGV", "SEGV_ACCERR", "executable", "write", "writeAt"},
		"data as code":  {"SIGSEGV", "SEGV_ACCERR", "not_executable", "execute", ""},
		"unmapped":      {"SIGSEGV", "SEGV_MAPERR", "unmapped", "read", "readAt"},
		"file end":      {"SIGBUS", "BUS_ADRERR", "file_end", "read", "readAt"},
		"abort":         {"SIGABRT", "SI_TKILL", "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			c := letCrash(t, inRole("crash", name, "0"))
			r := l.one(names.EventCrashExit, byPID(c.pid))
			assert.Equal(t, unix.SignalName(c.status.Signal()), r.str(names.CrashSignal))
			assert.Equal(t, want.signal, r.str(names.CrashSignal))
			assert.Equal(t, want.code, r.str(names.CrashCode))
			assert.Equal(t, want.class, r.str(names.CrashFaultClass))
			assert.Equal(t, want.access, r.str(names.CrashFaultAccess))
			assert.Equal(t, self(t), r.str(names.ProcessExecutablePath))
			assert.False(t, r.flag(names.CrashCoreDumped))
			if want.class == "" {
				assert.False(t, r.has(names.CrashFaultAddress))
				return
			}
			assert.Equal(t, c.printed, r.str(names.CrashFaultAddress))
			assertInstruction(t, r, want.in, c.printed)
		})
	}
}

// assertInstruction checks where the fault was: this test is the same program, at the same addresses.
func assertInstruction(t *testing.T, r record, function, address string) {
	t.Helper()
	if function == "" {
		assert.Equal(t, address, r.str(names.CrashInstructionAddress), "it jumped there")
		assert.False(t, r.has(names.CrashModuleName))
		return
	}
	instruction, err := strconv.ParseUint(r.str(names.CrashInstructionAddress), 0, 64)
	require.NoError(t, err)
	at := runtime.FuncForPC(uintptr(instruction))
	require.NotNil(t, at, r.str(names.CrashInstructionAddress))
	assert.True(t, strings.HasSuffix(at.Name(), "."+function), at.Name())
	assert.Equal(t, filepath.Base(self(t))[:min(63, len(filepath.Base(self(t))))], r.str(names.CrashModuleName))
	var file unix.Stat_t
	require.NoError(t, unix.Stat(self(t), &file))
	assert.EqualValues(t, file.Ino, r.num(names.CrashModuleInode))
	assert.Equal(t, offsetInFile(t, self(t), instruction), uint64(r.num(names.CrashModuleOffset)))
}

// offsetInFile is where in an executable file an address of its code is.
func offsetInFile(t *testing.T, path string, address uint64) uint64 {
	t.Helper()
	file, err := elf.Open(path)
	require.NoError(t, err)
	defer file.Close()
	for _, segment := range file.Progs {
		if segment.Type == elf.PT_LOAD && address >= segment.Vaddr && address < segment.Vaddr+segment.Filesz {
			return address - segment.Vaddr + segment.Off
		}
	}
	require.Fail(t, "the address is not in the file", "%#x", address)
	return 0
}

func TestCrash_handled(t *testing.T) {
	l := startLive(t, only("crash"))
	before := l.balance("crash")["exit"]
	command := inRole("handle_faults")
	require.NoError(t, command.Run())
	delta := difference(l.balance("crash")["exit"], before)
	assert.GreaterOrEqual(t, delta.Filtered, uint64(handledFaults))
	l.stop()
	assert.Empty(t, l.find(names.EventCrashExit, byPID(command.Process.Pid)))
}

func TestCrash_core(t *testing.T) {
	l := startLive(t, only("crash"))
	c := letCrash(t, inRole("crash", "null", fmt.Sprint(uint64(unix.RLIM_INFINITY))))
	r := l.one(names.EventCrashExit, byPID(c.pid))
	assert.Equal(t, c.status.CoreDump(), r.flag(names.CrashCoreDumped))
	assert.True(t, c.status.CoreDump(), "the kernel dumps cores on this machine")
}

func TestCrash_thread(t *testing.T) {
	l := startLive(t, only("crash"))
	c := letCrash(t, inRole("crash", "from another thread", "0"))
	r := l.one(names.EventCrashExit, byPID(c.pid))
	assert.Equal(t, "faulty", r.str(names.ThreadName))
	assert.NotEqual(t, int64(c.pid), r.num(names.ThreadID))
	assert.NotZero(t, r.num(names.ThreadID))
	l.stop()
	assert.Len(t, l.find(names.EventCrashExit, byPID(c.pid)), 1)
}

func TestCrash_stackOverflow(t *testing.T) {
	l := startLive(t, only("crash"))
	c := letCrash(t, exec.Command(busybox, "sh", "-c", "ulimit -c 0; ulimit -s 256; f() { f; }; f"))
	r := l.one(names.EventCrashExit, byPID(c.pid))
	assert.Equal(t, "stack_guard", r.str(names.CrashFaultClass))
	assert.Equal(t, "SEGV_MAPERR", r.str(names.CrashCode))
	assert.Equal(t, "busybox", r.str(names.CrashModuleName))
}

// On x86 the processor does not tell which address it was.
func TestCrash_nonCanonical(t *testing.T) {
	l := startLive(t, only("crash"))
	c := letCrash(t, inRole("crash", "non-canonical", "0"))
	r := l.one(names.EventCrashExit, byPID(c.pid))
	if runtime.GOARCH == "amd64" {
		assert.Equal(t, "SI_KERNEL", r.str(names.CrashCode))
		assert.Equal(t, "protection", r.str(names.CrashFaultClass))
		assert.False(t, r.has(names.CrashFaultAddress))
		return
	}
	assert.Equal(t, "non_canonical", r.str(names.CrashFaultClass))
	// Before 5.11 the kernel takes the first byte, which may be a tag, out of the address.
	assert.Contains(t, []string{c.printed, "0x" + c.printed[len("0x12"):]}, r.str(names.CrashFaultAddress))
}

// A signal that somebody sends kills as well.
func TestCrash_sent(t *testing.T) {
	l := startLive(t, only("crash"))
	pid := hold(t, exec.Command(busybox, "cat"))
	require.NoError(t, unix.Kill(pid, unix.SIGSEGV))
	r := l.one(names.EventCrashExit, byPID(pid))
	assert.Equal(t, []string{"SIGSEGV", "SI_USER"}, []string{r.str(names.CrashSignal), r.str(names.CrashCode)})
	for _, absent := range []string{names.CrashFaultAddress, names.CrashFaultClass, names.CrashFaultAccess} {
		assert.False(t, r.has(absent), absent)
	}
	killed := hold(t, exec.Command(busybox, "cat"))
	require.NoError(t, unix.Kill(killed, unix.SIGKILL))
	l.stop()
	assert.Empty(t, l.find(names.EventCrashExit, byPID(killed)), "that is no crash")
}

// The same executable in the same workload is counted on, even when the cgroup is made anew.
func TestCrash_repeated(t *testing.T) {
	const crashes = 3
	l := startLive(t, only("crash"))
	program := copyProgram(t, busybox, "crashing")
	kill := func(cgroup string) int64 {
		command := exec.Command(program)
		command.Args = []string{"sh", "-c", `echo $$ > "$0/cgroup.procs"; ulimit -c 0; kill -ABRT $$`, cgroup}
		c := letCrash(t, command)
		return l.one(names.EventCrashExit, byPID(c.pid)).num(names.CrashCount)
	}
	for n := range crashes {
		t.Run("started again", func(t *testing.T) {
			folder, _ := cgroupFolder(t, "meerkat-test-crash")
			assert.EqualValues(t, n+1, kill(folder))
		})
	}
	other, _ := cgroupFolder(t, "meerkat-test-crash-other")
	assert.EqualValues(t, 1, kill(other), "another workload")
}
