// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// serveOne is a role: it accepts one connection, reads it to its end and closes it.
func serveOne() error {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(portOf(listener.Addr()))
	connection, err := listener.Accept()
	if err != nil {
		return err
	}
	fmt.Println("accepted")
	_, err = io.Copy(io.Discard, connection)
	return errors.Join(err, connection.Close(), listener.Close())
}

// server is a process in the role above.
type server struct {
	*exec.Cmd
	port   int64
	output *bufio.Reader
}

func startServer(t *testing.T) *server {
	t.Helper()
	s := &server{Cmd: inRole("serve_one")}
	output, err := s.StdoutPipe()
	require.NoError(t, err)
	s.output = bufio.NewReader(output)
	require.NoError(t, s.Start())
	t.Cleanup(func() {
		_ = s.Process.Kill()
		_ = s.Wait()
	})
	_, err = fmt.Fscanln(s.output, &s.port)
	require.NoError(t, err)
	return s
}

// dial opens a connection and returns when the server has accepted it.
func (s *server) dial(t *testing.T) net.Conn {
	t.Helper()
	connection, err := net.Dial("tcp4", fmt.Sprintf("127.0.0.1:%d", s.port))
	require.NoError(t, err)
	line, err := s.output.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "accepted\n", line)
	return connection
}

// The last segments of a connection are handled in softirq, in whose context whoever runs there stands.
func TestTCP_eachEndBelongsToItsProcess(t *testing.T) {
	l := startLive(t, only("tcp"))
	server := startServer(t)
	opened := time.Now()
	connection := server.dial(t)
	established := time.Now()
	ours := byClientPort(portOf(connection.LocalAddr()))
	theirs := func(r record) bool {
		return byPID(server.Process.Pid)(r) && r.num(names.ClientPort) == portOf(connection.LocalAddr())
	}
	l.one(names.EventTCPAccept, theirs)
	time.Sleep(200 * time.Millisecond)
	require.NoError(t, connection.Close())
	require.NoError(t, server.Wait())
	for side, match := range map[string]func(record) bool{"client": ours, "server": theirs} {
		closed := l.one(names.EventTCPClose, match)
		assert.Equal(t, side, closed.str(names.ConnectionSide))
		duration := closed.double(names.ConnectionDuration)
		assert.GreaterOrEqual(t, duration, 0.2)
		assert.LessOrEqual(t, duration, time.Since(opened).Seconds())
		assert.True(t, closed.has(names.ConnectionRetransmits))
	}
	connect := l.one(names.EventTCPConnect, ours)
	assert.Positive(t, connect.double(names.ConnectionDuration))
	assert.LessOrEqual(t, connect.double(names.ConnectionDuration), established.Sub(opened).Seconds())
	assert.Positive(t, connect.double(names.ConnectionRoundTripTime))
}

func TestTCP_connectionThatWasOpenBefore(t *testing.T) {
	server := startServer(t)
	connection := server.dial(t)
	_, err := connection.Write([]byte("hello"))
	require.NoError(t, err)
	l := startLive(t, only("tcp"))
	local := connection.LocalAddr()
	require.NoError(t, connection.Close())
	require.NoError(t, server.Wait())

	ours := l.one(names.EventTCPClose, func(r record) bool {
		return byPID(os.Getpid())(r) && r.num(names.NetworkLocalPort) == portOf(local)
	})
	assert.Equal(t, "unknown", ours.str(names.ConnectionSide))
	assert.Equal(t, "127.0.0.1", ours.str(names.NetworkPeerAddress))
	assert.Equal(t, server.port, ours.num(names.NetworkPeerPort))
	assert.False(t, ours.has(names.ConnectionDuration), "nobody saw it begin")
	assert.EqualValues(t, 5, ours.num(names.ConnectionBytesSent))
	theirs := l.one(names.EventTCPClose, byPID(server.Process.Pid))
	assert.Equal(t, server.port, theirs.num(names.NetworkLocalPort))
}

// inEmptyNetwork runs a function on a thread in a network namespace in which nobody answers.
func inEmptyNetwork(t *testing.T, do func()) {
	t.Helper()
	done := make(chan error)
	go func() {
		// The thread is not unlocked: it ends with the goroutine, and the namespace with it.
		runtime.LockOSThread()
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err == nil {
			err = setUpEmptyNetwork()
		}
		if err == nil {
			do()
		}
		done <- err
	}()
	require.NoError(t, <-done)
}

