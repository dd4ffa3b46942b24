// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/process"
)

// argumentBytesMax is the longest argument that the kernel takes (MAX_ARG_STRLEN), terminator included.
const argumentBytesMax = 128 << 10

func TestProcess_longestArgument(t *testing.T) {
	l := startLive(t, only("process"))
	long := strings.Repeat("x", argumentBytesMax-1)
	command := exec.Command("/bin/true", "first", long, "last")
	require.NoError(t, command.Run())
	r := l.one(names.EventProcessExec, byPID(command.Process.Pid))
	given := len("/bin/true") + len("first") + len(long) + len("last") + 4
	assert.EqualValues(t, 4, r.num(names.ProcessArgsCount))
	assert.EqualValues(t, given-argumentsBytesDefault, r.num(names.ProcessArgsTruncated))
	kept := argumentsBytesDefault - len("/bin/true") - len("first") - 2
	assert.Equal(t, []string{"/bin/true", "first", long[:kept]}, r.strs(names.ProcessCommandArgs))
}

func TestProcess_argumentsOfAnyBytes(t *testing.T) {
	l := startLive(t, only("process"))
	command := exec.Command("/bin/true", "two\nlines", "", "bad \xff\xfe bytes", "\xe2\x82\xac", "\x01\x1b[31m")
	require.NoError(t, command.Run())
	r := l.one(names.EventProcessExec, byPID(command.Process.Pid))
	assert.Equal(t, []string{"/bin/true", "two\nlines", "", "bad \uFFFD bytes", "€", "\x01\x1b[31m"}, r.strs(names.ProcessCommandArgs))
	assert.NotContains(t, r.Body().Str(), "\n")
	assert.False(t, r.has(names.ProcessArgsTruncated))
}

// lastPID is where the kernel says which pid it gave last, and can be told.
const lastPID = "/proc/sys/kernel/ns_last_pid"

