// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/rlimit"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// playInjection plays the roles that the tests of the tracer "injection" need.
func playInjection(role string, arguments []string) error {
	switch role {
	case "offer_memory":
		return offerMemory()
	case "attack":
		return attackByNumber(arguments)
	case "attack_child":
		return attackChild()
	case "execute_from_memory":
		return executeFromMemory(arguments)
	case "execute_deleted":
		return executeDeleted(arguments)
	case "load_program":
		return loadProgram()
	case "count_events":
		return countEvents(arguments)
	}
	return fmt.Errorf("there is no role %q", role)
}

// offered is memory that stays where it is.
var offered = [8]byte{'b', 'e', 'f', 'o', 'r', 'e', '.', '.'}

// offerMemory is a role: it prints where some of its memory is, and what stands there when it is told to.
func offerMemory() error {
	fmt.Println(uintptr(unsafe.Pointer(&offered)))
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}
	fmt.Println(string(offered[:]))
	return nil
}

// victim is a process in the role above.
type victim struct {
	t       *testing.T
	command *exec.Cmd
	stdin   io.Closer
	output  *bufio.Reader
	pid     int
	address uintptr
}

// startVictim starts one. Its memory is printed and the process gone when the test ends.
func startVictim(t *testing.T) *victim {
	t.Helper()
	v := &victim{t: t, command: inRole("offer_memory")}
	stdin, err := v.command.StdinPipe()
	require.NoError(t, err)
	stdout, err := v.command.StdoutPipe()
	require.NoError(t, err)
	v.stdin, v.output = stdin, bufio.NewReader(stdout)
	require.NoError(t, v.command.Start())
	v.pid = v.command.Process.Pid
	t.Cleanup(func() { v.end() })
	address, err := strconv.ParseUint(v.line(), 10, 64)
	require.NoError(t, err)
	v.address = uintptr(address)
	return v
}

func (v *victim) line() string {
	v.t.Helper()
	line, err := v.output.ReadString('\n')
	require.NoError(v.t, err)
	return strings.TrimSpace(line)
}

// end returns what stands in the memory at last. The process is gone then.
func (v *victim) end() string {
	v.t.Helper()
	if v.stdin == nil {
		return ""
	}
	require.NoError(v.t, v.stdin.Close())
	v.stdin = nil
	memory := v.line()
	require.NoError(v.t, v.command.Wait())
	return memory
}

// attackByNumber is a role that does one thing and prints the number of the error, 0 for none. Its
// arguments are the thing, a pid, and more as needed.
func attackByNumber(arguments []string) error {
	pid, err := strconv.Atoi(arguments[1])
	if err != nil {
		return err
	}
	switch arguments[0] {
	case "attach":
		err = unix.PtraceAttach(pid)
	case "open_memory":
		_, err = os.OpenFile(fmt.Sprintf("/proc/%d/mem", pid), os.O_RDWR, 0)
	case "open":
		_, err = os.OpenFile(arguments[2], os.O_WRONLY, 0)
	default:
		return fmt.Errorf("there is no attack %q", arguments[0])
	}
	var number syscall.Errno
	if err != nil && !errors.As(err, &number) {
		return err
	}
	fmt.Println(int(number))
	return nil
}

// attackChild is a role that writes into the memory of a child of its own, and prints how it names it.
func attackChild() error {
	child := inRole("wait")
	stdin, err := child.StdinPipe()
	if err != nil {
		return err
	}
	if err := child.Start(); err != nil {
		return err
	}
	defer func() { _ = child.Wait() }()
	defer stdin.Close()
	fmt.Println(child.Process.Pid)
	// Nothing is mapped there.
	var number syscall.Errno
	if _, err := writeMemory(child.Process.Pid, 1, []byte("x")); !errors.As(err, &number) || number != unix.EFAULT {
		return fmt.Errorf("write to memory that is not there: %w", err)
	}
	return nil
}

func writeMemory(pid int, address uintptr, content []byte) (int, error) {
	local := []unix.Iovec{{Base: &content[0]}}
	local[0].SetLen(len(content))
	return unix.ProcessVMWritev(pid, local, []unix.RemoteIovec{{Base: address, Len: len(content)}}, 0)
}

// executeFromMemory is a role that becomes a program which it has put into a memfd.
func executeFromMemory(arguments []string) error {
	program, err := os.ReadFile(arguments[0])
	if err != nil {
		return err
	}
	fd, err := unix.MemfdCreate("payload", unix.MFD_ALLOW_SEALING)
	if err != nil {
		return err
	}
	if _, err := unix.Write(fd, program); err != nil {
		return err
	}
	return executeDescriptor(fd, arguments[1:])
}

// executeDeleted is a role that becomes a program which it has deleted before.
func executeDeleted(arguments []string) error {
	fd, err := unix.Open(arguments[0], unix.O_RDONLY, 0)
	if err != nil {
		return err
	}
	if err := os.Remove(arguments[0]); err != nil {
		return err
	}
	return executeDescriptor(fd, arguments[1:])
}

// executeDescriptor is fexecve().
func executeDescriptor(fd int, arguments []string) error {
	empty, err := unix.BytePtrFromString("")
	if err != nil {
		return err
	}
	argv, err := syscall.SlicePtrFromStrings(arguments)
	if err != nil {
		return err
	}
	envv := []*byte{nil}
	_, _, number := unix.Syscall6(unix.SYS_EXECVEAT, uintptr(fd), uintptr(unsafe.Pointer(empty)), uintptr(unsafe.Pointer(&argv[0])),
		uintptr(unsafe.Pointer(&envv[0])), unix.AT_EMPTY_PATH, 0)
	return number
}

// loadProgram is a role that loads a program into the kernel and prints its id.
func loadProgram() error {
	_ = rlimit.RemoveMemlock()
	program, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Name: "meerkat_test", Type: ebpf.SocketFilter, License: "GPL",
		Instructions: asm.Instructions{asm.Mov.Imm(asm.R0, 0), asm.Return()},
	})
	if err != nil {
		return err
	}
	defer func() { _ = program.Close() }()
	info, err := program.Info()
	if err != nil {
		return err
	}
	id, _ := info.ID()
	fmt.Println(id)
	return nil
}

// countEvents is a role that opens a perf event for a process.
func countEvents(arguments []string) error {
	pid, err := strconv.Atoi(arguments[0])
	if err != nil {
		return err
	}
	fd, err := unix.PerfEventOpen(&unix.PerfEventAttr{
		Type: unix.PERF_TYPE_SOFTWARE, Config: unix.PERF_COUNT_SW_CONTEXT_SWITCHES, Size: uint32(unsafe.Sizeof(unix.PerfEventAttr{})),
	}, pid, -1, -1, unix.PERF_FLAG_FD_CLOEXEC)
	if err != nil {
		return err
	}
	return unix.Close(fd)
}

// inRoleOutput runs a role to its end and returns what it printed, and its pid.
func inRoleOutput(t *testing.T, attributes *syscall.SysProcAttr, role string, arguments ...string) (string, int) {
	t.Helper()
	command := inRole(role, arguments...)
	command.SysProcAttr = attributes
	output, err := command.CombinedOutput()
	require.NoError(t, err, string(output))
	return strings.TrimSpace(string(output)), command.Process.Pid
}
