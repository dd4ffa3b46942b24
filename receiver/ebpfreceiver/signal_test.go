// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
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
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/process"
)

// asUser lets a command run as another user.
func asUser(command *exec.Cmd, uid uint32) *exec.Cmd {
	command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	return command
}

// cgroupFolder makes a cgroup in the hierarchy that names workloads, and returns its folder and its path
// as /proc shows it.
func cgroupFolder(t *testing.T, name string) (folder, path string) {
	t.Helper()
	hierarchy, err := process.FindHierarchy()
	require.NoError(t, err)
	folder = filepath.Join(hierarchy.MountPoint, name)
	require.NoError(t, os.Mkdir(folder, 0o755))
	t.Cleanup(func() {
		// Processes leave it some time after their parent knows of their end.
		require.Eventually(t, func() bool { return os.Remove(folder) == nil }, patience, 10*time.Millisecond)
	})
	return folder, filepath.Join("/", name)
}

// joinCgroup puts a process into a cgroup.
func joinCgroup(t *testing.T, folder string, pid int) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "cgroup.procs"), []byte(strconv.Itoa(pid)), 0))
}

// sendAs plays a process that makes the given calls, and returns its pid.
func sendAs(t *testing.T, calls ...string) int {
	t.Helper()
	command := asUser(inRole("send_signals", calls...), 0)
	output, err := command.CombinedOutput()
	require.NoError(t, err, string(output))
	return command.Process.Pid
}

func kill(pid int, number syscall.Signal) string { return fmt.Sprintf("kill %d %d", pid, number) }

// signalTo matches signals to one process.
func signalTo(pid int, number syscall.Signal) func(record) bool {
	return func(r record) bool {
		return r.num(names.SignalTargetPID) == int64(pid) && r.str(names.SignalName) == unix.SignalName(number)
	}
}

func TestSignal_acrossUsers(t *testing.T) {
	l := startLive(t, only("signal"))
	program := copyProgram(t, busybox, "victim")
	command := asUser(exec.Command(program), 1234)
	command.Args = []string{"cat"}
	pid := hold(t, command)
	proc, err := procfs.NewProc(pid)
	require.NoError(t, err)
	stat, err := proc.Stat()
	require.NoError(t, err)
	sender := sendAs(t, kill(pid, unix.SIGQUIT))

	r := l.one(names.EventSignalSend, signalTo(pid, unix.SIGQUIT))
	assert.EqualValues(t, sender, r.num(names.ProcessPID))
	assert.EqualValues(t, 0, r.num(names.ProcessUserID))
	assert.EqualValues(t, unix.SIGQUIT, r.num(names.SignalNumber))
	assert.Equal(t, "SI_USER", r.str(names.SignalCode))
	assert.Equal(t, []string{"user"}, r.strs(names.SignalCrosses))
	assert.Equal(t, "delivered", r.str(names.SignalResult))
	assert.Equal(t, "default", r.str(names.SignalHandling))
	assert.Equal(t, program, r.str(names.SignalTargetExecutablePath))
	assert.Equal(t, "victim", r.str(names.SignalTargetExecutableName))
	assert.EqualValues(t, 1234, r.num(names.SignalTargetUserID))
	created, err := time.Parse(time.RFC3339Nano, r.str(names.SignalTargetCreationTime))
	require.NoError(t, err)
	assert.WithinDuration(t, startOf(t, stat), created, time.Second)
	for _, absent := range []string{names.SignalTargetCgroupPath, names.SignalTargetCgroupID, names.SignalTargetContainerID, names.SignalTargetThreadName} {
		assert.False(t, r.has(absent), absent)
	}
	assert.Contains(t, r.Body().Str(), fmt.Sprintf("sent SIGQUIT to victim (pid %d)", pid))
}

func TestSignal_acrossCgroups(t *testing.T) {
	l := startLive(t, only("signal"))
	folder, path := cgroupFolder(t, "meerkat-test-signal")
	pid := hold(t, exec.Command(busybox, "cat"))
	joinCgroup(t, folder, pid)
	sendAs(t, kill(pid, unix.SIGSTOP), kill(pid, unix.SIGCONT), kill(pid, unix.SIGKILL))
	for _, number := range []syscall.Signal{unix.SIGSTOP, unix.SIGKILL} {
		r := l.one(names.EventSignalSend, signalTo(pid, number))
		assert.Equal(t, []string{"cgroup"}, r.strs(names.SignalCrosses))
		assert.Equal(t, path, r.str(names.SignalTargetCgroupPath))
		assert.False(t, r.has(names.SignalTargetContainerID))
	}
	l.stop()
	assert.Empty(t, l.find(names.EventSignalSend, signalTo(pid, unix.SIGCONT)), "it neither kills nor stops")
}

