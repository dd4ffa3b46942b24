// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// heldSocket is what the role below says of a socket.
type heldSocket struct {
	Inode   int64
	Address string
	Port    int64
}

// holdSocket opens a socket, gives it an address and, with a backlog, makes it listen.
func holdSocket(family, kind, protocol int, to unix.Sockaddr, backlog int) (int, heldSocket, error) {
	fd, err := unix.Socket(family, kind, protocol)
	if err != nil {
		return -1, heldSocket{}, err
	}
	if to != nil {
		if err := unix.Bind(fd, to); err != nil {
			return -1, heldSocket{}, err
		}
	}
	if backlog > 0 {
		if err := unix.Listen(fd, backlog); err != nil {
			return -1, heldSocket{}, err
		}
	}
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		return -1, heldSocket{}, err
	}
	held := heldSocket{Inode: int64(stat.Ino)}
	name, err := unix.Getsockname(fd)
	switch name := name.(type) {
	case *unix.SockaddrInet4:
		held.Address, held.Port = fmt.Sprintf("%d.%d.%d.%d", name.Addr[0], name.Addr[1], name.Addr[2], name.Addr[3]), int64(name.Port)
	case *unix.SockaddrUnix:
		held.Address = name.Name
	}
	return fd, held, err
}

// freePort is for binds that ask for a port.
func freePort(kind int) (int, error) {
	fd, held, err := holdSocket(unix.AF_INET, kind, 0, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}, 0)
	if err != nil {
		return 0, err
	}
	return int(held.Port), unix.Close(fd)
}

// holdSockets is a role: told by a line, it opens sockets of every kind, one of which a child of its own has
// too, tells what they are, and keeps them until its input ends.
func holdSockets() error {
	input := bufio.NewReader(os.Stdin)
	if _, err := input.ReadString('\n'); err != nil {
		return err
	}
	port, err := freePort(unix.SOCK_DGRAM)
	if err != nil {
		return err
	}
	loopback := [4]byte{127, 0, 0, 1}
	told := map[string]heldSocket{}
	listener := -1
	for name, s := range map[string]struct {
		family, kind, protocol int
		to                     unix.Sockaddr
		backlog                int
	}{
		"listener":       {unix.AF_INET, unix.SOCK_STREAM, 0, &unix.SockaddrInet4{Addr: loopback}, 11},
		"not listening":  {unix.AF_INET, unix.SOCK_STREAM, 0, &unix.SockaddrInet4{Addr: loopback}, 0},
		"unix listener":  {unix.AF_UNIX, unix.SOCK_STREAM, 0, &unix.SockaddrUnix{Name: fmt.Sprintf("@meerkat-held-%d", os.Getpid())}, 12},
		"unix datagrams": {unix.AF_UNIX, unix.SOCK_DGRAM, 0, &unix.SockaddrUnix{Name: fmt.Sprintf("@meerkat-log-%d", os.Getpid())}, 0},
		"udp":            {unix.AF_INET, unix.SOCK_DGRAM, 0, &unix.SockaddrInet4{Addr: loopback, Port: port}, 0},
		"udp, any port":  {unix.AF_INET, unix.SOCK_DGRAM, 0, &unix.SockaddrInet4{Addr: loopback}, 0},
		"raw":            {unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_ICMP, nil, 0},
		"packet":         {unix.AF_PACKET, unix.SOCK_RAW, 0, nil, 0},
	} {
		fd, held, err := holdSocket(s.family, s.kind, s.protocol, s.to, s.backlog)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		told[name] = held
		if name == "listener" {
			listener = fd
		}
	}
	// A second descriptor of the same socket makes no second listener.
	if _, err := unix.Dup(listener); err != nil {
		return err
	}
	child := inRole("wait")
	child.ExtraFiles = []*os.File{os.NewFile(uintptr(listener), "listener")}
	stdin, err := child.StdinPipe()
	if err != nil {
		return err
	}
	if err := child.Start(); err != nil {
		return err
	}
	told["child"] = heldSocket{Inode: int64(child.Process.Pid)}
	if err := json.NewEncoder(os.Stdout).Encode(told); err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, input)
	_ = stdin.Close()
	return child.Wait()
}

// holder is a process in the role above.
type holder struct {
	*exec.Cmd
	input   io.WriteCloser
	output  *bufio.Reader
	sockets map[string]heldSocket
}

func startHolder(t *testing.T) *holder {
	t.Helper()
	h := &holder{Cmd: inRole("hold_sockets")}
	h.Stderr = os.Stderr
	input, err := h.StdinPipe()
	require.NoError(t, err)
	output, err := h.StdoutPipe()
	require.NoError(t, err)
	h.input, h.output = input, bufio.NewReader(output)
	require.NoError(t, h.Start())
	t.Cleanup(func() {
		_ = input.Close()
		_ = h.Wait()
	})
	return h
}

// open has it open its sockets.
func (h *holder) open(t *testing.T) {
	t.Helper()
	_, err := io.WriteString(h.input, "go\n")
	require.NoError(t, err)
	require.NoError(t, json.NewDecoder(h.output).Decode(&h.sockets))
}

