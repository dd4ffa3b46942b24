// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/meerkat-otel/meerkat/internal/names"
)

func udpPort(address net.Addr) int64 { return int64(address.(*net.UDPAddr).Port) }

// flowOf matches the records of one side of a flow between two ports, of this process.
func flowOf(side string, client, server int64) func(record) bool {
	return func(r record) bool {
		return byPID(os.Getpid())(r) && r.str(names.ConnectionSide) == side &&
			r.num(names.ClientPort) == client && r.num(names.ServerPort) == server
	}
}

// listenUDP opens a socket for the duration of a test.
func listenUDP(t *testing.T, network, address string) *net.UDPConn {
	t.Helper()
	resolved, err := net.ResolveUDPAddr(network, address)
	require.NoError(t, err)
	c, err := net.ListenUDP(network, resolved)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	require.NoError(t, c.SetDeadline(time.Now().Add(patience)))
	return c
}

// datagrams sends one after the other, of growing size, from a client to a server that answers each with
// a shorter one. It returns how many bytes went each way.
func datagrams(t *testing.T, number int, send func([]byte) error, server, client *net.UDPConn) (sent, answered int64) {
	t.Helper()
	buffer := make([]byte, 2000)
	for n := range number {
		size := 1 + n%1400
		require.NoError(t, send(buffer[:size]))
		read, from, err := server.ReadFromUDPAddrPort(buffer)
		require.NoError(t, err)
		require.Equal(t, size, read)
		_, err = server.WriteToUDPAddrPort(buffer[:size/2], from)
		require.NoError(t, err)
		_, _, err = client.ReadFromUDPAddrPort(buffer)
		require.NoError(t, err)
		sent, answered = sent+int64(size), answered+int64(size/2)
	}
	return sent, answered
}

func TestUDP_flowFromBothEnds(t *testing.T) {
	const number = 3000
	for name, c := range map[string]struct {
		listenOn, listen, network, target, family string
		connected                                 bool
	}{
		"ipv4 connected":            {"udp4", "127.0.0.1:0", "udp4", "127.0.0.1", "ipv4", true},
		"ipv4 unconnected":          {"udp4", "127.0.0.1:0", "udp4", "127.0.0.1", "ipv4", false},
		"ipv6 connected":            {"udp6", "[::1]:0", "udp6", "::1", "ipv6", true},
		"ipv6 unconnected":          {"udp6", "[::1]:0", "udp6", "::1", "ipv6", false},
		"ipv4 to an IPv6 socket":    {"udp", "[::]:0", "udp4", "127.0.0.1", "ipv4", true},
		"ipv4 from an IPv6 socket":  {"udp4", "127.0.0.1:0", "udp", "127.0.0.1", "ipv4", false},
		"ipv4 between IPv6 sockets": {"udp", "[::]:0", "udp", "127.0.0.1", "ipv4", false},
	} {
		t.Run(name, func(t *testing.T) {
			l := startLive(t, only("udp"))
			server := listenUDP(t, c.listenOn, c.listen)
			target := netip.AddrPortFrom(netip.MustParseAddr(c.target), uint16(udpPort(server.LocalAddr())))
			var client *net.UDPConn
			var send func([]byte) error
			if c.connected {
				dialed, err := net.DialUDP(c.network, nil, net.UDPAddrFromAddrPort(target))
				require.NoError(t, err)
				client, send = dialed, func(b []byte) error { _, err := dialed.Write(b); return err }
			} else {
				client = listenUDP(t, c.network, ":0")
				send = func(b []byte) error { _, err := client.WriteToUDPAddrPort(b, target); return err }
			}
			require.NoError(t, client.SetDeadline(time.Now().Add(patience)))
			begun := time.Now()
			sent, answered := datagrams(t, number, send, server, client)
			lasted := time.Since(begun)
			ports := [2]int64{udpPort(client.LocalAddr()), udpPort(server.LocalAddr())}
			for _, side := range []string{"client", "server"} {
				r := l.one(names.EventUDPStart, flowOf(side, ports[0], ports[1]))
				l.assertEnds(r, c.target, c.family)
			}
			require.NoError(t, client.Close())
			require.NoError(t, server.Close())
			l.stop()

			ours, theirs := l.one(names.EventUDPFlow, flowOf("client", ports[0], ports[1])), l.one(names.EventUDPFlow, flowOf("server", ports[0], ports[1]))
			for _, r := range []record{ours, theirs} {
				l.assertEnds(r, c.target, c.family)
				assert.Equal(t, "closed", r.str(names.UDPFlowState))
				assert.EqualValues(t, number, r.num(names.UDPPacketsSent))
				assert.EqualValues(t, number, r.num(names.UDPPacketsReceived))
				assert.Positive(t, r.double(names.ConnectionDuration))
				assert.LessOrEqual(t, r.double(names.ConnectionDuration), lasted.Seconds())
			}
			assert.Equal(t, []int64{sent, answered}, []int64{ours.num(names.ConnectionBytesSent), ours.num(names.ConnectionBytesReceived)})
			assert.Equal(t, []int64{answered, sent}, []int64{theirs.num(names.ConnectionBytesSent), theirs.num(names.ConnectionBytesReceived)})
		})
	}
}

