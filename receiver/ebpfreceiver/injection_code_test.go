// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"unsafe"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/meerkat-otel/meerkat/internal/names"
)

func TestInjection_executionFromMemory(t *testing.T) {
	l := startLive(t, only("process", "injection"))
	_, pid := inRoleOutput(t, nil, "execute_from_memory", busybox, "true")
	memfd := l.one(names.EventInjectionMemoryFile, does(pid, "memfd_create"))
	assert.Equal(t, "payload", memfd.str(names.InjectionName))
	assert.Equal(t, []string{"MFD_ALLOW_SEALING"}, memfd.strs(names.InjectionFlags))
	r := l.one(names.EventInjectionFilelessExec, byPID(pid))
	assert.Equal(t, "memfd", r.str(names.InjectionFile))
	assert.Equal(t, "payload", r.str(names.InjectionName))
	// The process is told with what it executes now.
	exec := l.one(names.EventProcessExec, func(r record) bool { return byPID(pid)(r) && r.str(names.ProcessExecutableName) == "memfd:payload" })
	assert.Equal(t, exec.num(names.ProcessExecutableInode), r.num(names.FileInode))
	assert.Equal(t, exec.str(names.ProcessExecutablePath), r.str(names.ProcessExecutablePath))
}

func TestInjection_executionOfDeletedFile(t *testing.T) {
	l := startLive(t, only("process", "injection"))
	deleted := copyProgram(t, busybox, "deleted")
	info, err := os.Stat(deleted)
	require.NoError(t, err)
	_, pid := inRoleOutput(t, nil, "execute_deleted", deleted, "true")
	r := l.one(names.EventInjectionFilelessExec, byPID(pid))
	assert.Equal(t, "deleted", r.str(names.InjectionFile))
	assert.Equal(t, "deleted", r.str(names.FileName))
	assert.EqualValues(t, info.Sys().(*syscall.Stat_t).Ino, r.num(names.FileInode))
	assert.False(t, r.has(names.InjectionName))

	// The same program in its place is nothing to report.
	kept := copyProgram(t, "/bin/true", "kept")
	command := exec.Command(kept)
	require.NoError(t, command.Run())
	l.one(names.EventProcessExit, byPID(command.Process.Pid))
	l.balance("injection")
	assert.Empty(t, l.find(names.EventInjectionFilelessExec, byPID(command.Process.Pid)))
}

func TestInjection_programsForTheKernel(t *testing.T) {
	l := startLive(t, only("process", "injection"))
	printed, pid := inRoleOutput(t, nil, "load_program")
	r := l.one(names.EventInjectionKernelCode, func(r record) bool {
		return does(pid, "bpf_load")(r) && r.str(names.InjectionName) == "meerkat_test"
	})
	assert.Equal(t, "socket_filter", r.str(names.InjectionProgramType))
	assert.Equal(t, printed, r.str(names.InjectionProgramID))
	assert.False(t, r.has(names.ErrorType))

	// By somebody who may not. The library tries several times, with and without a name.
	command := inRole("load_program")
	command.SysProcAttr = nobody()
	require.Error(t, command.Run())
	l.one(names.EventProcessExit, byPID(command.Process.Pid))
	l.balance("injection")
	refused := l.find(names.EventInjectionKernelCode, first(func(r record) bool {
		return does(command.Process.Pid, "bpf_load")(r) && r.str(names.ErrorType) == "EPERM"
	}))
	require.NotEmpty(t, refused)
	assert.Equal(t, "socket_filter", refused[0].str(names.InjectionProgramType))
	assert.False(t, refused[0].has(names.InjectionProgramID))

	v := startVictim(t)
	_, pid = inRoleOutput(t, nil, "count_events", strconv.Itoa(v.pid))
	r = l.one(names.EventInjectionKernelCode, does(pid, "perf_open"))
	l.assertTarget(r, v)
	assert.Equal(t, "software", r.str(names.InjectionPerfEventType))
}

// What the collector loads itself is no news.
func TestInjection_ownProgramsAreLeftOut(t *testing.T) {
	l := startLive(t, func(c *Config) {
		only("injection")(c)
		c.Filters.OwnActivity = false
	})
	before := l.balance("injection")["kernel_code"].Filtered
	program, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Name: "meerkat_own", Type: ebpf.SocketFilter, License: "GPL",
		Instructions: asm.Instructions{asm.Mov.Imm(asm.R0, 0), asm.Return()},
	})
	require.NoError(t, err)
	require.NoError(t, program.Close())
	assert.Greater(t, l.balance("injection")["kernel_code"].Filtered, before)
	assert.Empty(t, l.find(names.EventInjectionKernelCode, byPID(os.Getpid())))
}