func TestSocket_thatWasThereBefore(t *testing.T) {
	h := startHolder(t)
	h.open(t)
	l := startLive(t, only("socket"))
	pid := h.Process.Pid
	for name, c := range map[string]struct{ event, family, kind, protocol, transport string }{
		"listener":       {names.EventSocketListen, "inet", "stream", "tcp", "tcp"},
		"unix listener":  {names.EventSocketListen, "unix", "stream", "", "unix"},
		"unix datagrams": {names.EventSocketBind, "unix", "dgram", "", "unix"},
		"udp":            {names.EventSocketBind, "inet", "dgram", "udp", "udp"},
		"raw":            {names.EventSocketCreate, "inet", "raw", "icmp", ""},
		"packet":         {names.EventSocketCreate, "packet", "raw", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			held := h.sockets[name]
			r := l.one(c.event, ofSocket(pid, held.Inode))
			assert.Equal(t, "true", r.str(names.SocketSnapshot))
			assert.Equal(t, c.family, r.str(names.SocketFamily))
			assert.Equal(t, c.kind, r.str(names.SocketType))
			assert.Equal(t, c.protocol, r.str(names.SocketProtocol))
			assert.Equal(t, c.transport, r.str(names.NetworkTransport))
			if c.event != names.EventSocketCreate {
				assert.Equal(t, held.Address, r.str(names.NetworkLocalAddress))
				assert.Equal(t, held.Port, r.num(names.NetworkLocalPort))
			}
			assertProcessIs(t, r, pid)
		})
	}
	listener := h.sockets["listener"]
	r := l.one(names.EventSocketListen, ofSocket(pid, listener.Inode))
	assert.EqualValues(t, 11, r.num(names.SocketBacklog))
	assertInProcNet(t, r, "tcp", "0A")

	// Each process that holds it has it in its hand.
	child := int(h.sockets["child"].Inode)
	inherited := l.one(names.EventSocketListen, ofSocket(child, listener.Inode))
	assert.Equal(t, listener.Port, inherited.num(names.NetworkLocalPort))
	assertProcessIs(t, inherited, child)

	for _, name := range []string{"not listening", "udp, any port"} {
		for _, event := range []string{names.EventSocketCreate, names.EventSocketBind, names.EventSocketListen} {
			assert.Empty(t, l.find(event, ofSocket(pid, h.sockets[name].Inode)), name)
		}
	}
}

// assertProcessIs compares an event's process with what /proc says of it.
func assertProcessIs(t *testing.T, r record, pid int) {
	t.Helper()
	proc := filepath.Join("/proc", strconv.Itoa(pid))
	executable, err := os.Readlink(filepath.Join(proc, "exe"))
	require.NoError(t, err)
	assert.Equal(t, executable, r.str(names.ProcessExecutablePath))
	assert.EqualValues(t, pid, r.num(names.ProcessPID))
	status, err := os.ReadFile(filepath.Join(proc, "status"))
	require.NoError(t, err)
	for line := range strings.Lines(string(status)) {
		switch fields := strings.Fields(line); fields[0] {
		case "PPid:":
			assert.Equal(t, fields[1], r.str(names.ProcessParentPID))
		case "Uid:":
			assert.Equal(t, fields[2], r.str(names.ProcessUserID))
		}
	}
	assert.Empty(t, r.str(names.IdentityStatus))
}

// What a listener does while the receiver starts is told once.
func TestSocket_snapshotRepeatsNothing(t *testing.T) {
	h := startHolder(t)
	h.open(t)
	l := startLive(t, func(c *Config) {
		only("socket")(c)
		c.Tracers.Socket.DeduplicationWindow = 0
	})
	listener := h.sockets["listener"]
	l.one(names.EventSocketListen, ofSocket(h.Process.Pid, listener.Inode))
	l.stop()
	assert.Len(t, l.find(names.EventSocketListen, ofSocket(h.Process.Pid, listener.Inode)), 1, "although it has two descriptors")
}

func TestSocket_metrics(t *testing.T) {
	l := startLive(t, func(c *Config) {
		only("socket")(c)
		c.MetricsInterval = metricsIntervalMin
	})
	folder, path := ownCgroup(t)
	h := startHolder(t)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "cgroup.procs"), []byte(strconv.Itoa(h.Process.Pid)), 0))
	h.open(t)
	want := map[string]int64{
		names.MetricSocketOperations + " create": 2,
		// One is that of the role's look for a free port.
		names.MetricSocketOperations + " bind":   7,
		names.MetricSocketOperations + " listen": 2,
	}
	l.assertCounts(path, "meerkat.socket.", want)
	require.NoError(t, h.input.Close())
	require.NoError(t, h.Wait())
}

func TestContainer_sockets(t *testing.T) {
	c := startContainerd(t)
	l := startLive(t, only("socket"))
	id := containerID(300)
	port, err := freePort(unix.SOCK_STREAM)
	require.NoError(t, err)
	printed := c.run(id, fmt.Sprintf("/bin/busybox cat /proc/self/cgroup; /bin/busybox timeout 1 /bin/busybox nc -l -p %d; exit 0", port))
	for _, event := range []string{names.EventSocketBind, names.EventSocketListen} {
		r := l.one(event, func(r record) bool { return inContainer(id)(r) && r.num(names.NetworkLocalPort) == int64(port) })
		l.assertContainer(r, id, printed)
		assert.Equal(t, "/bin/busybox", r.str(names.ProcessExecutablePath))
		assert.Equal(t, "tcp", r.str(names.NetworkTransport))
	}
}