// A socket that is made for IPv6 may be connected to a mapped address, and may then talk IPv4 alone.
func TestUDP_connectedToAMappedAddress(t *testing.T) {
	l := startLive(t, only("udp"))
	server := listenUDP(t, "udp4", "127.0.0.1:0")
	fd, err := unix.Socket(unix.AF_INET6, unix.SOCK_DGRAM, 0)
	require.NoError(t, err)
	mapped := netip.MustParseAddr("::ffff:127.0.0.1").As16()
	require.NoError(t, unix.Connect(fd, &unix.SockaddrInet6{Port: int(udpPort(server.LocalAddr())), Addr: mapped}))
	local, err := unix.Getsockname(fd)
	require.NoError(t, err)
	_, err = unix.Write(fd, []byte("hello"))
	require.NoError(t, err)
	_, from, err := server.ReadFromUDPAddrPort(make([]byte, 10))
	require.NoError(t, err)
	_, err = server.WriteToUDPAddrPort([]byte("hi"), from)
	require.NoError(t, err)
	_, err = unix.Read(fd, make([]byte, 10))
	require.NoError(t, err)
	require.NoError(t, unix.Close(fd))
	l.stop()
	r := l.one(names.EventUDPFlow, flowOf("client", int64(local.(*unix.SockaddrInet6).Port), udpPort(server.LocalAddr())))
	l.assertEnds(r, "127.0.0.1", "ipv4")
	assert.Equal(t, [2]int64{5, 2}, [2]int64{r.num(names.ConnectionBytesSent), r.num(names.ConnectionBytesReceived)})
}

// What is handed to the kernel in one piece and leaves it as many datagrams is counted as these.
func TestUDP_segmentation(t *testing.T) {
	const segment, number = 100, 37
	l := startLive(t, only("udp"))
	server := listenUDP(t, "udp4", "127.0.0.1:0")
	client, err := net.DialUDP("udp4", nil, server.LocalAddr().(*net.UDPAddr))
	require.NoError(t, err)
	raw, err := client.SyscallConn()
	require.NoError(t, err)
	require.NoError(t, raw.Control(func(fd uintptr) {
		assert.NoError(t, unix.SetsockoptInt(int(fd), unix.SOL_UDP, unix.UDP_SEGMENT, segment))
	}))
	_, err = client.Write(make([]byte, segment*number))
	require.NoError(t, err)
	for range number {
		n, err := server.Read(make([]byte, 2*segment))
		require.NoError(t, err)
		require.Equal(t, segment, n)
	}
	require.NoError(t, client.Close())
	require.NoError(t, server.Close())
	l.stop()
	ports := [2]int64{udpPort(client.LocalAddr()), udpPort(server.LocalAddr())}
	ours := l.one(names.EventUDPFlow, flowOf("client", ports[0], ports[1]))
	assert.Equal(t, [2]int64{number, segment * number}, [2]int64{ours.num(names.UDPPacketsSent), ours.num(names.ConnectionBytesSent)})
	theirs := l.one(names.EventUDPFlow, flowOf("server", ports[0], ports[1]))
	assert.Equal(t, [2]int64{number, segment * number}, [2]int64{theirs.num(names.UDPPacketsReceived), theirs.num(names.ConnectionBytesReceived)})
}

// assertEnds checks what all records of a flow over loopback say of it.
func (l *live) assertEnds(r record, address, family string) {
	l.t.Helper()
	assert.Equal(l.t, address, r.str(names.ClientAddress))
	assert.Equal(l.t, address, r.str(names.ServerAddress))
	assert.Equal(l.t, family, r.str(names.NetworkType))
	assert.Equal(l.t, "udp", r.str(names.NetworkTransport))
	assert.Empty(l.t, r.str(names.IdentityStatus))
	executable, err := os.Executable()
	require.NoError(l.t, err)
	assert.Equal(l.t, executable, r.str(names.ProcessExecutablePath))
}
