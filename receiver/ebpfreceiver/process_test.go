// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"errors"
	"fmt"
	"math/bits"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/procfs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// busybox is a static program, so it runs from anywhere and loads nothing else.
const busybox = "/bin/busybox"

// strs returns the elements of a string list.
func (r record) strs(name string) []string {
	v, ok := r.Attributes().Get(name)
	if !ok {
		return nil
	}
	var all []string
	for _, element := range v.Slice().All() {
		all = append(all, element.Str())
	}
	return all
}

func (r record) double(name string) float64 {
	v, _ := r.Attributes().Get(name)
	return v.Double()
}

func (r record) flag(name string) bool {
	v, _ := r.Attributes().Get(name)
	return v.Bool()
}

func (r record) has(name string) bool {
	_, ok := r.Attributes().Get(name)
	return ok
}

// copyProgram puts a program under another name, so that nothing else on the machine runs it.
func copyProgram(t *testing.T, from, name string) string {
	t.Helper()
	program, err := os.ReadFile(from)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, program, 0o755))
	// Others must be able to reach it.
	for folder := filepath.Dir(path); folder != os.TempDir() && folder != "/"; folder = filepath.Dir(folder) {
		require.NoError(t, os.Chmod(folder, 0o755))
	}
	return path
}

// hold runs a command that ends when the test does.
func hold(t *testing.T, command *exec.Cmd) int {
	t.Helper()
	input, err := command.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		_ = input.Close()
		_ = command.Wait()
	})
	return command.Process.Pid
}

// startOf is the wall-clock time at which a process started, as far as /proc tells: in ticks.
func startOf(t *testing.T, stat procfs.ProcStat) time.Time {
	t.Helper()
	var boot unix.Timespec
	require.NoError(t, unix.ClockGettime(unix.CLOCK_BOOTTIME, &boot))
	const ticksPerSecond = 100
	return time.Now().Add(-time.Duration(boot.Nano())).Add(time.Duration(stat.Starttime) * time.Second / ticksPerSecond)
}

func TestProcess_execIsWhatProcSays(t *testing.T) {
	l := startLive(t, only("process"))
	program := copyProgram(t, busybox, "observed")
	directory := t.TempDir()
	require.NoError(t, os.Chmod(directory, 0o755))
	require.NoError(t, os.Chmod(filepath.Dir(directory), 0o755))
	command := exec.Command(program)
	command.Args = []string{"cat", "-", "/dev/null"}
	command.Dir = directory
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: &syscall.Credential{Uid: 1234, Gid: 4321}}
	pid := hold(t, command)

	r := l.one(names.EventProcessExec, byPID(pid))
	proc, err := procfs.NewProc(pid)
	require.NoError(t, err)
	stat, err := proc.Stat()
	require.NoError(t, err)
	cwd, err := proc.Cwd()
	require.NoError(t, err)
	exe, err := proc.Executable()
	require.NoError(t, err)
	arguments, err := proc.CmdLine()
	require.NoError(t, err)

	assert.Equal(t, exe, r.str(names.ProcessExecutablePath))
	assert.Equal(t, "observed", r.str(names.ProcessExecutableName))
	assertIsFile(t, r, program)
	assert.Equal(t, arguments, r.strs(names.ProcessCommandArgs))
	assert.EqualValues(t, len(arguments), r.num(names.ProcessArgsCount))
	assert.Equal(t, cwd, r.str(names.ProcessWorkingDirectory))
	assert.EqualValues(t, stat.PPID, r.num(names.ProcessParentPID))
	assert.EqualValues(t, stat.Session, r.num(names.ProcessSessionLeaderPID))
	assert.EqualValues(t, stat.PGRP, r.num(names.ProcessGroupLeaderPID))
	assert.EqualValues(t, 1234, r.num(names.ProcessUserID))
	assert.EqualValues(t, 4321, r.num(names.ProcessGroupID))
	for _, absent := range []string{
		names.ProcessRealUserID, names.ProcessRealGroupID, names.ProcessSavedUserID, names.ProcessCapabilities,
		names.ProcessArgsTruncated, names.ProcessFilename, names.ProcessPathStatus, names.IdentityStatus, names.ProcessTTY,
		names.ProcessScriptPath, names.ProcessExecutableDeleted, names.ProcessExecutableMemoryOnly,
		names.ProcessExecutableCreatedInContainer, names.ProcessExecutableUpperLayer, names.ProcessExecutableSHA256,
	} {
		assert.False(t, r.has(absent), absent)
	}
	assert.False(t, r.flag(names.ProcessInteractive))
	created, err := time.Parse(time.RFC3339Nano, r.str(names.ProcessCreationTime))
	require.NoError(t, err)
	assert.WithinDuration(t, startOf(t, stat), created, 50*time.Millisecond)
	assert.False(t, r.Timestamp().AsTime().Before(created))
	assert.False(t, r.ObservedTimestamp().AsTime().Before(r.Timestamp().AsTime()))

	self, err := os.Executable()
	require.NoError(t, err)
	assert.Equal(t, self, r.str(names.ProcessParentExecutablePath))
	own, err := procfs.Self()
	require.NoError(t, err)
	ownStat, err := own.Stat()
	require.NoError(t, err)
	parentCreated, err := time.Parse(time.RFC3339Nano, r.str(names.ProcessParentCreationTime))
	require.NoError(t, err)
	assert.WithinDuration(t, startOf(t, ownStat), parentCreated, 50*time.Millisecond)
	above := executablesAbove(t, ownStat.PPID, ancestorsMax-1)
	require.GreaterOrEqual(t, len(r.strs(names.ProcessAncestors)), len(above))
	assert.Equal(t, above, r.strs(names.ProcessAncestors)[:len(above)])
	assert.Equal(t, exe+" was executed by "+self, r.Body().Str())
}