// The init process of a pid namespace ignores from inside what it has no handler for, and from outside
// all but SIGKILL and SIGSTOP.
func TestSignal_toInit(t *testing.T) {
	l := startLive(t, only("signal"))
	command := exec.Command(busybox, "sh", "-c", "(kill -TERM 1); exec cat")
	command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWPID}
	pid := hold(t, command)
	inside := l.one(names.EventSignalSend, signalTo(pid, unix.SIGTERM))
	outside := sendAs(t, kill(pid, unix.SIGQUIT), kill(pid, unix.SIGKILL))
	ignored := l.one(names.EventSignalSend, signalTo(pid, unix.SIGQUIT))
	killed := l.one(names.EventSignalSend, signalTo(pid, unix.SIGKILL))
	for _, r := range []record{inside, ignored, killed} {
		assert.Equal(t, []string{"init"}, r.strs(names.SignalCrosses))
		assert.Equal(t, "default", r.str(names.SignalHandling))
	}
	assert.EqualValues(t, pid, inside.num(names.ProcessParentPID))
	assert.Equal(t, "ignored", inside.str(names.SignalResult))
	assert.EqualValues(t, outside, ignored.num(names.ProcessPID))
	assert.Equal(t, "ignored", ignored.str(names.SignalResult))
	assert.Equal(t, "delivered", killed.str(names.SignalResult))
}

func TestContainer_signal(t *testing.T) {
	c := startContainerd(t)
	l := startLive(t, only("signal"))
	id := containerID(21)
	pid := c.start(id, "exec /bin/busybox cat /dev/zero > /dev/null")
	sender := sendAs(t, kill(pid, unix.SIGSTOP))
	r := l.one(names.EventSignalSend, func(r record) bool { return signalTo(pid, unix.SIGSTOP)(r) && byPID(sender)(r) })
	assert.Equal(t, []string{"cgroup", "init"}, r.strs(names.SignalCrosses))
	assert.Equal(t, id, r.str(names.SignalTargetContainerID))
	assert.True(t, strings.HasSuffix(r.str(names.SignalTargetCgroupPath), "/"+id), r.str(names.SignalTargetCgroupPath))
	assert.False(t, inContainer(id)(r), "the resource is that of the sender")

	// The runtime's own way: the shim has runc do it.
	c.kill(id, "SIGKILL")
	r = l.one(names.EventSignalSend, signalTo(pid, unix.SIGKILL))
	assert.Equal(t, "runc", r.str(names.ProcessExecutableName))
	assert.Equal(t, id, r.str(names.SignalTargetContainerID))
}

func TestSignal_whatTheTargetDoes(t *testing.T) {
	l := startLive(t, only("signal"))
	// It has one thread, which never blocks a signal for a moment: what is blocked is not ignored.
	command := asUser(exec.Command(busybox, "sh", "-c", "trap '' HUP; trap : TERM; echo ready; read first; read second"), 1234)
	output, err := command.StdoutPipe()
	require.NoError(t, err)
	pid := hold(t, command)
	line, err := bufio.NewReader(output).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "ready\n", line)
	const queuedCode = -77
	sendAs(t, kill(pid, unix.SIGTERM), kill(pid, unix.SIGHUP), fmt.Sprintf("queue %d %d %d", queuedCode, pid, 40))

	r := l.one(names.EventSignalSend, signalTo(pid, unix.SIGTERM))
	assert.Equal(t, []string{"handler", "delivered"}, []string{r.str(names.SignalHandling), r.str(names.SignalResult)})
	r = l.one(names.EventSignalSend, signalTo(pid, unix.SIGHUP))
	assert.Equal(t, []string{"ignore", "ignored"}, []string{r.str(names.SignalHandling), r.str(names.SignalResult)})
	r = l.one(names.EventSignalSend, func(r record) bool {
		return r.num(names.SignalTargetPID) == int64(pid) && r.num(names.SignalNumber) == 40
	})
	assert.Equal(t, []string{"SIGRTMIN+6", "-77"}, []string{r.str(names.SignalName), r.str(names.SignalCode)})
}

