// SPDX-License-Identifier: Apache-2.0

package incident

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
)

// End is a connection of a behaviour, by which the incident at its other end can be found.
type End struct {
	Time           time.Time
	Client, Server netip.AddrPort
	// Peer is the workload at the far end, if it is known.
	Peer string
}

// addEnd remembers the ends of a connection, if both are known with their ports: else it could be any of several.
func (b *Behaviour) addEnd(e *behaviour.Event) {
	if e.Client.Addr().IsValid() && e.Server.Addr().IsValid() && e.Client.Port() != 0 && e.Server.Port() != 0 && b.newEnd(e.Client, e.Server) {
		b.Ends = append(b.Ends, End{Time: e.Time, Client: e.Client, Server: e.Server, Peer: strings.Clone(e.Peer)})
	}
}

// AddEnds remembers connections of the same behaviour elsewhere, as far as there is room.
func (b *Behaviour) AddEnds(ends []End) {
	b.Ends = slices.Clip(b.Ends) // whose it was before goes on with it
	for at := range ends {
		if b.newEnd(ends[at].Client, ends[at].Server) {
			b.Ends = append(b.Ends, ends[at])
		}
	}
}

// newEnd tells whether there is room for a connection that is not there yet.
func (b *Behaviour) newEnd(client, server netip.AddrPort) bool {
	return len(b.Ends) < endsMax && !slices.ContainsFunc(b.Ends, func(known End) bool { return known.Client == client && known.Server == server })
}