// executablesAbove lists what a process and its ancestors execute, as far as /proc lets us see.
func executablesAbove(t *testing.T, pid, depthMax int) []string {
	t.Helper()
	var all []string
	for pid != 0 && len(all) < depthMax {
		proc, err := procfs.NewProc(pid)
		require.NoError(t, err)
		exe, err := proc.Executable()
		if errors.Is(err, os.ErrPermission) {
			break
		}
		require.NoError(t, err)
		all = append(all, strings.TrimSuffix(exe, " (deleted)"))
		stat, err := proc.Stat()
		require.NoError(t, err)
		pid = stat.PPID
	}
	return all
}

func TestProcess_execWithPrivileges(t *testing.T) {
	l := startLive(t, only("process"))
	self, err := os.Executable()
	require.NoError(t, err)
	program := copyProgram(t, self, "observed")
	// Set-user-id root, run by somebody else: real and effective ids differ.
	require.NoError(t, os.Chmod(program, os.ModeSetuid|0o755))
	command := inRole("wait")
	command.Path = program
	command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 1234, Gid: 4321}}
	pid := hold(t, command)
	r := l.one(names.EventProcessExec, byPID(pid))
	assertIsFile(t, r, program)
	assert.Equal(t, "4755", r.str(names.ProcessExecutableMode))
	assert.EqualValues(t, 0, r.num(names.ProcessUserID))
	assert.EqualValues(t, 1234, r.num(names.ProcessRealUserID))
	assert.EqualValues(t, 4321, r.num(names.ProcessGroupID))
	assert.Equal(t, capabilitiesIn(t, pid), r.capabilityCount())
}

// capabilityCount is how many capabilities an exec event names.
func (r record) capabilityCount() int {
	all := r.strs(names.ProcessCapabilities)
	if slices.Equal(all, []string{"ALL"}) {
		return unix.CAP_LAST_CAP + 1
	}
	return len(all)
}

// capabilitiesIn counts the effective capabilities that /proc shows.
func capabilitiesIn(t *testing.T, pid int) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(status), "CapEff:\t")
	require.True(t, found)
	line, _, _ := strings.Cut(rest, "\n")
	set, err := strconv.ParseUint(line, 16, 64)
	require.NoError(t, err)
	return bits.OnesCount64(set)
}