// setUpEmptyNetwork makes a pair of interfaces of which the other end has no address.
func setUpEmptyNetwork() error {
	for _, arguments := range [][]string{
		{"link", "add", "near", "type", "veth", "peer", "name", "far"},
		{"address", "add", "192.0.2.1/24", "dev", "near"},
		{"link", "set", "near", "up"},
		{"link", "set", "far", "up"},
	} {
		if output, err := exec.Command("ip", arguments...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %v: %w: %s", arguments, err, output)
		}
	}
	return nil
}

func TestTCP_connectThatNobodyAnswers(t *testing.T) {
	l := startLive(t, only("tcp"))
	inEmptyNetwork(t, func() {
		// Closed before there is an answer.
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0)
		assert.NoError(t, err)
		assert.ErrorIs(t, unix.Connect(fd, &unix.SockaddrInet4{Port: 1001, Addr: [4]byte{192, 0, 2, 9}}), unix.EINPROGRESS)
		assert.NoError(t, unix.Close(fd))
		// Given up by the kernel.
		fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
		assert.NoError(t, err)
		assert.NoError(t, unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, 1000))
		err = unix.Connect(fd, &unix.SockaddrInet4{Port: 1002, Addr: [4]byte{192, 0, 2, 9}})
		assert.Error(t, err)
		assert.NoError(t, unix.Close(fd))
		// Impossible from the start.
		fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
		assert.NoError(t, err)
		err = unix.Connect(fd, &unix.SockaddrInet4{Port: 1003, Addr: [4]byte{198, 51, 100, 1}})
		assert.ErrorIs(t, err, unix.ENETUNREACH)
		assert.NoError(t, unix.Close(fd))
	})
	for port, reasons := range map[int64][]string{
		1001: {"ECANCELED"}, 1002: {"ETIMEDOUT", "EHOSTUNREACH"}, 1003: {"ENETUNREACH"},
	} {
		r := l.one(names.EventTCPConnect, func(r record) bool { return r.num(names.ServerPort) == port && byPID(os.Getpid())(r) })
		assert.Contains(t, reasons, r.str(names.ErrorType), port)
		assert.Empty(t, l.find(names.EventTCPClose, func(r record) bool { return r.num(names.ServerPort) == port }))
	}
}

// An accepted socket may be closed last by a process that it was handed to. The connection stays with the one that
// accepted it.
func TestTCP_acceptedSocketIsHandedOn(t *testing.T) {
	l := startLive(t, only("tcp"))
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	client, err := net.Dial("tcp4", listener.Addr().String())
	require.NoError(t, err)
	accepted, err := listener.Accept()
	require.NoError(t, err)
	handed, err := accepted.(*net.TCPConn).File()
	require.NoError(t, err)
	worker := exec.Command(busybox, "cat")
	worker.Stdin = handed
	worker.Stdout = handed
	require.NoError(t, worker.Start())
	require.NoError(t, errors.Join(handed.Close(), accepted.Close()))

	// The worker alone answers, and ends when the client does.
	_, err = client.Write([]byte("hello"))
	require.NoError(t, err)
	answer := make([]byte, 5)
	_, err = io.ReadFull(client, answer)
	require.NoError(t, err)
	require.Equal(t, "hello", string(answer))
	require.NoError(t, client.Close())
	require.NoError(t, worker.Wait())

	server := func(r record) bool {
		return r.num(names.ServerPort) == portOf(listener.Addr()) && r.str(names.ConnectionSide) == "server"
	}
	for _, event := range []string{names.EventTCPAccept, names.EventTCPClose} {
		r := l.one(event, server)
		assert.EqualValues(t, os.Getpid(), r.num(names.ProcessPID), event)
		assert.Equal(t, portOf(client.LocalAddr()), r.num(names.ClientPort), event)
	}
	closed := l.one(names.EventTCPClose, server)
	assert.EqualValues(t, 5, closed.num(names.ConnectionBytesSent))
	assert.EqualValues(t, 5, closed.num(names.ConnectionBytesReceived))
}
