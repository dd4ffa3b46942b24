// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"errors"
	"fmt"
	"io"
	"math/bits"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// containers runs containers under a containerd of its own.
type containers struct {
	t       *testing.T
	address string
	rootfs  string
}

// containerdLock keeps other runs of these tests waiting.
const containerdLock = "/run/lock/meerkat-test-containerd"

// startContainerd starts containerd for the duration of a test. It keeps its state where every
// containerd does, so there must be no other one.
func startContainerd(t *testing.T) *containers {
	t.Helper()
	lock, err := os.OpenFile(containerdLock, os.O_CREATE|os.O_RDWR, 0o600)
	require.NoError(t, err)
	require.NoError(t, syscall.Flock(int(lock.Fd()), syscall.LOCK_EX))
	t.Cleanup(func() { _ = lock.Close() })
	d := t.TempDir()
	c := &containers{t: t, address: filepath.Join(d, "containerd.sock"), rootfs: filepath.Join(d, "rootfs")}
	logFile, err := os.Create(filepath.Join(d, "containerd.log"))
	require.NoError(t, err)
	daemon := exec.Command("containerd", "--config", "/dev/null", "--root", filepath.Join(d, "root"), "--address", c.address)
	daemon.Stdout, daemon.Stderr = logFile, logFile
	require.NoError(t, daemon.Start(), "install containerd")
	t.Cleanup(func() {
		_ = daemon.Process.Signal(syscall.SIGTERM)
		_ = daemon.Wait()
		_ = logFile.Close()
	})
	require.Eventually(t, func() bool {
		return exec.Command("ctr", "--address", c.address, "version").Run() == nil
	}, patience, 50*time.Millisecond, "containerd does not answer; its log is %s", logFile.Name())

	require.NoError(t, os.MkdirAll(filepath.Join(c.rootfs, "bin"), 0o755))
	program, err := os.ReadFile(busybox)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(c.rootfs, "bin/busybox"), program, 0o755))
	for _, folder := range []string{"proc", "sys", "dev", "tmp", "etc"} {
		require.NoError(t, os.Mkdir(filepath.Join(c.rootfs, folder), 0o755))
	}
	return c
}

// run runs a script in a container of the host's network and returns what it printed.
func (c *containers) run(id, script string, options ...string) string {
	c.t.Helper()
	arguments := append([]string{"--address", c.address, "run", "--rm", "--net-host"}, options...)
	arguments = append(arguments, "--rootfs", c.rootfs, id, "/bin/busybox", "sh", "-c", script)
	// What ctr complains of stands beside it: a newer one warns of every version 1 of cgroups.
	output, err := exec.Command("ctr", arguments...).Output()
	if _, exited := errors.AsType[*exec.ExitError](err); !exited {
		require.NoError(c.t, err)
	}
	return string(output)
}

// start runs a script in a container that goes on, and returns the pid of its first process.
func (c *containers) start(id, script string, options ...string) int {
	c.t.Helper()
	arguments := append([]string{"run", "--detach", "--net-host"}, options...)
	c.ask(append(arguments, "--rootfs", c.rootfs, id, "/bin/busybox", "sh", "-c", script)...)
	c.t.Cleanup(func() {
		// It may have ended.
		_ = exec.Command("ctr", "--address", c.address, "task", "kill", "--signal", "SIGKILL", id).Run()
		require.Eventually(c.t, func() bool {
			return exec.Command("ctr", "--address", c.address, "task", "delete", id).Run() == nil
		}, patience, 50*time.Millisecond)
		c.ask("container", "delete", id)
	})
	for line := range strings.Lines(c.ask("task", "list")) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == id {
			pid, err := strconv.Atoi(fields[1])
			require.NoError(c.t, err, line)
			return pid
		}
	}
	require.Fail(c.t, "the container does not run", id)
	return 0
}

// kill sends a signal to the first process of a container.
func (c *containers) kill(id, signal string) { c.ask("task", "kill", "--signal", signal, id) }

// ask gives containerd a command, and returns what it answers.
func (c *containers) ask(arguments ...string) string {
	c.t.Helper()
	output, err := c.ctr(arguments...).CombinedOutput()
	require.NoError(c.t, err, string(output))
	return string(output)
}

// containerID is in the form that runtimes give to ids.
func containerID(n int) string { return fmt.Sprintf("%064x", 0xfeed0000+n) }

func inContainer(id string) func(record) bool {
	return func(r record) bool {
		v, ok := r.Resource.Attributes().Get(names.ContainerID)
		return ok && v.Str() == id
	}
}