func TestProcess_argumentsAreCutAndRedacted(t *testing.T) {
	l := startLive(t, func(c *Config) {
		only("process")(c)
		c.Tracers.Process.ArgumentsMaxBytes = 64
	})
	command := exec.Command("/bin/true", "--password=hunter2", strings.Repeat("x", 100), "unseen")
	require.NoError(t, command.Run())
	r := l.one(names.EventProcessExec, byPID(command.Process.Pid))
	given := "/bin/true\x00--password=hunter2\x00" + strings.Repeat("x", 100) + "\x00unseen\x00"
	assert.EqualValues(t, 4, r.num(names.ProcessArgsCount))
	assert.EqualValues(t, len(given)-64, r.num(names.ProcessArgsTruncated))
	assert.Equal(t, []string{"/bin/true", "--password=REDACTED", strings.Repeat("x", 64-len("/bin/true--password=hunter2")-2)},
		r.strs(names.ProcessCommandArgs))
}

func TestProcess_environmentByKeyOnly(t *testing.T) {
	l := startLive(t, func(c *Config) {
		only("process")(c)
		c.Tracers.Process.EnvironmentKeys = []string{"WANTED"}
	})
	command := exec.Command("/bin/true")
	command.Env = []string{"SECRET=1", "WANTED=two words", "WANTED_NOT=3"}
	require.NoError(t, command.Run())
	r := l.one(names.EventProcessExec, byPID(command.Process.Pid))
	var variables []string
	for name, value := range r.Attributes().All() {
		if strings.HasPrefix(name, names.ProcessEnvironmentPrefix) {
			variables = append(variables, name+"="+value.Str())
		}
	}
	assert.Equal(t, []string{names.ProcessEnvironmentPrefix + "WANTED=two words"}, variables)
}

func TestProcess_executableWithoutAPath(t *testing.T) {
	l := startLive(t, only("process"))
	program, err := os.ReadFile(busybox)
	require.NoError(t, err)
	fd, err := unix.MemfdCreate("hidden", 0)
	require.NoError(t, err)
	memory := os.NewFile(uintptr(fd), "hidden")
	defer memory.Close()
	_, err = memory.Write(program)
	require.NoError(t, err)
	command := exec.Command(fmt.Sprintf("/proc/self/fd/%d", fd))
	command.Args = []string{"true"}
	command.ExtraFiles = make([]*os.File, fd-2)
	command.ExtraFiles[fd-3] = memory
	require.NoError(t, command.Run())
	r := l.one(names.EventProcessExec, byPID(command.Process.Pid))
	assert.Equal(t, "unreachable", r.str(names.ProcessPathStatus))
	assert.Equal(t, "/memfd:hidden", r.str(names.ProcessExecutablePath))
	assert.True(t, r.flag(names.ProcessExecutableMemoryOnly))
	assert.False(t, r.has(names.ProcessExecutableDeleted), "it never had a name")
}

// openTerminal makes a pseudo-terminal: the end that a person would hold, the one for programs, and the
// kernel's name for that.
func openTerminal(t *testing.T) (control, terminal *os.File, name string) {
	t.Helper()
	control, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = control.Close() })
	number, err := unix.IoctlGetInt(int(control.Fd()), unix.TIOCGPTN)
	require.NoError(t, err)
	require.NoError(t, unix.IoctlSetPointerInt(int(control.Fd()), unix.TIOCSPTLCK, 0))
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = terminal.Close() })
	return control, terminal, fmt.Sprintf("pts%d", number)
}

func TestProcess_terminal(t *testing.T) {
	l := startLive(t, only("process"))
	_, terminal, name := openTerminal(t)
	command := exec.Command("/bin/true")
	command.Stdin = terminal
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	require.NoError(t, command.Run())
	r := l.one(names.EventProcessExec, byPID(command.Process.Pid))
	assert.True(t, r.flag(names.ProcessInteractive))
	assert.Equal(t, name, r.str(names.ProcessTTY))
}

func TestProcess_execFromThreadIsTheProcess(t *testing.T) {
	l := startLive(t, only("process"))
	command := inRole("exec_from_thread", "/bin/true", "from a thread")
	output, err := command.CombinedOutput()
	require.NoError(t, err, string(output))
	pid := command.Process.Pid
	l.one(names.EventProcessExit, byPID(pid))
	execs := l.find(names.EventProcessExec, byPID(pid))
	require.Len(t, execs, 2, "the test binary, and what its thread executed")
	assert.Equal(t, "true", execs[1].str(names.ProcessExecutableName))
	assert.Equal(t, execs[0].str(names.ProcessCreationTime), execs[1].str(names.ProcessCreationTime))
	assert.False(t, execs[1].has(names.ThreadID), "the thread became the process")
	assert.Empty(t, l.find(names.EventProcessExecFailed, byPID(pid)))
}