// None of these can succeed, and each is told with the error that the kernel has for it.
func TestInjection_modulesAndKernels(t *testing.T) {
	l := startLive(t, only("process", "injection"))
	file := filepath.Join(t.TempDir(), "meerkat_test.ko")
	require.NoError(t, os.WriteFile(file, []byte("not a module"), 0o600))
	opened, err := os.Open(file)
	require.NoError(t, err)
	defer opened.Close()
	number := func(err error) string {
		var errno syscall.Errno
		require.ErrorAs(t, err, &errno)
		return unix.ErrnoName(errno)
	}
	image := make([]byte, 64)
	options := []byte{0}
	_, _, initError := unix.Syscall(unix.SYS_INIT_MODULE, uintptr(unsafe.Pointer(&image[0])), uintptr(len(image)), uintptr(unsafe.Pointer(&options[0])))
	finitError := number(unix.FinitModule(int(opened.Fd()), "", 0))
	deleteError := number(unix.DeleteModule("meerkat_none", 0))
	// More segments than are allowed.
	_, _, kexecError := unix.Syscall6(unix.SYS_KEXEC_LOAD, 0, 1<<20, 0, 0, 0, 0)
	_, _, kexecFileError := unix.Syscall6(unix.SYS_KEXEC_FILE_LOAD, opened.Fd(), ^uintptr(0), 1, uintptr(unsafe.Pointer(&options[0])), 4, 0)

	loads := func(expected string) record {
		return l.one(names.EventInjectionKernelCode, func(r record) bool {
			return does(os.Getpid(), "module_load")(r) && r.str(names.FileName) == expected
		})
	}
	assert.Equal(t, unix.ErrnoName(initError), loads("").str(names.ErrorType))
	fromFile := loads("meerkat_test.ko")
	assert.Equal(t, finitError, fromFile.str(names.ErrorType))
	removed := l.one(names.EventInjectionKernelCode, does(os.Getpid(), "module_unload"))
	assert.Equal(t, deleteError, removed.str(names.ErrorType))
	assert.Equal(t, "meerkat_none", removed.str(names.InjectionName))
	kexec := l.one(names.EventInjectionKernelCode, does(os.Getpid(), "kexec_load"))
	assert.Equal(t, unix.ErrnoName(kexecError), kexec.str(names.ErrorType))
	kexec = l.one(names.EventInjectionKernelCode, does(os.Getpid(), "kexec_file_load"))
	assert.Equal(t, unix.ErrnoName(kexecFileError), kexec.str(names.ErrorType))
	assert.Equal(t, "meerkat_test.ko", kexec.str(names.FileName))
}

func TestInjection_executableMemory(t *testing.T) {
	l := startLive(t, func(c *Config) {
		only("process", "injection")(c)
		c.Tracers.Injection.ExecutableMemory = true
	})
	anonymous := func(protection int) []byte {
		memory, err := unix.Mmap(-1, 0, 3*os.Getpagesize(), protection, unix.MAP_ANON|unix.MAP_PRIVATE)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, unix.Munmap(memory)) })
		return memory
	}
	at := func(memory []byte) func(record) bool {
		address := "0x" + strconv.FormatUint(uint64(uintptr(unsafe.Pointer(&memory[0]))), 16)
		return func(r record) bool { return byPID(os.Getpid())(r) && r.str(names.InjectionMemoryAddress) == address }
	}
	// Never written, and never writable.
	untouched := anonymous(unix.PROT_READ)
	require.NoError(t, unix.Mprotect(untouched, unix.PROT_READ|unix.PROT_EXEC))
	// Of a file.
	file, err := os.Open(busybox)
	require.NoError(t, err)
	defer file.Close()
	mapped, err := unix.Mmap(int(file.Fd()), 0, os.Getpagesize(), unix.PROT_READ, unix.MAP_PRIVATE)
	require.NoError(t, err)
	defer func() { require.NoError(t, unix.Munmap(mapped)) }()
	require.NoError(t, unix.Mprotect(mapped, unix.PROT_READ|unix.PROT_EXEC))
	// Written, made read-only, and executable only then.
	written := anonymous(unix.PROT_READ | unix.PROT_WRITE)
	written[0] = 1
	require.NoError(t, unix.Mprotect(written, unix.PROT_READ))
	require.NoError(t, unix.Mprotect(written, unix.PROT_READ|unix.PROT_EXEC))
	both := anonymous(unix.PROT_READ | unix.PROT_WRITE | unix.PROT_EXEC)

	r := l.one(names.EventInjectionExecutableMemory, at(written))
	assert.Equal(t, "protect", r.str(names.InjectionOperation))
	assert.Equal(t, []string{"PROT_READ", "PROT_EXEC"}, r.strs(names.InjectionFlags))
	assert.EqualValues(t, len(written), r.num(names.InjectionMemoryBytes))
	r = l.one(names.EventInjectionExecutableMemory, at(both))
	assert.Equal(t, "map", r.str(names.InjectionOperation))
	assert.Equal(t, []string{"PROT_READ", "PROT_WRITE", "PROT_EXEC"}, r.strs(names.InjectionFlags))
	assert.Empty(t, l.find(names.EventInjectionExecutableMemory, at(untouched)))
	assert.Empty(t, l.find(names.EventInjectionExecutableMemory, at(mapped)))
}

// Compilers do it all the time: nobody looks unless asked to.
func TestInjection_executableMemoryIsOffByDefault(t *testing.T) {
	l := startLive(t, only("injection"))
	memory, err := unix.Mmap(-1, 0, os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE|unix.PROT_EXEC, unix.MAP_ANON|unix.MAP_PRIVATE)
	require.NoError(t, err)
	require.NoError(t, unix.Munmap(memory))
	assert.Zero(t, l.balance("injection")["executable_memory"].Offered)
}
