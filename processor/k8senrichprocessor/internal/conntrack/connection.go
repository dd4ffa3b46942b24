// SPDX-License-Identifier: Apache-2.0

package conntrack

import "net/netip"

// Ends are the two ends of a connection, as one of them sees them.
type Ends struct {
	// Transport is "tcp" or "udp".
	Transport      string
	Client, Server netip.AddrPort
}

// Stats counts what was asked since the start.
type Stats struct {
	Translated, Untranslated, Unknown, Failed uint64
	// Skipped counts connections that were not asked about, because there were too many.
	Skipped uint64
}

// lookupsPerSecondMax bounds what looking up costs: each is a message to the kernel and one back, some tens of
// microseconds.
const lookupsPerSecondMax = 2000