func TestProcess_execFails(t *testing.T) {
	l := startLive(t, only("process"))
	d := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(d, "data"), []byte("no program"), 0o644))
	for path, reason := range map[string]string{filepath.Join(d, "absent"): "ENOENT", filepath.Join(d, "data"): "EACCES"} {
		require.Error(t, exec.Command(path).Run())
		r := l.one(names.EventProcessExecFailed, func(r record) bool { return r.str(names.ProcessFilename) == path })
		assert.Equal(t, reason, r.str(names.ErrorType))
		assert.EqualValues(t, os.Getpid(), r.num(names.ProcessParentPID), "a child of ours tried it")
	}
}

func TestProcess_exit(t *testing.T) {
	l := startLive(t, only("process"))
	for name, c := range map[string]struct {
		script string
		code   int64
		signal string
	}{
		"code":   {"exit 7", 7, ""},
		"work":   {"i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done", 0, ""},
		"signal": {"kill -TERM $$", 128 + int64(unix.SIGTERM), "SIGTERM"},
	} {
		t.Run(name, func(t *testing.T) {
			command := exec.Command("/bin/sh", "-c", c.script)
			before := time.Now()
			_ = command.Run()
			lived := time.Since(before)
			r := l.one(names.EventProcessExit, byPID(command.Process.Pid))
			usage := command.ProcessState.SysUsage().(*syscall.Rusage)
			assert.Equal(t, c.code, r.num(names.ProcessExitCode))
			assert.Equal(t, c.signal, r.str(names.ProcessExitSignal))
			assert.Equal(t, usage.Maxrss*1024, r.num(names.ProcessMemoryPeak))
			assert.LessOrEqual(t, r.double(names.ProcessRunTime), lived.Seconds())
			assert.Greater(t, r.double(names.ProcessRunTime), 0.0)
			// The exit goes on after the event, and that takes time too.
			cpu := time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
			assert.LessOrEqual(t, r.double(names.ProcessCPUTime), cpu+tickSeconds)
			if name == "work" { // others may be shorter than what the kernel measures in
				assert.InEpsilon(t, cpu, r.double(names.ProcessCPUTime), 0.2)
			}
		})
	}
}

// tickSeconds is how exactly the kernel counts the time of a process that has ended.
const tickSeconds = 0.01

func TestProcess_forkOnDemand(t *testing.T) {
	l := startLive(t, func(c *Config) {
		only("process")(c)
		c.Tracers.Process.Fork = true
	})
	command := exec.Command("/bin/true")
	require.NoError(t, command.Run())
	r := l.one(names.EventProcessFork, byPID(command.Process.Pid))
	self, err := os.Executable()
	require.NoError(t, err)
	assert.EqualValues(t, os.Getpid(), r.num(names.ProcessParentPID))
	assert.Equal(t, self, r.str(names.ProcessExecutablePath), "it runs what its parent runs")
	// Threads are no processes: no fork has a thread of ours as its own pid.
	threads, err := os.ReadDir("/proc/self/task")
	require.NoError(t, err)
	for _, thread := range threads {
		tid, err := strconv.Atoi(thread.Name())
		require.NoError(t, err)
		assert.Empty(t, l.find(names.EventProcessFork, byPID(tid)))
	}
}

func TestProcess_processesThatWereThereBefore(t *testing.T) {
	program := copyProgram(t, busybox, "earlier")
	command := exec.Command(program)
	command.Args = []string{"cat"}
	input, err := command.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	l := startLive(t, only("process"))
	require.NoError(t, input.Close())
	require.NoError(t, command.Wait())
	r := l.one(names.EventProcessExit, byPID(command.Process.Pid))
	assert.Equal(t, program, r.str(names.ProcessExecutablePath))
	assert.False(t, r.has(names.IdentityStatus))
}
