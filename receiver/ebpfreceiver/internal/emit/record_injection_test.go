// SPDX-License-Identifier: Apache-2.0

//go:build linux

package emit_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/tracer"
)

// attackerVariable makes this test binary play the process that is recorded, instead of running tests.
const attackerVariable = "MEERKAT_TEST_ATTACKER"

func TestMain(m *testing.M) {
	if os.Getenv(attackerVariable) == "" {
		os.Exit(m.Run())
	}
	runtime.LockOSThread()
	if err := attack(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// recordInjection records what an attacker does: this test binary under another name.
func recordInjection(t *testing.T) {
	self, err := os.ReadFile("/proc/self/exe")
	require.NoError(t, err)
	sh := startShell(t)
	require.NoError(t, os.WriteFile(recorderFolder+"/attacker", self, 0o755))
	require.NoError(t, os.Mkdir(recorderFolder+"/etc", 0o755))
	r := startRecorder(t, map[string]any{"window_ns": uint64(time.Hour), "executable_memory": true}, tracer.Process(), tracer.Injection())
	sh.run("echo new > preload\n" + attackerVariable + "=yes ./attacker\n")
	r.stop()
	family := r.family(sh.command.Process.Pid)
	s := newScenario(t, "injection_techniques", `
A program attaches to its child, writes into its memory in three ways and takes a descriptor from it; tells
the loader what to load; makes memory executable; loads a program into the kernel, opens a perf event, and
tries to remove a module; makes an io_uring; and becomes a program that exists in memory only. Several of
it fail.`)
	s.addBefore(sh, r)
	s.addRecords(r.chosen("process", family))
	s.add("process logs", nil)
	s.addRecords(r.chosen("injection", family))
	s.results("injection")
	s.write()

	writeSeeds(t, "../decode/testdata/fuzz/FuzzInjection", seedsOf(t, r.chosen("injection", family)))
}

// attack does one thing after another. It does not return if all goes well.
func attack() error {
	victim := exec.Command("/bin/sleep", "60")
	if err := victim.Start(); err != nil {
		return err
	}
	pid := victim.Process.Pid
	errs := []error{controlByPtrace(pid), writeIntoMemory(pid), changeLoader(), makeMemoryExecutable(), loadIntoKernel()}
	errs = append(errs, victim.Process.Kill())
	_ = victim.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return becomeFromMemory()
}

func controlByPtrace(pid int) error {
	if err := unix.PtraceAttach(pid); err != nil {
		return err
	}
	if _, err := unix.Wait4(pid, nil, unix.WALL, nil); err != nil {
		return err
	}
	// Nothing is mapped there.
	if _, err := unix.PtracePokeText(pid, 8, make([]byte, 16)); !errors.Is(err, unix.EIO) {
		return fmt.Errorf("write to memory that is not there: %w", err)
	}
	return unix.PtraceDetach(pid)
}

func writeIntoMemory(pid int) error {
	content := []byte("x")
	local := []unix.Iovec{{Base: &content[0]}}
	local[0].SetLen(len(content))
	if _, err := unix.ProcessVMWritev(pid, local, []unix.RemoteIovec{{Base: 8, Len: len(content)}}, 0); !errors.Is(err, unix.EFAULT) {
		return fmt.Errorf("write to memory that is not there: %w", err)
	}
	memory, err := os.OpenFile(fmt.Sprintf("/proc/%d/mem", pid), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	pidfd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return err
	}
	descriptor, err := unix.PidfdGetfd(pidfd, 2, 0)
	return errors.Join(err, memory.Close(), unix.Close(pidfd), unix.Close(descriptor))
}

func changeLoader() error {
	return errors.Join(os.WriteFile("etc/ld.so.conf", []byte("/tmp\n"), 0o644), os.Rename("preload", recorderFolder+"/etc/ld.so.preload"))
}

func makeMemoryExecutable() error {
	memory, err := unix.Mmap(-1, 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return err
	}
	memory[0] = 1
	return errors.Join(unix.Mprotect(memory, unix.PROT_READ|unix.PROT_EXEC), unix.Munmap(memory))
}

func loadIntoKernel() error {
	program, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Name: "rootkit", Type: ebpf.SocketFilter, License: "GPL",
		Instructions: asm.Instructions{asm.Mov.Imm(asm.R0, 0), asm.Return()},
	})
	if err != nil {
		return err
	}
	event, err := unix.PerfEventOpen(&unix.PerfEventAttr{
		Type: unix.PERF_TYPE_SOFTWARE, Config: unix.PERF_COUNT_SW_CONTEXT_SWITCHES, Size: uint32(unsafe.Sizeof(unix.PerfEventAttr{})),
	}, os.Getpid(), -1, -1, unix.PERF_FLAG_FD_CLOEXEC)
	if err != nil {
		return err
	}
	if err := unix.DeleteModule("watchdog", 0); err == nil {
		return errors.New("there was such a module")
	}
	var parameters [120]byte
	ring, _, number := unix.Syscall(unix.SYS_IO_URING_SETUP, 4, uintptr(unsafe.Pointer(&parameters[0])), 0)
	if number != 0 {
		return number
	}
	return errors.Join(program.Close(), unix.Close(event), unix.Close(int(ring)))
}

func becomeFromMemory() error {
	program, err := os.ReadFile("/bin/busybox")
	if err != nil {
		return err
	}
	descriptor, err := unix.MemfdCreate("payload", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return err
	}
	if _, err := unix.Write(descriptor, program); err != nil {
		return err
	}
	return syscall.Exec(fmt.Sprintf("/proc/self/fd/%d", descriptor), []string{"true"}, nil)
}
