// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"bufio"
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
)

// startUnixServer starts a process that listens, as another user if attributes say so.
func startUnixServer(t *testing.T, address string, attributes *syscall.SysProcAttr) *exec.Cmd {
	t.Helper()
	server := inRole("serve_unix", address)
	server.SysProcAttr = attributes
	server.Stderr = os.Stderr
	output, err := server.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, server.Start())
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	})
	line, err := bufio.NewReader(output).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "ready\n", line)
	return server
}

// connectTo connects this process and returns what SO_PEERCRED says of the other end.
func connectTo(t *testing.T, address string) *unix.Ucred {
	t.Helper()
	fd := openSocket(t, unix.AF_UNIX, unix.SOCK_STREAM, 0)
	require.NoError(t, unix.Connect(fd, &unix.SockaddrUnix{Name: address}))
	peer, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	require.NoError(t, err)
	return peer
}

func toAddress(address string) func(record) bool {
	return func(r record) bool { return byPID(os.Getpid())(r) && r.str(names.NetworkPeerAddress) == address }
}

func TestIPC_peer(t *testing.T) {
	l := startLive(t, only("ipc", "process"))
	d := t.TempDir()
	require.NoError(t, os.Chmod(d, 0o777))
	for name, c := range map[string]struct {
		address, told string
		attributes    *syscall.SysProcAttr
	}{
		"path":         {filepath.Join(d, "a.sock"), filepath.Join(d, "a.sock"), nil},
		"abstract":     {fmt.Sprintf("@meerkat-peer-%d", os.Getpid()), fmt.Sprintf("@meerkat-peer-%d", os.Getpid()), nil},
		"another user": {fmt.Sprintf("@meerkat-nobody-%d", os.Getpid()), fmt.Sprintf("@meerkat-nobody-%d", os.Getpid()), nobody()},
	} {
		t.Run(name, func(t *testing.T) {
			server := startUnixServer(t, c.address, c.attributes)
			peer := connectTo(t, c.address)
			r := l.one(names.EventIPCConnect, toAddress(c.told))
			assert.EqualValues(t, server.Process.Pid, r.num(names.IPCPeerPID))
			assert.EqualValues(t, peer.Pid, r.num(names.IPCPeerPID))
			assert.EqualValues(t, peer.Uid, r.num(names.IPCPeerUserID))
			executable, err := os.Executable()
			require.NoError(t, err)
			assert.Equal(t, executable, r.str(names.IPCPeerExecutablePath))
			assert.Equal(t, filepath.Base(executable), r.str(names.IPCPeerExecutableName))
			started := l.one(names.EventProcessExec, byPID(server.Process.Pid))
			assert.Equal(t, started.str(names.ProcessCreationTime), r.str(names.IPCPeerCreationTime))
			comm, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(server.Process.Pid), "comm"))
			require.NoError(t, err)
			// The process was executed as /proc/self/exe.
			assert.Equal(t, strings.TrimSpace(string(comm)), r.str(names.IPCPeerThreadName))
			assert.Equal(t, "unix", r.str(names.NetworkTransport))
			assert.Equal(t, "stream", r.str(names.SocketType))
			if !strings.HasPrefix(c.address, "@") {
				var stat unix.Stat_t
				require.NoError(t, unix.Stat(c.address, &stat))
				assert.EqualValues(t, stat.Ino, r.num(names.FileInode))
			} else {
				assert.False(t, r.has(names.FileInode))
			}
			for _, absent := range []string{names.ErrorType, names.IPCPeerAddress, names.IPCPeerCgroupPath, names.IPCPeerContainerID} {
				assert.False(t, r.has(absent), absent)
			}
			assertProcessIs(t, r, os.Getpid())
		})
	}
}

