// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// startDNS starts a name server and a receiver that knows its port.
func startDNS(t *testing.T, address string, tracers ...string) (*nameServer, *live) {
	t.Helper()
	s, err := startNameServer(address)
	require.NoError(t, err)
	t.Cleanup(s.close)
	l := startLive(t, func(c *Config) {
		only(append(tracers, "dns")...)(c)
		c.Tracers.DNS.Ports = []uint16{1, s.port()}
		c.Tracers.DNS.Timeout = time.Second
	})
	return s, l
}

// asked matches the lookups of a name by this process.
func asked(name, kind string) func(record) bool {
	return func(r record) bool {
		return byPID(os.Getpid())(r) && r.str(names.DNSQuestionName) == name && r.str(names.DNSQuestionType) == kind
	}
}

// packQuery is a query as it is sent.
func packQuery(t *testing.T, id uint16, name string, kind dnsmessage.Type) []byte {
	t.Helper()
	m := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: id, RecursionDesired: true},
		Questions: []dnsmessage.Question{{Name: dnsmessage.MustNewName(name), Type: kind, Class: dnsmessage.ClassINET}},
	}
	packed, err := m.Pack()
	require.NoError(t, err)
	return packed
}

// dialServer opens a socket to a name server.
func dialServer(t *testing.T, network, address string) net.Conn {
	t.Helper()
	c, err := net.Dial(network, address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	require.NoError(t, c.SetDeadline(time.Now().Add(patience)))
	return c
}

// converse sends messages one by one and waits for as many answers.
func converse(t *testing.T, c net.Conn, answers int, messages ...[]byte) {
	t.Helper()
	for _, m := range messages {
		_, err := c.Write(m)
		require.NoError(t, err)
	}
	for range answers {
		_, err := c.Read(make([]byte, 4096))
		require.NoError(t, err)
	}
}

func TestDNS_lookup(t *testing.T) {
	for name, c := range map[string]struct{ network, listen, address, family string }{
		"udp over ipv4": {"udp", "127.0.0.1:0", "127.0.0.1", "ipv4"},
		"udp over ipv6": {"udp", "[::1]:0", "::1", "ipv6"},
		"tcp over ipv4": {"tcp", "127.0.0.1:0", "127.0.0.1", "ipv4"},
		"tcp over ipv6": {"tcp", "[::1]:0", "::1", "ipv6"},
	} {
		t.Run(name, func(t *testing.T) {
			server, l := startDNS(t, c.listen)
			connection := dialServer(t, c.network, server.address())
			frame := func(m []byte) []byte { return m }
			if c.network == "tcp" {
				frame = withLength
			}
			begun := time.Now()
			converse(t, connection, 1, frame(packQuery(t, 1, "Web.Example.", dnsmessage.TypeA)))
			took := time.Since(begun)
			converse(t, connection, 1, frame(packQuery(t, 2, "alias.example.", dnsmessage.TypeAAAA)))
			converse(t, connection, 1, frame(packQuery(t, 3, nameAbsent+"example.", dnsmessage.TypeMX)))

			web := l.one(names.EventDNSLookup, asked("Web.Example", "A"))
			assert.Equal(t, "NOERROR", web.str(names.DNSResponseCode))
			assert.Equal(t, []string{serverAnswer4.String()}, web.strs(names.DNSAnswers))
			assert.False(t, web.has(names.ErrorType))
			assert.False(t, web.has(names.DNSTruncated))
			assert.Zero(t, web.num(names.DNSRetries))
			assert.Positive(t, web.double(names.DNSDuration))
			assert.LessOrEqual(t, web.double(names.DNSDuration), took.Seconds())
			executable, err := os.Executable()
			require.NoError(t, err)
			local, port, err := net.SplitHostPort(connection.LocalAddr().String())
			require.NoError(t, err)
			for _, r := range []record{web, l.one(names.EventDNSLookup, asked("alias.example", "AAAA")),
				l.one(names.EventDNSLookup, asked(nameAbsent+"example", "MX"))} {
				assert.Equal(t, c.address, r.str(names.ServerAddress))
				assert.EqualValues(t, server.port(), r.num(names.ServerPort))
				assert.Equal(t, local, r.str(names.ClientAddress))
				assert.Equal(t, port, strconv.FormatInt(r.num(names.ClientPort), 10))
				assert.Equal(t, c.network, r.str(names.NetworkTransport))
				assert.Equal(t, c.family, r.str(names.NetworkType))
				assert.Equal(t, executable, r.str(names.ProcessExecutablePath))
				assert.Empty(t, r.str(names.IdentityStatus))
			}
			alias := l.one(names.EventDNSLookup, asked("alias.example", "AAAA"))
			assert.Equal(t, []string{serverAnswer6.String()}, alias.strs(names.DNSAnswers))
			absent := l.one(names.EventDNSLookup, asked(nameAbsent+"example", "MX"))
			assert.Equal(t, "NXDOMAIN", absent.str(names.DNSResponseCode))
			assert.Equal(t, "NXDOMAIN", absent.str(names.ErrorType))
			assert.False(t, absent.has(names.DNSAnswers))
		})
	}
}

// Go's own resolver asks for both kinds of addresses at once, and over TCP when an answer is truncated.
func TestDNS_goResolver(t *testing.T) {
	server, l := startDNS(t, "127.0.0.1:0")
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, server.address())
	}}
	for _, name := range []string{"web.example", nameTruncated + "example"} {
		found, err := resolver.LookupHost(t.Context(), name+".")
		require.NoError(t, err)
		require.ElementsMatch(t, []string{serverAnswer4.String(), serverAnswer6.String()}, found)
	}
	for kind, address := range map[string]string{"A": serverAnswer4.String(), "AAAA": serverAnswer6.String()} {
		r := l.one(names.EventDNSLookup, asked("web.example", kind))
		assert.Equal(t, []string{address}, r.strs(names.DNSAnswers))
		of := func(transport string) record {
			return l.one(names.EventDNSLookup, func(r record) bool {
				return asked(nameTruncated+"example", kind)(r) && r.str(names.NetworkTransport) == transport
			})
		}
		cut, whole := of("udp"), of("tcp")
		assert.Equal(t, "true", cut.str(names.DNSTruncated))
		assert.False(t, cut.has(names.DNSAnswers))
		assert.False(t, whole.has(names.DNSTruncated))
		assert.Equal(t, []string{address}, whole.strs(names.DNSAnswers))
	}
}

