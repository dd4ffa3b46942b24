// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"io"
	"net"
	"os"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/meerkat-otel/meerkat/internal/names"
)

func portOf(address net.Addr) int64 { return int64(address.(*net.TCPAddr).Port) }

// byClientPort matches records of connections of this process.
func byClientPort(port int64) func(record) bool {
	return func(r record) bool {
		return r.num(names.ClientPort) == port && r.num(names.ProcessPID) == int64(os.Getpid())
	}
}

// exchange opens a connection over network to a listener of its own, moves bytes both ways and
// closes it.
func exchange(t *testing.T, network, listenOn, connectTo string, sent, received int) (client, server net.Addr) {
	t.Helper()
	listener, err := net.Listen(network, listenOn)
	require.NoError(t, err)
	defer listener.Close()
	served := make(chan error, 1)
	go func() {
		c, err := listener.Accept()
		if err != nil {
			served <- err
			return
		}
		_, err = io.CopyN(io.Discard, c, int64(sent))
		if err == nil {
			_, err = c.Write(make([]byte, received))
		}
		// The client closes first.
		_, _ = c.Read(make([]byte, 1))
		c.Close()
		served <- err
	}()
	target := net.JoinHostPort(connectTo, strconv.FormatInt(portOf(listener.Addr()), 10))
	c, err := net.Dial(network, target)
	require.NoError(t, err)
	_, err = c.Write(make([]byte, sent))
	require.NoError(t, err)
	_, err = io.CopyN(io.Discard, c, int64(received))
	require.NoError(t, err)
	client = c.LocalAddr()
	require.NoError(t, c.Close())
	require.NoError(t, <-served)
	return client, listener.Addr()
}

func TestTCP_connectionFromBothEnds(t *testing.T) {
	for name, c := range map[string]struct{ network, listen, connect, address, family string }{
		"ipv4":             {"tcp4", "127.0.0.1:0", "127.0.0.1", "127.0.0.1", "ipv4"},
		"ipv6":             {"tcp6", "[::1]:0", "::1", "::1", "ipv6"},
		"ipv4 over mapped": {"tcp", "[::]:0", "127.0.0.1", "127.0.0.1", "ipv4"},
	} {
		t.Run(name, func(t *testing.T) {
			l := startLive(t, only("tcp"))
			client, server := exchange(t, c.network, c.listen, c.connect, 70_000, 12_345)

			for _, event := range []string{names.EventTCPConnect, names.EventTCPAccept} {
				r := l.one(event, byClientPort(portOf(client)))
				assert.Equal(t, c.address, r.str(names.ClientAddress))
				assert.Equal(t, c.address, r.str(names.ServerAddress))
				assert.Equal(t, portOf(server), r.num(names.ServerPort))
				assert.Equal(t, c.family, r.str(names.NetworkType))
				assert.Equal(t, "tcp", r.str(names.NetworkTransport))
				assert.Empty(t, r.str(names.ErrorType))
				assert.Empty(t, r.str(names.IdentityStatus))
				executable, err := os.Executable()
				require.NoError(t, err)
				assert.Equal(t, executable, r.str(names.ProcessExecutablePath))
			}
			closedAs := func(side string) record {
				return l.one(names.EventTCPClose, func(r record) bool {
					return byClientPort(portOf(client))(r) && r.str(names.ConnectionSide) == side
				})
			}
			ours, theirs := closedAs("client"), closedAs("server")
			assert.EqualValues(t, 70_000, ours.num(names.ConnectionBytesSent))
			assert.EqualValues(t, 12_345, ours.num(names.ConnectionBytesReceived))
			assert.EqualValues(t, 12_345, theirs.num(names.ConnectionBytesSent))
			assert.EqualValues(t, 70_000, theirs.num(names.ConnectionBytesReceived))
		})
	}
}

func TestTCP_connectFails(t *testing.T) {
	l := startLive(t, only("tcp"))

	refusing, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	port := portOf(refusing.Addr())
	require.NoError(t, refusing.Close())
	_, err = net.Dial("tcp4", refusing.Addr().String())
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	toServer := func(r record) bool { return r.num(names.ServerPort) == port && byPID(os.Getpid())(r) }
	r := l.one(names.EventTCPConnect, toServer)
	assert.Equal(t, "ECONNREFUSED", r.str(names.ErrorType))

	// No packet ever leaves for the class E network: connect(2) fails at once.
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	require.NoError(t, err)
	defer unix.Close(fd)
	err = unix.Connect(fd, &unix.SockaddrInet4{Port: 4321, Addr: [4]byte{255, 255, 255, 255}})
	require.Error(t, err)
	r = l.one(names.EventTCPConnect, func(r record) bool { return r.num(names.ServerPort) == 4321 })
	var number syscall.Errno
	require.ErrorAs(t, err, &number)
	assert.Equal(t, unix.ErrnoName(number), r.str(names.ErrorType))
	assert.Equal(t, "255.255.255.255", r.str(names.ServerAddress))
}
