// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/internal/names"
)

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
	folder, path := ownCgroup(t)
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
