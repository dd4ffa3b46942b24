// SPDX-License-Identifier: Apache-2.0

package emit

import (
	"net/netip"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
)

// PeerNames knows under which name a workload has looked an address up.
type PeerNames interface {
	// NameOf returns an empty string if there is no such name. The time is in nanoseconds of
	// CLOCK_BOOTTIME.
	NameOf(cgroupID uint64, address netip.Addr, timeNs uint64) string
}

// ends are those of a connection or flow, as the process sees them.
type ends struct {
	local, remote netip.AddrPort
	side          decode.Side
	transport     string
}

// putEnds names the two ends client and server where it is known which is which, and the far one as the
// workload knows it.
func (r Record) putEnds(h *decode.Header, e ends) {
	attributes := r.Attributes()
	attributes.PutStr(names.NetworkTransport, e.transport)
	attributes.PutStr(names.NetworkType, networkType(e.remote.Addr()))
	switch e.side {
	case decode.SideClient:
		attributes.PutStr(names.ConnectionSide, "client")
		r.putEnd(names.ClientAddress, names.ClientPort, e.local)
		r.putEnd(names.ServerAddress, names.ServerPort, e.remote)
	case decode.SideServer:
		attributes.PutStr(names.ConnectionSide, "server")
		r.putEnd(names.ClientAddress, names.ClientPort, e.remote)
		r.putEnd(names.ServerAddress, names.ServerPort, e.local)
	default:
		attributes.PutStr(names.ConnectionSide, "unknown")
		r.putEnd(names.NetworkLocalAddress, names.NetworkLocalPort, e.local)
		r.putEnd(names.NetworkPeerAddress, names.NetworkPeerPort, e.remote)
	}
	if r.peers == nil || h.CgroupId == 0 {
		return
	}
	if name := r.peers.NameOf(h.CgroupId, e.remote.Addr(), h.TimeNs); name != "" {
		attributes.PutStr(names.PeerDNSName, name)
	}
}

func (r Record) putEnd(addressKey, portKey string, end netip.AddrPort) {
	if end.Addr().IsUnspecified() && end.Port() == 0 {
		return
	}
	r.Attributes().PutStr(addressKey, end.Addr().String())
	if end.Port() != 0 {
		r.Attributes().PutInt(portKey, int64(end.Port()))
	}
}

func networkType(a netip.Addr) string {
	if a.Is4() {
		return "ipv4"
	}
	return "ipv6"
}
