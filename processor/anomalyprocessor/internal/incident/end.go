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

// addEnd remembers the ends of a connection, if both are known. Repeats and those beyond the limit say nothing new about who is at the other end.
func (b *Behaviour) addEnd(e *behaviour.Event) {
	if !e.Client.Addr().IsValid() || !e.Server.Addr().IsValid() || len(b.Ends) >= endsMax {
		return
	}
	if slices.ContainsFunc(b.Ends, func(known End) bool { return known.Client == e.Client && known.Server == e.Server }) {
		return
	}
	b.Ends = append(b.Ends, End{Time: e.Time, Client: e.Client, Server: e.Server, Peer: strings.Clone(e.Peer)})
}
