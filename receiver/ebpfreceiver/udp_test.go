// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"net"
	"net/netip"
	"os"
	"strings"
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

// A flow that goes on is reported again and again, one that pauses is reported once, and its next datagram
// begins a new one.
func TestUDP_longFlowsAndPauses(t *testing.T) {
	l := startLive(t, func(c *Config) {
		only("udp")(c)
		c.Tracers.UDP.IdleTimeout, c.Tracers.UDP.ReportInterval = 3*time.Second, time.Second
	})
	server := listenUDP(t, "udp4", "127.0.0.1:0")
	client, err := net.DialUDP("udp4", nil, server.LocalAddr().(*net.UDPAddr))
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() })
	mine := flowOf("client", udpPort(client.LocalAddr()), udpPort(server.LocalAddr()))
	inState := func(state string) func(record) bool {
		return func(r record) bool { return mine(r) && r.str(names.UDPFlowState) == state }
	}
	send := func() {
		_, err := client.Write([]byte("hello"))
		require.NoError(t, err)
	}
	sent := 0
	require.Eventually(t, func() bool {
		send()
		sent++
		return len(l.find(names.EventUDPFlow, inState("active"))) >= 2
	}, 2*patience, 100*time.Millisecond)
	l.one(names.EventUDPFlow, inState("idle"))
	var packets, bytes int64
	for _, r := range l.find(names.EventUDPFlow, mine) {
		assert.Positive(t, r.num(names.UDPPacketsSent), "a record without news")
		packets += r.num(names.UDPPacketsSent)
		bytes += r.num(names.ConnectionBytesSent)
	}
	assert.Equal(t, [2]int64{int64(sent), 5 * int64(sent)}, [2]int64{packets, bytes}, "each is counted in one record")
	l.one(names.EventUDPStart, mine)

	send()
	require.Eventually(t, func() bool { return len(l.find(names.EventUDPStart, mine)) == 2 }, patience, 10*time.Millisecond)
	require.NoError(t, client.Close())
	closed := l.one(names.EventUDPFlow, inState("closed"))
	assert.EqualValues(t, 1, closed.num(names.UDPPacketsSent))
	assert.Zero(t, closed.double(names.ConnectionDuration))
}

// A datagram may come after a flow has become idle and before that was noticed. It is not added to a flow
// that may be taken at any moment.
func TestUDP_resumedBeforeTheOldFlowIsTaken(t *testing.T) {
	l := startLive(t, func(c *Config) {
		only("udp")(c)
		c.Tracers.UDP.IdleTimeout = time.Second
	})
	server := listenUDP(t, "udp4", "127.0.0.1:0")
	client, err := net.DialUDP("udp4", nil, server.LocalAddr().(*net.UDPAddr))
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() })
	const rounds = 6
	for range rounds {
		_, err := client.Write([]byte("hello"))
		require.NoError(t, err)
		time.Sleep(1100 * time.Millisecond)
	}
	lost := l.balance("udp")["start"].Lost["map"]
	l.stop()
	mine := flowOf("client", udpPort(client.LocalAddr()), udpPort(server.LocalAddr()))
	var packets int64
	for _, r := range l.find(names.EventUDPFlow, mine) {
		assert.EqualValues(t, 1, r.num(names.UDPPacketsSent))
		packets++
	}
	assert.GreaterOrEqual(t, packets, int64(2))
	assert.Len(t, l.find(names.EventUDPStart, mine), int(packets))
	assert.GreaterOrEqual(t, packets+int64(lost), int64(rounds), "what found no room, since this is far too fast, is counted")
}

