// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"debug/elf"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// does matches records of a process that did something.
func does(pid int, operation string) func(record) bool {
	return func(r record) bool { return byPID(pid)(r) && r.str(names.InjectionOperation) == operation }
}

// first leaves out what says how often it was repeated.
func first(match func(record) bool) func(record) bool {
	return func(r record) bool { return match(r) && !r.has(names.RepeatCount) }
}

// assertTarget compares the target of a record with a process in the role of a victim.
func (l *live) assertTarget(r record, v *victim) {
	l.t.Helper()
	assert.EqualValues(l.t, v.pid, r.num(names.InjectionTargetPID))
	started := l.one(names.EventProcessExec, byPID(v.pid))
	assert.Equal(l.t, started.str(names.ProcessCreationTime), r.str(names.InjectionTargetCreationTime))
	executable, err := os.Executable()
	require.NoError(l.t, err)
	assert.Equal(l.t, executable, r.str(names.InjectionTargetExecutablePath))
	assert.Equal(l.t, filepath.Base(executable), r.str(names.InjectionTargetExecutableName))
	assert.EqualValues(l.t, os.Getuid(), r.num(names.InjectionTargetUserID))
	assert.False(l.t, r.has(names.InjectionTargetContainerID))
	assert.False(l.t, r.has(names.InjectionTargetGivenPID))
}

func TestInjection_ptrace(t *testing.T) {
	l := startLive(t, only("process", "injection"))
	v := startVictim(t)
	// What attaches has to go on with it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	require.NoError(t, unix.PtraceAttach(v.pid))
	_, err := unix.Wait4(v.pid, nil, unix.WALL, nil)
	require.NoError(t, err)
	word := make([]byte, 8)
	_, err = unix.PtracePeekData(v.pid, v.address, word)
	require.NoError(t, err)
	const pokes = 5
	for range pokes {
		_, err = unix.PtracePokeData(v.pid, v.address, word)
		require.NoError(t, err)
	}
	require.NoError(t, setRegisters(v.pid))
	require.NoError(t, unix.PtraceDetach(v.pid))
	require.NoError(t, unix.PtraceSeize(v.pid))
	require.NoError(t, interruptAndDetach(v.pid))
	assert.Equal(t, "before..", v.end())

	for _, operation := range []string{"ptrace_attach", "ptrace_seize", "ptrace_set_registers"} {
		r := l.one(names.EventInjectionProcessAccess, does(os.Getpid(), operation))
		l.assertTarget(r, v)
		assert.False(t, r.has(names.ErrorType))
	}
	poke := l.one(names.EventInjectionProcessAccess, first(does(os.Getpid(), "ptrace_poke_data")))
	l.assertTarget(poke, v)
	assert.Equal(t, fmt.Sprintf("0x%x", v.address), poke.str(names.InjectionMemoryAddress))
	l.stop()
	repeat := l.one(names.EventInjectionProcessAccess, func(r record) bool {
		return does(os.Getpid(), "ptrace_poke_data")(r) && r.has(names.RepeatCount)
	})
	assert.EqualValues(t, pokes-1, repeat.num(names.RepeatCount))
	assert.EqualValues(t, v.pid, repeat.num(names.InjectionTargetPID))
}

// interruptAndDetach ends what PTRACE_SEIZE has begun: a process has to stand still for it.
func interruptAndDetach(pid int) error {
	if err := unix.PtraceInterrupt(pid); err != nil {
		return err
	}
	if _, err := unix.Wait4(pid, nil, unix.WALL, nil); err != nil {
		return err
	}
	return unix.PtraceDetach(pid)
}

// setRegisters writes back what it has read, in the way that every architecture has.
func setRegisters(pid int) error {
	var registers [4096]byte
	vector := unix.Iovec{Base: &registers[0]}
	vector.SetLen(len(registers))
	for _, request := range []uintptr{unix.PTRACE_GETREGSET, unix.PTRACE_SETREGSET} {
		_, _, number := unix.Syscall6(unix.SYS_PTRACE, request, uintptr(pid), uintptr(elf.NT_PRSTATUS), uintptr(unsafe.Pointer(&vector)), 0, 0)
		if number != 0 {
			return number
		}
	}
	return nil
}

func TestInjection_refused(t *testing.T) {
	l := startLive(t, only("process", "injection"))
	v := startVictim(t)
	for attack, operation := range map[string]string{"attach": "ptrace_attach", "open_memory": "memory_open"} {
		printed, attacker := inRoleOutput(t, nobody(), "attack", attack, strconv.Itoa(v.pid))
		number, err := strconv.Atoi(printed)
		require.NoError(t, err)
		require.NotZero(t, number)
		r := l.one(names.EventInjectionProcessAccess, does(attacker, operation))
		assert.Equal(t, unix.ErrnoName(syscall.Errno(number)), r.str(names.ErrorType))
		assert.EqualValues(t, 65534, r.num(names.ProcessUserID))
		if attack == "attach" {
			l.assertTarget(r, v)
			continue
		}
		assert.Equal(t, fmt.Sprintf("/proc/%d/mem", v.pid), r.str(names.FilePath))
		assert.Equal(t, "argument", r.str(names.FilePathSource))
	}
	// There is no such process.
	const nobodyHas = 1<<22 - 1
	require.ErrorIs(t, unix.PtraceAttach(nobodyHas), unix.ESRCH)
	r := l.one(names.EventInjectionProcessAccess, func(r record) bool { return r.num(names.InjectionTargetGivenPID) == nobodyHas })
	assert.EqualValues(t, os.Getpid(), r.num(names.ProcessPID))
	assert.Equal(t, "ESRCH", r.str(names.ErrorType))
	assert.False(t, r.has(names.InjectionTargetPID))
}