// A path has as many names as there are ways to it.
func TestIPC_peerByAnotherPath(t *testing.T) {
	l := startLive(t, only("ipc"))
	d := t.TempDir()
	startUnixServer(t, filepath.Join(d, "a.sock"), nil)
	t.Chdir(d)
	require.NoError(t, os.Symlink("a.sock", "link"))
	connectTo(t, "link")
	r := l.one(names.EventIPCConnect, toAddress("link"))
	assert.Equal(t, filepath.Join(d, "a.sock"), r.str(names.IPCPeerAddress))
}

// The process that called listen may be gone while others accept what comes.
func TestIPC_peerIsGone(t *testing.T) {
	l := startLive(t, only("ipc"))
	address := fmt.Sprintf("@meerkat-gone-%d", os.Getpid())
	server := inRole("leave_listener", address)
	input, err := server.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, server.Start())
	pid := server.Process.Pid
	_, err = server.Process.Wait()
	require.NoError(t, err)
	t.Cleanup(func() { _ = input.Close() })
	connectTo(t, address)
	r := l.one(names.EventIPCConnect, toAddress(address))
	assert.EqualValues(t, pid, r.num(names.IPCPeerPID))
	assert.EqualValues(t, 0, r.num(names.IPCPeerUserID))
	assert.True(t, r.has(names.IPCPeerUserID))
	assert.False(t, r.has(names.IPCPeerCreationTime))
	assert.Contains(t, r.Body().Str(), "of a process that is gone")
}

func TestIPC_connectsThatFailOrHaveNoPeer(t *testing.T) {
	l := startLive(t, only("ipc"))
	d := t.TempDir()
	missing, refusing, log := filepath.Join(d, "missing"), filepath.Join(d, "refusing"), filepath.Join(d, "log")
	bound := openSocket(t, unix.AF_UNIX, unix.SOCK_STREAM, 0)
	require.NoError(t, unix.Bind(bound, &unix.SockaddrUnix{Name: refusing}))
	for address, want := range map[string]unix.Errno{missing: unix.ENOENT, refusing: unix.ECONNREFUSED} {
		fd := openSocket(t, unix.AF_UNIX, unix.SOCK_STREAM, 0)
		require.ErrorIs(t, unix.Connect(fd, &unix.SockaddrUnix{Name: address}), want)
		r := l.one(names.EventIPCConnect, toAddress(address))
		assert.Equal(t, unix.ErrnoName(want), r.str(names.ErrorType))
		assert.False(t, r.has(names.IPCPeerPID))
	}
	receiver := openSocket(t, unix.AF_UNIX, unix.SOCK_DGRAM, 0)
	require.NoError(t, unix.Bind(receiver, &unix.SockaddrUnix{Name: log}))
	fd := openSocket(t, unix.AF_UNIX, unix.SOCK_DGRAM, 0)
	require.NoError(t, unix.Connect(fd, &unix.SockaddrUnix{Name: log}))
	r := l.one(names.EventIPCConnect, toAddress(log))
	assert.Equal(t, "dgram", r.str(names.SocketType))
	assert.False(t, r.has(names.IPCPeerPID))
	var stat unix.Stat_t
	require.NoError(t, unix.Stat(log, &stat))
	assert.EqualValues(t, stat.Ino, r.num(names.FileInode))

	// Sockets of other families are none of these.
	inet := openSocket(t, unix.AF_INET, unix.SOCK_DGRAM, 0)
	require.NoError(t, unix.Connect(inet, &unix.SockaddrInet4{Port: 4244, Addr: [4]byte{127, 0, 0, 1}}))
	l.balance("ipc")
	assert.Empty(t, l.find(names.EventIPCConnect, func(r record) bool { return byPID(os.Getpid())(r) && !r.has(names.NetworkPeerAddress) }))
}