func TestUDP_eachEndBelongsToItsProcess(t *testing.T) {
	l := startLive(t, only("udp"))
	server := startDatagramServer(t)
	client, err := net.Dial("udp4", server.address())
	require.NoError(t, err)
	defer client.Close()
	_, err = client.Write([]byte("hello"))
	require.NoError(t, err)
	answer := make([]byte, 10)
	require.NoError(t, client.SetDeadline(time.Now().Add(patience)))
	n, err := client.Read(answer)
	require.NoError(t, err)
	require.Equal(t, "HELLO", string(answer[:n]))

	ports := [2]int64{udpPort(client.LocalAddr()), server.port}
	l.one(names.EventUDPStart, flowOf("client", ports[0], ports[1]))
	theirs := func(r record) bool { return byPID(server.Process.Pid)(r) && r.num(names.ClientPort) == ports[0] }
	assert.Equal(t, "server", l.one(names.EventUDPStart, theirs).str(names.ConnectionSide))
	// Its socket goes with the process.
	require.NoError(t, server.Process.Kill())
	_ = server.Wait()
	closed := l.one(names.EventUDPFlow, theirs)
	assert.Equal(t, "closed", closed.str(names.UDPFlowState))
	assert.Equal(t, [2]int64{1, 1}, [2]int64{closed.num(names.UDPPacketsSent), closed.num(names.UDPPacketsReceived)})
}

// Of a socket that was there before nobody knows who sent first.
func TestUDP_socketThatWasOpenBefore(t *testing.T) {
	server := startDatagramServer(t)
	client, err := net.Dial("udp4", server.address())
	require.NoError(t, err)
	defer client.Close()
	l := startLive(t, only("udp"))
	_, err = client.Write([]byte("hello"))
	require.NoError(t, err)
	local := udpPort(client.LocalAddr())
	ours := l.one(names.EventUDPStart, func(r record) bool { return byPID(os.Getpid())(r) && r.num(names.NetworkLocalPort) == local })
	theirs := l.one(names.EventUDPStart, func(r record) bool { return byPID(server.Process.Pid)(r) && r.num(names.NetworkPeerPort) == local })
	for _, r := range []record{ours, theirs} {
		assert.Equal(t, "unknown", r.str(names.ConnectionSide))
		assert.Equal(t, "127.0.0.1", r.str(names.NetworkPeerAddress))
		assert.False(t, r.has(names.ClientAddress))
	}
	assert.Equal(t, server.port, ours.num(names.NetworkPeerPort))
}

// Flows beyond the bound are counted, as lost and for their workload.
func TestUDP_moreFlowsThanRoom(t *testing.T) {
	const flows, each = trackedFlowsMin + 100, 3
	l := startLive(t, func(c *Config) {
		only("udp")(c)
		c.Tracers.UDP.TrackedFlows = trackedFlowsMin
		c.MetricsInterval = metricsIntervalMin
	})
	folder, path := newCgroup(t, l)
	before := l.balance("udp")["start"]
	command := inRole("send_datagrams", folder)
	output, err := command.CombinedOutput()
	require.NoError(t, err, string(output))
	require.Equal(t, "sent", strings.TrimSpace(string(output)))
	expected := map[string]int64{
		names.MetricUDPPackets + " transmit": flows * each, names.MetricUDPIO + " transmit": flows * each * 4,
	}
	require.Eventually(t, func() bool {
		counts := l.counts(path)
		return counts[names.MetricUDPPackets+" transmit"] == expected[names.MetricUDPPackets+" transmit"]
	}, patience, 100*time.Millisecond, "%v", l.counts(path))
	assert.Equal(t, expected[names.MetricUDPIO+" transmit"], l.counts(path)[names.MetricUDPIO+" transmit"])
	after := difference(l.balance("udp")["start"], before)
	assert.GreaterOrEqual(t, after.Lost["map"], uint64((flows-trackedFlowsMin)*each))
	begun := l.counts(path)[names.MetricUDPFlows]
	assert.LessOrEqual(t, begun, int64(trackedFlowsMin))
	assert.Equal(t, int64(len(l.find(names.EventUDPStart, byPID(command.Process.Pid)))), begun)
}
