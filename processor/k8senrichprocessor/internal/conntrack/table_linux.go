// SPDX-License-Identifier: Apache-2.0

package conntrack

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"

	"github.com/ti-mo/conntrack"
	"golang.org/x/sys/unix"
	"golang.org/x/time/rate"

	"github.com/meerkat-otel/meerkat/internal/capabilities"
)

// Table is the connection tracking of the network namespace in which it was opened. It is safe for use by several
// goroutines.
type Table struct {
	limiter *rate.Limiter

	mu         sync.Mutex
	connection *conntrack.Conn
	stats      Stats
}

// Open opens the connection tracking of this network namespace, which takes CAP_NET_ADMIN there.
func Open() (*Table, error) {
	raiseErr := capabilities.Raise()
	connection, err := conntrack.Dial(nil)
	if err != nil {
		return nil, fmt.Errorf("open the kernel's connection tracking: %w", err)
	}
	t := &Table{limiter: rate.NewLimiter(lookupsPerSecondMax, lookupsPerSecondMax), connection: connection}
	// A connection that there can't be tells whether we may ask.
	nobody := netip.AddrPortFrom(netip.IPv4Unspecified(), 1)
	if _, err := t.get(conntrack.Flow{TupleOrig: tuple(unix.IPPROTO_TCP, nobody, nobody)}); errors.Is(err, unix.EPERM) {
		return nil, errors.Join(fmt.Errorf("ask the kernel's connection tracking: %w: grant CAP_NET_ADMIN in the network namespace of the node", err), raiseErr, connection.Close())
	}
	return t, nil
}

// Close closes it.
func (t *Table) Close() error { return t.connection.Close() }

// AsTheServer returns the ends of a connection as its server sees them, for those that its client sees. It is false
// if they are the same, or if the kernel does not know the connection.
func (t *Table) AsTheServer(client Ends) (Ends, bool) {
	flow, ok := t.find(conntrack.Flow{TupleOrig: tuple(protocol(client.Transport), client.Client, client.Server)}, client)
	if !ok {
		return Ends{}, false
	}
	reply := &flow.TupleReply
	return t.translated(client, Ends{
		Transport: client.Transport,
		Client:    place(reply.IP.DestinationAddress, reply.Proto.DestinationPort),
		Server:    place(reply.IP.SourceAddress, reply.Proto.SourcePort),
	})
}

// AsTheClient returns the ends of a connection as its client sees them, for those that its server sees.
func (t *Table) AsTheClient(server Ends) (Ends, bool) {
	flow, ok := t.find(conntrack.Flow{TupleReply: tuple(protocol(server.Transport), server.Server, server.Client)}, server)
	if !ok {
		return Ends{}, false
	}
	original := &flow.TupleOrig
	return t.translated(server, Ends{
		Transport: server.Transport,
		Client:    place(original.IP.SourceAddress, original.Proto.SourcePort),
		Server:    place(original.IP.DestinationAddress, original.Proto.DestinationPort),
	})
}

// Stats returns the counts so far.
func (t *Table) Stats() Stats {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.stats
}

func (t *Table) find(wanted conntrack.Flow, ends Ends) (conntrack.Flow, bool) {
	if protocol(ends.Transport) == 0 || ends.Client.Addr().Is4() != ends.Server.Addr().Is4() {
		return conntrack.Flow{}, false
	}
	if !t.limiter.Allow() {
		t.count(func(s *Stats) { s.Skipped++ })
		return conntrack.Flow{}, false
	}
	flow, err := t.get(wanted)
	switch {
	case errors.Is(err, unix.ENOENT):
		t.count(func(s *Stats) { s.Unknown++ })
	case err != nil:
		t.count(func(s *Stats) { s.Failed++ })
	}
	return flow, err == nil
}

func (t *Table) get(wanted conntrack.Flow) (conntrack.Flow, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.connection.Get(wanted)
}

func (t *Table) translated(asked, found Ends) (Ends, bool) {
	if found == asked {
		t.count(func(s *Stats) { s.Untranslated++ })
		return Ends{}, false
	}
	t.count(func(s *Stats) { s.Translated++ })
	return found, true
}

func (t *Table) count(what func(*Stats)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	what(&t.stats)
}

// protocol is 0 for a transport that is not tracked by ports.
func protocol(transport string) uint8 {
	switch transport {
	case "tcp":
		return unix.IPPROTO_TCP
	case "udp":
		return unix.IPPROTO_UDP
	}
	return 0
}

func tuple(protocol uint8, from, to netip.AddrPort) conntrack.Tuple {
	return conntrack.Tuple{
		IP:    conntrack.IPTuple{SourceAddress: from.Addr(), DestinationAddress: to.Addr()},
		Proto: conntrack.ProtoTuple{Protocol: protocol, SourcePort: from.Port(), DestinationPort: to.Port()},
	}
}

func place(address netip.Addr, port uint16) netip.AddrPort {
	return netip.AddrPortFrom(address.Unmap(), port)
}