// reusePID is a role: it runs programs one right after the other, each with the pid of the one before,
// until it has a number of such pairs, and prints the pids. Their exit codes count up within a pair.
func reusePID(pairs string) error {
	wanted, err := strconv.Atoi(pairs)
	if err != nil {
		return err
	}
	run := func(code int) (int, error) {
		pid, err := syscall.ForkExec(busybox, []string{"sh", "-c", fmt.Sprintf("exit %d", code)}, &syscall.ProcAttr{})
		if err != nil {
			return 0, err
		}
		_, err = syscall.Wait4(pid, nil, 0, nil)
		return pid, err
	}
	control, err := os.OpenFile(lastPID, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	for found := 0; found < wanted; {
		first, err := run(1)
		if err != nil {
			return err
		}
		if _, err := control.WriteAt([]byte(strconv.Itoa(first-1)), 0); err != nil {
			return err
		}
		second, err := run(2)
		if err != nil {
			return err
		}
		// Somebody else may have been faster.
		if first == second {
			found++
			fmt.Println(first)
		}
	}
	return nil
}

// A pid that is given again at once stands for another process: each has its own creation time, and no
// event of one is taken for the other's.
func TestProcess_reusedPID(t *testing.T) {
	const pairs = 20
	l := startLive(t, only("process"))
	command := inRole("reuse_pid", strconv.Itoa(pairs))
	output, err := command.Output()
	require.NoError(t, err)
	pids := map[int]int{}
	for field := range strings.FieldsSeq(string(output)) {
		pid, err := strconv.Atoi(field)
		require.NoError(t, err)
		pids[pid]++
	}
	shortest := time.Hour
	for pid, times := range pids {
		// Others on this machine may get the same pid.
		ours := func(r record) bool {
			return byPID(pid)(r) && r.num(names.ProcessParentPID) == int64(command.Process.Pid)
		}
		require.Eventually(t, func() bool { return len(l.find(names.EventProcessExit, ours)) >= 2*times }, patience, 10*time.Millisecond)
		execs, exits := l.find(names.EventProcessExec, ours), l.find(names.EventProcessExit, ours)
		require.Len(t, execs, len(exits))
		seen := map[string]bool{}
		for i, executed := range execs {
			created := executed.str(names.ProcessCreationTime)
			assert.False(t, seen[created], "two processes with pid %d created at %s", pid, created)
			seen[created] = true
			assert.Equal(t, created, exits[i].str(names.ProcessCreationTime))
			code := strings.TrimPrefix(executed.strs(names.ProcessCommandArgs)[2], "exit ")
			assert.Equal(t, code, strconv.FormatInt(exits[i].num(names.ProcessExitCode), 10))
			assert.False(t, exits[i].has(names.IdentityStatus))
			if i > 0 {
				createdAt, err := time.Parse(time.RFC3339Nano, created)
				require.NoError(t, err)
				shortest = min(shortest, createdAt.Sub(exits[i-1].Timestamp().AsTime()))
			}
		}
	}
	t.Logf("the shortest time between an exit and the next process of the same pid was %s", shortest)
}

// ownCgroup makes a cgroup for the processes of a test and returns its folder, and its path as events
// have it.
func ownCgroup(t *testing.T) (folder, path string) {
	t.Helper()
	hierarchy, err := process.FindHierarchy()
	require.NoError(t, err)
	path = fmt.Sprintf("/meerkat-test-%d-%s", os.Getpid(), strings.ToLower(strings.ReplaceAll(t.Name(), "/", "-")))
	folder = filepath.Join(hierarchy.MountPoint, path)
	require.NoError(t, os.Mkdir(folder, 0o755))
	t.Cleanup(func() {
		require.Eventually(t, func() bool {
			err := os.Remove(folder)
			return err == nil || errors.Is(err, os.ErrNotExist)
		}, patience, 10*time.Millisecond)
	})
	return folder, path
}

// Thousands of processes in a short time: each is told once, when it begins and when it ends, and the
// counts say the same.
func TestProcess_forkStorm(t *testing.T) {
	const forks, atOnce = 4000, 50
	l := startLive(t, func(c *Config) {
		only("process")(c)
		c.Tracers.Process.Fork = true
		c.MetricsInterval = metricsIntervalMin
	})
	folder, path := ownCgroup(t)
	command := exec.Command(busybox)
	command.Args = []string{"sh", "-c", fmt.Sprintf(
		"read go; i=0; while [ $i -lt %d ]; do (exit 3) & i=$((i+1)); [ $((i %% %d)) = 0 ] && wait; done; wait", forks, atOnce)}
	input, err := command.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	require.NoError(t, os.WriteFile(filepath.Join(folder, "cgroup.procs"), []byte(strconv.Itoa(command.Process.Pid)), 0))
	_, err = io.WriteString(input, "\n")
	require.NoError(t, err)
	require.NoError(t, command.Wait())

	l.one(names.EventProcessExit, byPID(command.Process.Pid))
	isChild := func(r record) bool { return r.num(names.ProcessParentPID) == int64(command.Process.Pid) }
	require.Eventually(t, func() bool { return len(l.find(names.EventProcessExit, isChild)) >= forks }, patience, 100*time.Millisecond)
	for _, event := range []string{names.EventProcessFork, names.EventProcessExit} {
		found := l.find(event, isChild)
		assert.Len(t, found, forks, event)
		processes := map[string]bool{}
		for _, r := range found {
			processes[r.str(names.ProcessPID)+r.str(names.ProcessCreationTime)] = true
			assert.Equal(t, programOf(t, busybox), r.str(names.ProcessExecutablePath), "what the parent runs")
		}
		assert.Len(t, processes, forks, "%s: each of another process", event)
	}
	require.Eventually(t, func() bool { return l.counts(path)[names.MetricProcessExits] >= forks+1 }, patience, 100*time.Millisecond)
	assert.EqualValues(t, forks, l.counts(path)[names.MetricProcessForks])
	assert.EqualValues(t, forks+1, l.counts(path)[names.MetricProcessExits], "with the shell itself")
}

// In namespaces of its own a process has another pid, user and file system; what is told is the host's
// view, and the pid inside.
func TestProcess_inNamespacesOfItsOwn(t *testing.T) {
	const hostUser = 123456
	l := startLive(t, only("process"))
	program := copyProgram(t, busybox, "observed")
	command := exec.Command(program)
	command.Args = []string{"cat"}
	command.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNS | unix.CLONE_NEWNET | unix.CLONE_NEWCGROUP |
			unix.CLONE_NEWUTS | unix.CLONE_NEWIPC,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: hostUser, Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: hostUser, Size: 1}},
		Credential:  &syscall.Credential{Uid: 0, Gid: 0, NoSetGroups: true},
	}
	pid := hold(t, command)
	r := l.one(names.EventProcessExec, byPID(pid))
	assert.Equal(t, program, r.str(names.ProcessExecutablePath))
	assertIsFile(t, r, program)
	assert.EqualValues(t, 1, r.num(names.ProcessVPID))
	assert.EqualValues(t, hostUser, r.num(names.ProcessUserID))
	assert.EqualValues(t, hostUser, r.num(names.ProcessGroupID))
	assert.EqualValues(t, os.Getpid(), r.num(names.ProcessParentPID))
	assert.Equal(t, capabilitiesIn(t, pid), r.capabilityCount(), "all of its own user namespace")
	groups, err := os.ReadFile("/proc/self/cgroup")
	require.NoError(t, err)
	path, _ := r.Resource.Attributes().Get(names.CgroupPath)
	assert.Contains(t, string(groups), ":"+path.Str()+"\n", "as seen from outside")
}