func TestContainer_everyEventNamesItsContainer(t *testing.T) {
	c := startContainerd(t)
	l := startLive(t, func(config *Config) { config.MetricsInterval = metricsIntervalMin })
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = io.Copy(io.Discard, connection)
			_ = connection.Close()
		}
	}()
	port := portOf(listener.Addr())
	for name, id := range map[string]string{"generated id": containerID(1), "chosen name": "meerkat-test-web"} {
		t.Run(name, func(t *testing.T) {
			printed := c.run(id, fmt.Sprintf(
				"/bin/busybox cat /proc/self/cgroup; echo > /tmp/%s; echo hello | /bin/busybox nc 127.0.0.1 %d; /bin/nothing; exit 0", id, port))
			mine := inContainer(id)
			shell := l.one(names.EventProcessExec, func(r record) bool { return mine(r) && r.num(names.ProcessVPID) == 1 })
			assert.Equal(t, "/bin/busybox", shell.str(names.ProcessExecutablePath))
			assert.Equal(t, "sh", shell.strs(names.ProcessCommandArgs)[1])
			l.assertContainer(shell, id, printed)
			assert.False(t, shell.has(names.ProcessCapabilities), "these are the ordinary ones")
			pid := shell.num(names.ProcessPID)

			file := l.one(names.EventFileCreate, func(r record) bool { return mine(r) && at("/tmp/"+id)(r) })
			assert.Equal(t, pid, file.num(names.ProcessPID))
			l.assertContainer(file, id, printed)
			connect := l.one(names.EventTCPConnect, func(r record) bool { return mine(r) && r.num(names.ServerPort) == port })
			assert.Equal(t, "busybox", connect.str(names.ProcessExecutableName))
			assert.Equal(t, pid, connect.num(names.ProcessParentPID))
			l.one(names.EventTCPClose, func(r record) bool { return mine(r) && r.str(names.ConnectionSide) == "client" })
			failed := l.one(names.EventProcessExecFailed, mine)
			assert.Equal(t, "/bin/nothing", failed.str(names.ProcessFilename))
			exit := l.one(names.EventProcessExit, func(r record) bool { return mine(r) && r.num(names.ProcessPID) == pid })
			assert.EqualValues(t, 0, exit.num(names.ProcessExitCode))
			l.assertContainer(exit, id, printed)

			require.Eventually(t, func() bool {
				return l.countsOf(names.ContainerID, id)[names.MetricProcessExecs] == int64(len(l.find(names.EventProcessExec, mine)))
			}, patience, 100*time.Millisecond)
			assert.EqualValues(t, 1, l.countsOf(names.ContainerID, id)[names.MetricTCPOpened])
			assert.EqualValues(t, 1, l.countsOf(names.ContainerID, id)[names.MetricProcessExecFailures])
		})
	}
}

// resource returns an attribute of a record's resource, empty if there is none.
func (l *live) resource(r record, name string) string {
	v, ok := r.Resource.Attributes().Get(name)
	if !ok {
		return ""
	}
	return v.AsString()
}

// assertContainer compares the resource with what the container itself saw.
func (l *live) assertContainer(r record, id, cgroups string) {
	l.t.Helper()
	attribute := func(name string) string { return l.resource(r, name) }
	assert.Equal(l.t, id, attribute(names.ContainerID))
	assert.Equal(l.t, "containerd", attribute(names.ContainerRuntimeName))
	path := attribute(names.CgroupPath)
	assert.True(l.t, strings.HasSuffix(path, "/"+id), path)
	var found bool
	for line := range strings.Lines(cgroups) {
		_, seen, _ := strings.Cut(strings.TrimSpace(line[strings.Index(line, ":")+1:]), ":")
		// In a cgroup namespace of its own the container sees the root.
		found = found || seen == path || seen == "/"
	}
	assert.True(l.t, found, "%s is not among\n%s", path, cgroups)
	host, err := os.Hostname()
	require.NoError(l.t, err)
	assert.Equal(l.t, host, attribute(names.HostName))
}

func TestContainer_privileged(t *testing.T) {
	c := startContainerd(t)
	l := startLive(t, only("process"))
	id := containerID(2)
	printed := c.run(id, "/bin/busybox grep CapEff /proc/self/status", "--privileged")
	set, err := strconv.ParseUint(strings.TrimSpace(strings.TrimPrefix(printed, "CapEff:")), 16, 64)
	require.NoError(t, err, printed)
	grep := l.one(names.EventProcessExec, func(r record) bool {
		return inContainer(id)(r) && slices.Contains(r.strs(names.ProcessCommandArgs), "grep")
	})
	assert.Equal(t, bits.OnesCount64(set), grep.capabilityCount())
}

// exec runs a command in a container that runs, and returns what it printed.
func (c *containers) exec(id string, command ...string) string {
	c.t.Helper()
	arguments := append([]string{"--address", c.address, "task", "exec", "--exec-id", "probe", id}, command...)
	output, err := exec.Command("ctr", arguments...).CombinedOutput()
	require.NoError(c.t, err, string(output))
	return string(output)
}

// Containers that are gone at once still get their names, each of them.
func TestContainer_shortLived(t *testing.T) {
	const number = 10
	c := startContainerd(t)
	l := startLive(t, only("process"))
	for n := range number {
		c.run(containerID(100+n), "exit "+strconv.Itoa(n))
	}
	for n := range number {
		exit := l.one(names.EventProcessExit, func(r record) bool {
			return inContainer(containerID(100+n))(r) && r.str(names.ProcessExecutableName) == "busybox"
		})
		assert.EqualValues(t, n, exit.num(names.ProcessExitCode))
	}
}
