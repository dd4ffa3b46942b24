// SPDX-License-Identifier: Apache-2.0

package enrich

import (
	"net/netip"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// Connection is what a record or span says of the two ends of what it tells of.
type Connection struct {
	transport      string
	client, server netip.AddrPort
	// far is the end that is not the resource's own. Its port is 0 if it is not told.
	far netip.AddrPort
	// clientSide tells that the resource is the client.
	clientSide bool
	// other are the ends as the far end sees them, where addresses are translated on the way. Invalid where it is
	// not known that they are.
	otherClient, otherServer netip.AddrPort
	// saidKind, saidStatus and saidReason are what an earlier enrichment said of the far end. It is resolved if there is a kind
	// and no status.
	saidKind   string
	saidStatus Status
	saidReason Reason
}

// Ends returns the two ends, as the resource sees them, and whether it is the client.
func (c *Connection) Ends() (transport string, client, server netip.AddrPort, clientSide bool) {
	return c.transport, c.client, c.server, c.clientSide
}

// Translated takes it that the far end sees other ends, since addresses are translated on the way.
func (c *Connection) Translated(client, server netip.AddrPort) {
	c.otherClient, c.otherServer = client, server
}

// near is the address and port of the resource itself; invalid if it is not known which end it holds.
func (c *Connection) near() netip.AddrPort {
	if c.clientSide {
		return c.client
	}
	return c.server
}

// translatedFar is the address and port that the far end itself has.
func (c *Connection) translatedFar() netip.AddrPort {
	if c.clientSide {
		return c.otherServer
	}
	return c.otherClient
}

// resolved tells whether an earlier enrichment has found who is at the far end.
func (c *Connection) resolved() bool { return c.saidKind != "" && c.saidStatus == "" }

// complete tells whether the connection can be told from all others.
func (c *Connection) complete() bool { return c.client.Port() != 0 && c.server.Port() != 0 }

// ConnectionOf reads the ends from the attributes of a record. It is false if that names no far end by its address,
// or one that leads nowhere else.
func ConnectionOf(attributes pcommon.Map) (Connection, bool) {
	var client, server, peer end
	var side string
	var c Connection
	for key, value := range attributes.All() {
		switch key {
		case names.ConnectionSide:
			side = value.Str()
		case names.NetworkTransport:
			c.transport = value.Str()
		case names.ClientAddress:
			client.address = value.Str()
		case names.ClientPort:
			client.port = value.Int()
		case names.ServerAddress:
			server.address = value.Str()
		case names.ServerPort:
			server.port = value.Int()
		case names.NetworkPeerAddress:
			peer.address = value.Str()
		case names.NetworkPeerPort:
			peer.port = value.Int()
		case names.PeerKind:
			c.saidKind = value.Str()
		case names.PeerEnrichmentStatus:
			c.saidStatus = Status(value.Str())
		case names.PeerEnrichmentReason:
			c.saidReason = Reason(value.Str())
		}
	}
	c.clientSide = side == "client"
	switch side {
	case "client":
		c.client, c.server = client.place(), server.place()
		c.far = c.server
	case "server":
		c.client, c.server = client.place(), server.place()
		c.far = c.client
	default:
		c.far = peer.place()
	}
	return c, c.far.IsValid() && leadsElsewhere(c.far.Addr())
}

func leadsElsewhere(a netip.Addr) bool {
	return !a.IsLoopback() && !a.IsUnspecified() && !a.IsMulticast() && !a.IsLinkLocalUnicast()
}

// end is one end as it stands in a record.
type end struct {
	address string
	port    int64
}

const portMax = 1<<16 - 1

// place is invalid for an end that is not an address, such as a name.
func (e end) place() netip.AddrPort {
	if e.address == "" {
		return netip.AddrPort{}
	}
	address, err := netip.ParseAddr(e.address)
	if err != nil || e.port < 0 || e.port > portMax {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(address.Unmap().WithZone(""), uint16(e.port))
}
