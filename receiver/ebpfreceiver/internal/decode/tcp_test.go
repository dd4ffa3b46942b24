// SPDX-License-Identifier: Apache-2.0

package decode

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"

	tcpbpf "github.com/meerkat-otel/meerkat/bpf/tcp"
)

func TestTCPRepeat(t *testing.T) {
	key := tcpbpf.TCPTcpSeenKey{Window: 3}
	key.Process.StartTimeNs, key.Process.Pid = 12, 13
	key.Facts = tcpbpf.TCPTcpFacts{
		LocalAddress: [16]uint8{10, 0, 0, 1}, RemoteAddress: [16]uint8{10, 0, 0, 2}, Family: familyIPv4, ServerPort: 443,
		Side: uint16(SideClient), Kind: KindTCPClose, Error: 111,
	}
	seen := tcpbpf.TCPTcpSeen{DurationNs: 1, BytesSent: 2, BytesReceived: 3, Retransmits: 4}
	seen.Count = tcpbpf.TCPSeenCount{Repeats: 5, LastTimeNs: 11, ExecId: 14, CgroupId: 15, Uid: 17, Gid: 18}
	want := header(KindTCPRepeat)
	want.Tid, want.Comm = 13, [16]uint8{}
	assert.Equal(t, &TCPRepeat{
		Header: want, Kind: KindTCPClose, Side: SideClient, Error: 111,
		Local: netip.MustParseAddrPort("10.0.0.1:0"), Remote: netip.MustParseAddrPort("10.0.0.2:443"),
		Count: 5, DurationNs: 1, BytesSent: 2, BytesReceived: 3, Retransmits: 4,
	}, NewTCPRepeat(&key, &seen))

	key.Facts.Side = uint16(SideServer)
	e := NewTCPRepeat(&key, &seen)
	assert.Equal(t, netip.MustParseAddrPort("10.0.0.1:443"), e.Local)
	assert.Equal(t, netip.MustParseAddrPort("10.0.0.2:0"), e.Remote)
}
