// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// Datagrams of a port that is excluded make neither flows nor lookups, and are counted as filtered.
func TestNetFilter_byPort(t *testing.T) {
	server, err := startNameServer("127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(server.close)
	l := startLive(t, func(c *Config) {
		only("udp", "dns")(c)
		c.Tracers.DNS.Ports = []uint16{server.port()}
		c.Filters.Exclude.Ports = []uint16{server.port()}
	})
	converse(t, dialServer(t, "udp", server.address()), 1, packQuery(t, 1, "web.example.", dnsmessage.TypeA))
	other := listenUDP(t, "udp4", "127.0.0.1:0")
	client, err := net.DialUDP("udp4", nil, other.LocalAddr().(*net.UDPAddr))
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() })
	_, err = client.Write([]byte("hello"))
	require.NoError(t, err)
	l.one(names.EventUDPStart, flowOf("client", udpPort(client.LocalAddr()), udpPort(other.LocalAddr())))
	flows, messages := l.balance("udp"), l.balance("dns")
	// Both ends of both messages, and the two messages where the client sees them.
	assert.GreaterOrEqual(t, flows["start"].Filtered, uint64(4))
	assert.Equal(t, [2]uint64{1, 1}, [2]uint64{messages["query"].Filtered, messages["answer"].Filtered})
	assert.Empty(t, l.find(names.EventUDPStart, func(r record) bool { return r.num(names.ServerPort) == int64(server.port()) }))
	assert.Zero(t, messages["lookup"].Offered)
}

// A workload that asks too much is held back with its questions; none of them seems to have no answer.
func TestNetFilter_rateOfQuestions(t *testing.T) {
	const rate, number = 5, 200
	server, err := startNameServer("127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(server.close)
	l := startLive(t, func(c *Config) {
		only("dns")(c)
		c.Tracers.DNS.Ports, c.Tracers.DNS.Timeout = []uint16{server.port()}, time.Second
		c.Filters.EventsPerSecondMax = rate
	})
	c := dialServer(t, "udp", server.address())
	for n := range number {
		converse(t, c, 1, packQuery(t, uint16(n), "web.example.", dnsmessage.TypeA))
	}
	messages := l.balance("dns")
	assert.EqualValues(t, number, messages["query"].Offered)
	assert.EqualValues(t, number, messages["query"].Aggregated+messages["query"].HeldBack)
	assert.Positive(t, messages["query"].HeldBack)
	assert.Equal(t, messages["query"].Aggregated, messages["lookup"].Offered)
	assert.Equal(t, messages["query"].HeldBack, messages["answer"].Filtered, "nobody waits for these")
	l.stop()
	found := l.find(names.EventDNSLookup, asked("web.example", "A"))
	assert.Len(t, found, int(messages["lookup"].Offered))
	for _, r := range found {
		assert.Equal(t, "NOERROR", r.str(names.DNSResponseCode))
	}
}
