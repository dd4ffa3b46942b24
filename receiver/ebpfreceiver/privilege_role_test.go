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
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// actor is a process of this binary that does system calls one by one, all on one thread, and then waits.
type actor struct {
	PID, TID int
	// Results are errors by name, empty for success, in the order of the actions.
	Results []string
}

// act is the role: each argument is an action and its own arguments, "setresuid 1 2 3".
func act(actions []string) error {
	runtime.LockOSThread()
	fmt.Println(os.Getpid(), unix.Gettid())
	for _, action := range actions {
		words := strings.Fields(action)
		times := 1
		if words[0] == "repeat" { // "repeat 100 sethostname a"
			times, words = number(words[1]), words[2:]
		}
		do, known := actionsByName[words[0]]
		if !known {
			return fmt.Errorf("there is no action %q", words[0])
		}
		result := ""
		var err error
		for range times {
			err = errors.Join(err, do(slices.Clone(words[1:])))
		}
		if err != nil {
			number, isNumber := errors.AsType[syscall.Errno](err)
			if !isNumber {
				return err
			}
			result = unix.ErrnoName(number)
		}
		fmt.Println("done " + result)
	}
	fmt.Println("waiting")
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

// startActor runs actions in a process that lives until the test ends.
func startActor(t *testing.T, attributes *syscall.SysProcAttr, actions ...string) actor {
	t.Helper()
	return startActorAs(t, "/proc/self/exe", attributes, actions...)
}

func startActorAs(t *testing.T, program string, attributes *syscall.SysProcAttr, actions ...string) actor {
	t.Helper()
	command := exec.Command(program, actions...)
	command.Env = []string{roleVariable + "=act"}
	command.SysProcAttr = attributes
	command.Stderr = os.Stderr
	output, err := command.StdoutPipe()
	require.NoError(t, err)
	a := actor{PID: hold(t, command)}
	lines := bufio.NewScanner(output)
	for lines.Scan() && lines.Text() != "waiting" {
		if result, isResult := strings.CutPrefix(lines.Text(), "done "); isResult {
			a.Results = append(a.Results, result)
			continue
		}
		var inside int
		_, err := fmt.Sscan(lines.Text(), &inside, &a.TID)
		require.NoError(t, err)
		if inside != a.PID { // in a pid namespace of its own
			a.TID = 0
		}
	}
	require.NoError(t, lines.Err())
	require.Len(t, a.Results, len(actions), "the actor has ended early")
	return a
}

// thread is the folder of the acting thread in /proc.
func (a actor) thread() string { return fmt.Sprintf("/proc/%d/task/%d/", a.PID, a.TID) }

// raw does a system call with numbers for arguments; -1 works as expected.
func raw(number uintptr) func([]string) error {
	return func(words []string) error {
		var arguments [6]uintptr
		for i, word := range words {
			n, err := strconv.ParseInt(word, 0, 64)
			if err != nil {
				return err
			}
			arguments[i] = uintptr(n)
		}
		_, _, failed := unix.RawSyscall6(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5])
		if failed != 0 {
			return failed
		}
		return nil
	}
}

var actionsByName = map[string]func([]string) error{
	"setuid":      raw(unix.SYS_SETUID),
	"setreuid":    raw(unix.SYS_SETREUID),
	"setresuid":   raw(unix.SYS_SETRESUID),
	"setfsuid":    raw(unix.SYS_SETFSUID),
	"setgid":      raw(unix.SYS_SETGID),
	"setregid":    raw(unix.SYS_SETREGID),
	"setresgid":   raw(unix.SYS_SETRESGID),
	"setfsgid":    raw(unix.SYS_SETFSGID),
	"prctl":       raw(unix.SYS_PRCTL),
	"unshare":     raw(unix.SYS_UNSHARE),
	"clone":       raw(unix.SYS_CLONE),
	"syslog":      raw(unix.SYS_SYSLOG),
	"write":       func(words []string) error { return os.WriteFile(words[0], make([]byte, 1<<20), 0o666) },
	"map":         mapMemory,
	"clone3":      clone3,
	"umount2":     func(words []string) error { return unix.Unmount(words[0], number(words[1])) },
	"setgroups":   setgroups,
	"capset":      capset,
	"seccomp":     seccomp,
	"raw_seccomp": raw(unix.SYS_SECCOMP),
	"new_mount":   newMount,
	"set_mount":   setMountAttributes,
	"reconfigure": reconfigureMount,
	"copy_mount":  copyMount,
	"fsopen":      fsopen,
	"setns":       setns,
	"chroot":      func(words []string) error { return unix.Chroot(words[0]) },
	"chdir":       func(words []string) error { return unix.Chdir(words[0]) },
	"mount":       mount,
	"pivot_root":  func(words []string) error { return unix.PivotRoot(words[0], words[1]) },
	"sethostname": func(words []string) error { return unix.Sethostname([]byte(words[0])) },
}

func number(word string) int {
	n, err := strconv.ParseInt(word, 0, 64)
	if err != nil {
		panic(err)
	}
	return int(n)
}

// clone3 is refused: it would leave a process behind.
func clone3(words []string) error {
	arguments := struct{ flags, pidfd, childTID, parentTID, exitSignal, stack, stackSize, tls uint64 }{flags: uint64(number(words[0]))}
	_, _, failed := unix.RawSyscall(unix.SYS_CLONE3, uintptr(unsafe.Pointer(&arguments)), unsafe.Sizeof(arguments), 0)
	if failed != 0 {
		return failed
	}
	return nil
}

// mapMemory maps so many bytes and uses them.
func mapMemory(words []string) error {
	memory, err := unix.Mmap(-1, 0, number(words[0]), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return err
	}
	for i := 0; i < len(memory); i += os.Getpagesize() {
		memory[i] = 1
	}
	return unix.Munmap(memory)
}

// mount takes source, target, type and flags; "-" is an empty string.
func mount(words []string) error {
	for i := range words {
		if words[i] == "-" {
			words[i] = ""
		}
	}
	return unix.Mount(words[0], words[1], words[2], uintptr(number(words[3])), "")
}

func setgroups(words []string) error {
	ids := make([]uint32, len(words)+1)
	for i, word := range words {
		ids[i] = uint32(number(word))
	}
	if _, _, failed := unix.RawSyscall(unix.SYS_SETGROUPS, uintptr(len(words)), uintptr(unsafe.Pointer(&ids[0])), 0); failed != 0 {
		return failed
	}
	return nil
}

// capset takes the effective, permitted and inheritable set as numbers.
func capset(words []string) error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	for i, word := range words {
		set := uint64(number(word))
		for half := range data {
			bits := uint32(set >> (32 * half))
			*[]*uint32{&data[half].Effective, &data[half].Permitted, &data[half].Inheritable}[i] = bits
		}
	}
	return unix.Capset(&header, &data[0])
}

// seccomp adds a filter that allows everything, through the system call that is named.
func seccomp(words []string) error {
	allow := []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW}}
	program := unix.SockFprog{Len: uint16(len(allow)), Filter: &allow[0]}
	at := uintptr(unsafe.Pointer(&program))
	var failed syscall.Errno
	if words[0] == "prctl" {
		_, _, failed = unix.RawSyscall(unix.SYS_PRCTL, unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, at)
	} else {
		_, _, failed = unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, at)
	}
	if failed != 0 {
		return failed
	}
	return nil
}

// setns takes a file and the kinds to join.
func setns(words []string) error {
	fd, err := unix.Open(words[0], unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.Setns(fd, number(words[1]))
}