// A program that is started for a debugger puts itself into its parent's hands: nothing to report.
func TestInjection_tracedByParent(t *testing.T) {
	l := startLive(t, only("injection"))
	before := l.balance("injection")["process_access"].Filtered
	command := inRole("wait")
	command.SysProcAttr = &syscall.SysProcAttr{Ptrace: true}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	require.NoError(t, command.Start())
	_, err := unix.Wait4(command.Process.Pid, nil, unix.WALL, nil)
	require.NoError(t, err)
	require.NoError(t, command.Process.Kill())
	_ = command.Wait()
	assert.Greater(t, l.balance("injection")["process_access"].Filtered, before)
	assert.Empty(t, l.find(names.EventInjectionProcessAccess, byPID(command.Process.Pid)))
}

func TestInjection_memoryOfOthers(t *testing.T) {
	l := startLive(t, only("process", "injection"))
	v := startVictim(t)
	written, err := writeMemory(v.pid, v.address, []byte("af"))
	require.NoError(t, err)
	require.Equal(t, 2, written)
	path := fmt.Sprintf("/proc/%d/mem", v.pid)
	// Reading is none of it.
	reader, err := os.Open(path)
	require.NoError(t, err)
	require.NoError(t, reader.Close())
	writer, err := os.OpenFile(path, os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = writer.WriteAt([]byte("ter "), int64(v.address)+2)
	require.NoError(t, err)
	require.NoError(t, writer.Close())
	pidfd, err := unix.PidfdOpen(v.pid, 0)
	require.NoError(t, err)
	defer unix.Close(pidfd)
	taken, err := unix.PidfdGetfd(pidfd, 1, 0)
	require.NoError(t, err)
	require.NoError(t, unix.Close(taken))
	assert.Equal(t, "after ..", v.end())

	r := l.one(names.EventInjectionProcessAccess, does(os.Getpid(), "memory_write"))
	l.assertTarget(r, v)
	assert.EqualValues(t, 2, r.num(names.InjectionMemoryBytes))
	l.assertTarget(l.one(names.EventInjectionProcessAccess, does(os.Getpid(), "memory_open")), v)
	r = l.one(names.EventInjectionProcessAccess, does(os.Getpid(), "descriptor_get"))
	l.assertTarget(r, v)
	assert.EqualValues(t, 1, r.num(names.InjectionDescriptor))
}

// In a pid namespace of its own a process has another number for its target.
func TestInjection_pidNamespace(t *testing.T) {
	l := startLive(t, only("process", "injection"))
	printed, attacker := inRoleOutput(t, &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWPID}, "attack_child")
	given, err := strconv.Atoi(printed)
	require.NoError(t, err)
	child := l.one(names.EventProcessExec, func(r record) bool { return r.num(names.ProcessParentPID) == int64(attacker) })
	assert.EqualValues(t, given, child.num(names.ProcessVPID))
	r := l.one(names.EventInjectionProcessAccess, does(attacker, "memory_write"))
	assert.Equal(t, child.num(names.ProcessPID), r.num(names.InjectionTargetPID))
	assert.EqualValues(t, given, r.num(names.InjectionTargetGivenPID))
	assert.Equal(t, child.str(names.ProcessCreationTime), r.str(names.InjectionTargetCreationTime))
	assert.Equal(t, "EFAULT", r.str(names.ErrorType))
}

func TestContainer_target(t *testing.T) {
	c := startContainerd(t)
	l := startLive(t, only("process", "injection"))
	id := containerID(3)
	ended, pipe := make(chan struct{}), waitingPipe(t)
	go func() {
		defer close(ended)
		c.run(id, "read line < /tmp/wait", "--mount", "type=bind,src="+pipe+",dst=/tmp,options=rbind:rw")
	}()
	shell := l.one(names.EventProcessExec, func(r record) bool { return inContainer(id)(r) && r.num(names.ProcessVPID) == 1 })
	target := int(shell.num(names.ProcessPID))
	_, err := writeMemory(target, 1, []byte("x"))
	require.ErrorIs(t, err, unix.EFAULT)
	r := l.one(names.EventInjectionProcessAccess, does(os.Getpid(), "memory_write"))
	assert.EqualValues(t, target, r.num(names.InjectionTargetPID))
	assert.Equal(t, id, r.str(names.InjectionTargetContainerID))
	assert.Equal(t, "/bin/busybox", r.str(names.InjectionTargetExecutablePath))
	path, _ := shell.Resource.Attributes().Get(names.CgroupPath)
	assert.Equal(t, path.Str(), r.str(names.InjectionTargetCgroupPath))
	require.NoError(t, syscall.Kill(target, syscall.SIGKILL))
	<-ended
}

// waitingPipe is a folder with a pipe that nobody ever writes to.
func waitingPipe(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, unix.Mkfifo(filepath.Join(folder, "wait"), 0o666))
	return folder
}