// A sender may say that its signal comes from a timer. That of a timer is no event, whoever runs when it
// expires.
func TestSignal_timers(t *testing.T) {
	const siTimer, expirations = -2, 50
	l := startLive(t, only("signal"))
	victim := hold(t, asUser(exec.Command(busybox, "cat"), 1234))
	sendAs(t, fmt.Sprintf("queue %d %d %d", siTimer, victim, unix.SIGUSR1))
	r := l.one(names.EventSignalSend, signalTo(victim, unix.SIGUSR1))
	assert.Equal(t, "SI_TIMER", r.str(names.SignalCode))

	before := l.balance("signal")["send"]
	command := asUser(inRole("expire_timers", strconv.Itoa(expirations)), 1234)
	require.NoError(t, command.Run())
	delta := difference(l.balance("signal")["send"], before)
	assert.GreaterOrEqual(t, delta.Filtered, uint64(expirations))
	l.stop()
	assert.Empty(t, l.find(names.EventSignalSend, signalTo(command.Process.Pid, unix.SIGUSR1)))
}

// processGroup lists the members of a process group.
func processGroup(t *testing.T, group int) []string {
	t.Helper()
	all, err := procfs.AllProcs()
	require.NoError(t, err)
	var members []string
	for _, proc := range all {
		// Some end meanwhile.
		if stat, err := proc.Stat(); err == nil && stat.PGRP == group {
			members = append(members, strconv.Itoa(proc.PID))
		}
	}
	return members
}

// A process gets a signal once, however many threads it has, and each process of a group gets its own.
func TestSignal_groups(t *testing.T) {
	l := startLive(t, only("signal"))
	leader := exec.Command("sh", "-c", "cat <&3 & cat <&3 & wait")
	input, kept, err := os.Pipe()
	require.NoError(t, err)
	defer kept.Close()
	defer input.Close()
	leader.ExtraFiles = []*os.File{input}
	leader.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: &syscall.Credential{Uid: 1234, Gid: 1234}}
	pid := hold(t, leader)
	members := func() []string { return processGroup(t, pid) }
	require.Eventually(t, func() bool { return len(members()) == 3 }, patience, 10*time.Millisecond)
	want := members()
	sender := sendAs(t, kill(-pid, unix.SIGTERM))
	var got []string
	require.Eventually(t, func() bool {
		got = nil
		for _, r := range l.find(names.EventSignalSend, byPID(sender)) {
			got = append(got, r.str(names.SignalTargetPID))
		}
		return len(got) >= len(want)
	}, patience, 10*time.Millisecond)
	l.stop()
	assert.ElementsMatch(t, want, got)

	l = startLive(t, only("signal"))
	threads := hold(t, asUser(inRole("wait"), 1234))
	require.Eventually(t, func() bool {
		tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", threads))
		return err == nil && len(tasks) > 1
	}, patience, 10*time.Millisecond, "Go programs have several threads")
	sendAs(t, kill(threads, unix.SIGKILL))
	l.one(names.EventSignalSend, signalTo(threads, unix.SIGKILL))
	l.stop()
	assert.Len(t, l.find(names.EventSignalSend, signalTo(threads, unix.SIGKILL)), 1)
}

// What stays within a user and a cgroup is counted, and no event.
func TestSignal_within(t *testing.T) {
	const signals = 20
	l := startLive(t, only("signal"))
	before := l.balance("signal")["send"]
	var pids []int
	for range signals {
		pid := hold(t, exec.Command(busybox, "cat"))
		pids = append(pids, pid)
		sendAs(t, kill(pid, unix.SIGKILL))
	}
	delta := difference(l.balance("signal")["send"], before)
	assert.GreaterOrEqual(t, delta.Filtered, uint64(signals))
	assert.Zero(t, delta.lost())
	l.stop()
	for _, pid := range pids {
		assert.Empty(t, l.find(names.EventSignalSend, signalTo(pid, unix.SIGKILL)))
	}
}
