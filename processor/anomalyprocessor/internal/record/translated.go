// SPDX-License-Identifier: Apache-2.0

package record

import (
	"net/netip"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
)

// translate makes the ends of a connection those that the server sees, if the client's record tells them: there is no other way in which both records
// are of the same. What the client does is judged by what it sees itself.
func (f *fields) translate(e *behaviour.Event) {
	if f.seenClient == "" || f.seenServer == "" {
		return
	}
	client, clientErr := netip.ParseAddrPort(f.seenClient)
	server, serverErr := netip.ParseAddrPort(f.seenServer)
	if clientErr == nil && serverErr == nil {
		e.Client = netip.AddrPortFrom(client.Addr().Unmap().WithZone(""), client.Port())
		e.Server = netip.AddrPortFrom(server.Addr().Unmap().WithZone(""), server.Port())
	}
}