func TestDNS_timeoutsAndRetries(t *testing.T) {
	server, l := startDNS(t, "127.0.0.1:0")
	c := dialServer(t, "udp", server.address())
	// The same query twice, as the C library does, and a new one from another socket, as Go does.
	silent := packQuery(t, 7, nameSilent+"example.", dnsmessage.TypeA)
	converse(t, c, 0, silent, silent)
	deaf := packQuery(t, 8, nameDeaf+"example.", dnsmessage.TypeA)
	converse(t, c, 0, deaf)
	converse(t, dialServer(t, "udp", server.address()), 1, packQuery(t, 9, nameDeaf+"example.", dnsmessage.TypeA))

	r := l.one(names.EventDNSLookup, asked(nameSilent+"example", "A"))
	assert.Equal(t, "timeout", r.str(names.ErrorType))
	assert.False(t, r.has(names.DNSResponseCode))
	assert.EqualValues(t, 1, r.num(names.DNSRetries))
	assert.GreaterOrEqual(t, r.double(names.DNSDuration), 1.0)
	heard := l.one(names.EventDNSLookup, func(r record) bool {
		return asked(nameDeaf+"example", "A")(r) && r.str(names.DNSResponseCode) == "NOERROR"
	})
	assert.EqualValues(t, 1, heard.num(names.DNSRetries))
	missed := l.one(names.EventDNSLookup, func(r record) bool {
		return asked(nameDeaf+"example", "A")(r) && r.str(names.ErrorType) == "timeout"
	})
	assert.Zero(t, missed.num(names.DNSRetries))
}