func TestIPC_metrics(t *testing.T) {
	l := startLive(t, func(c *Config) {
		only("ipc")(c)
		c.MetricsInterval = metricsIntervalMin
	})
	folder, path := ownCgroup(t)
	user := inRole("use_ipc", t.TempDir())
	user.Stderr = os.Stderr
	input, err := user.StdinPipe()
	require.NoError(t, err)
	output, err := user.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, user.Start())
	t.Cleanup(func() {
		_ = input.Close()
		_ = user.Wait()
	})
	require.NoError(t, os.WriteFile(filepath.Join(folder, "cgroup.procs"), []byte(strconv.Itoa(user.Process.Pid)), 0))
	_, err = io.WriteString(input, "go\n")
	require.NoError(t, err)
	line, err := bufio.NewReader(output).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "done\n", line)
	want := map[string]int64{names.MetricIPCFailures: 1}
	for _, operation := range []string{"get", "attach", "remove", "open", "create", "connect"} {
		want[names.MetricIPCOperations+" "+operation] = 1
	}
	l.assertCounts(path, "meerkat.ipc.", want)
	require.NoError(t, input.Close())
	require.NoError(t, user.Wait())
}

// Two containers that share a folder, in which it has another name for each, meet at a socket.
func TestContainer_meetAtASocket(t *testing.T) {
	c := startContainerd(t)
	l := startLive(t, only("ipc", "process"))
	shared := t.TempDir()
	executable, err := os.Executable()
	require.NoError(t, err)
	mounts := func(at string) []string {
		options := []string{
			"--mount", "type=bind,src=" + shared + ",dst=" + at + ",options=rbind:rw",
			"--mount", "type=bind,src=" + executable + ",dst=/bin/role,options=bind:ro",
		}
		// What the program is linked with, if it is.
		for _, libraries := range []string{"/lib", "/lib64", "/usr/lib"} {
			if _, err := os.Stat(libraries); err == nil {
				options = append(options, "--mount", "type=bind,src="+libraries+",dst="+libraries+",options=rbind:ro")
			}
		}
		return options
	}
	server, client := containerID(400), containerID(401)
	served := make(chan string, 1)
	go func() {
		served <- c.run(server, roleVariable+"=serve_unix /bin/role /shared/a.sock", mounts("/shared")...)
	}()
	socket := filepath.Join(shared, "a.sock")
	require.Eventually(t, func() bool {
		listening, err := os.ReadFile("/proc/net/unix")
		// Flag __SO_ACCEPTCON: it listens.
		return err == nil && strings.Contains(string(listening), " 00010000 0001 01 ") && strings.Contains(string(listening), " /shared/a.sock\n")
	}, patience, 10*time.Millisecond)
	var stat unix.Stat_t
	require.NoError(t, unix.Stat(socket, &stat))
	printed := c.run(client, "/bin/busybox cat /proc/self/cgroup; "+roleVariable+"=connect_unix /bin/role /elsewhere/a.sock; exit $?", mounts("/elsewhere")...)
	assert.Equal(t, "ready\n", <-served)

	r := l.one(names.EventIPCConnect, func(r record) bool {
		return inContainer(client)(r) && r.str(names.NetworkPeerAddress) == "/elsewhere/a.sock"
	})
	l.assertContainer(r, client, printed)
	assert.False(t, r.has(names.ErrorType))
	assert.Equal(t, "/shared/a.sock", r.str(names.IPCPeerAddress))
	assert.EqualValues(t, stat.Ino, r.num(names.FileInode))
	assert.Equal(t, server, r.str(names.IPCPeerContainerID))
	assert.True(t, strings.HasSuffix(r.str(names.IPCPeerCgroupPath), "/"+server), r.str(names.IPCPeerCgroupPath))
	assert.Equal(t, "/bin/role", r.str(names.IPCPeerExecutablePath))
	started := l.one(names.EventProcessExec, func(r record) bool {
		return inContainer(server)(r) && r.str(names.ProcessExecutablePath) == "/bin/role"
	})
	assert.Equal(t, started.num(names.ProcessPID), r.num(names.IPCPeerPID))
	assert.Equal(t, started.str(names.ProcessCreationTime), r.str(names.IPCPeerCreationTime))
}