// What is not well formed, or answers something else, is counted and nothing more.
func TestDNS_garbage(t *testing.T) {
	server, l := startDNS(t, "127.0.0.1:0")
	reasons := func() map[string]float64 { return l.ownMetric(names.ReceiverDNSMessages()) }
	c := dialServer(t, "udp", server.address())
	converse(t, c, 4, packQuery(t, 1, nameGarbage+"example.", dnsmessage.TypeA))
	r := l.one(names.EventDNSLookup, asked(nameGarbage+"example", "A"))
	assert.Equal(t, []string{serverAnswer4.String()}, r.strs(names.DNSAnswers), "the good one counts")
	assert.InDelta(t, 3, reasons()["malformed"], 0)
	converse(t, c, 2, packQuery(t, 2, nameForged+"example.", dnsmessage.TypeA))
	l.one(names.EventDNSLookup, asked(nameForged+"example", "A"))
	assert.InDelta(t, 1, reasons()["unmatched"], 0)
	// The client's own messages are no better.
	converse(t, c, 0, []byte{1, 2, 3}, []byte("GET / HTTP/1.1\r\n\r\n"), make([]byte, 5000))
	require.Eventually(t, func() bool { return reasons()["malformed"] == 6 }, patience, 10*time.Millisecond, "%v", reasons())

	// A stream that is not divided into segments by message.
	stream := dialServer(t, "tcp", server.address())
	query := withLength(packQuery(t, 3, "split.example.", dnsmessage.TypeA))
	require.NoError(t, stream.(*net.TCPConn).SetNoDelay(true))
	converse(t, stream, 0, query[:7])
	l.balance("dns")
	converse(t, stream, 1, query[7:])
	require.Eventually(t, func() bool { return reasons()["split"] >= 2 }, patience, 10*time.Millisecond)
	// Several in one segment are all seen.
	converse(t, stream, 1, append(withLength(packQuery(t, 4, "first.example.", dnsmessage.TypeA)),
		withLength(packQuery(t, 5, "second.example.", dnsmessage.TypeA))...))
	for _, name := range []string{"first.example", "second.example"} {
		l.one(names.EventDNSLookup, asked(name, "A"))
	}
	for kind, a := range l.balance("dns") {
		assert.Equal(t, a.Offered, a.Delivered+a.Filtered+a.Aggregated+a.lost(), kind)
		assert.Zero(t, a.lost(), kind)
	}
}

func TestDNS_namesOfAnyBytes(t *testing.T) {
	server, l := startDNS(t, "127.0.0.1:0")
	c := dialServer(t, "udp", server.address())
	converse(t, c, 1, packQuery(t, 1, "a\x00b\xff\n\"\\ü.example.", dnsmessage.TypeA))
	l.one(names.EventDNSLookup, asked(`a\000b\255\010\"\\\195\188.example`, "A"))
	converse(t, c, 1, packQuery(t, 2, ".", 65280))
	l.one(names.EventDNSLookup, asked(".", "TYPE65280"))
}

func TestDNS_longAnswer(t *testing.T) {
	server, l := startDNS(t, "127.0.0.1:0")
	converse(t, dialServer(t, "udp", server.address()), 1, packQuery(t, 1, nameMany+"example.", dnsmessage.TypeA))
	r := l.one(names.EventDNSLookup, asked(nameMany+"example", "A"))
	assert.Len(t, r.strs(names.DNSAnswers), 32)
	assert.EqualValues(t, 8, r.num(names.DNSAnswersOmitted))
	assert.Positive(t, l.balance("dns")["lookup"].Cut)
}

// A connection to an address that was looked up has the name, of the workload that did so.
func TestDNS_namesOfFarEnds(t *testing.T) {
	server, l := startDNS(t, "127.0.0.1:0", "tcp", "udp")
	converse(t, dialServer(t, "udp", server.address()), 1, packQuery(t, 1, nameAlias+"example.", dnsmessage.TypeA))
	listener, err := net.Listen("tcp4", net.JoinHostPort(serverAnswer4.String(), "0"))
	require.NoError(t, err)
	defer listener.Close()
	connection := dialServer(t, "tcp", listener.Addr().String())
	port := portOf(connection.LocalAddr())
	datagram := dialServer(t, "udp", fmt.Sprintf("%s:%d", serverAnswer4, portOf(listener.Addr())))
	_, err = datagram.Write([]byte("hello"))
	require.NoError(t, err)
	accepted, err := listener.Accept()
	require.NoError(t, err)
	require.NoError(t, errors.Join(connection.Close(), accepted.Close()))

	const name = nameAlias + "example"
	connect := l.one(names.EventTCPConnect, byClientPort(port))
	assert.Equal(t, name, connect.str(names.PeerDNSName))
	closed := l.one(names.EventTCPClose, func(r record) bool {
		return byClientPort(port)(r) && r.str(names.ConnectionSide) == "client"
	})
	assert.Equal(t, name, closed.str(names.PeerDNSName))
	start := l.one(names.EventUDPStart, flowOf("client", udpPort(datagram.LocalAddr()), portOf(listener.Addr())))
	assert.Equal(t, name, start.str(names.PeerDNSName))
	toServer := l.one(names.EventUDPStart, func(r record) bool {
		return r.num(names.ServerPort) == int64(server.port()) && r.str(names.ConnectionSide) == "client"
	})
	assert.False(t, toServer.has(names.PeerDNSName), "nobody has looked that address up")
	assert.NotZero(t, l.ownMetric(names.ReceiverDNSNames())[""])
}
