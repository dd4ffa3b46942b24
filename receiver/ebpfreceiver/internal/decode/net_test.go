// SPDX-License-Identifier: Apache-2.0

package decode

import (
	"testing"

	"github.com/stretchr/testify/assert"

	udpbpf "github.com/meerkat-otel/meerkat/bpf/udp"
)

func TestDecode_udp(t *testing.T) {
	e := decodeGood(t, "start").(*UDPStart)
	assert.Equal(t, "127.0.0.1:40000", e.Local().String())
	assert.Equal(t, "10.1.2.3:443", e.Remote().String())
	assert.Equal(t, SideServer, Side(e.Side))
}

// The tracers have enumerations of their own, and share the type.
func TestSide_isTheSameForBothTracers(t *testing.T) {
	for side, number := range map[Side]udpbpf.UDPUdpSide{
		SideUnknown: udpbpf.UDPUdpSideSIDE_UNKNOWN, SideClient: udpbpf.UDPUdpSideSIDE_CLIENT, SideServer: udpbpf.UDPUdpSideSIDE_SERVER,
	} {
		assert.EqualValues(t, number, side)
	}
}

func TestNewUDPFlow(t *testing.T) {
	key := &udpbpf.UDPUdpFlowKey{Socket: 1, RemoteAddress: [16]uint8{10, 1, 2, 3}, RemotePort: 443, Family: familyIPv4}
	flow := &udpbpf.UDPUdpFlow{
		Header: headerAs[udpbpf.UDPEventHeader](KindUDPStart), LocalAddress: [16]uint8{127, 0, 0, 1}, LocalPort: 40000, Side: uint16(SideClient),
		LastNs: 111, PacketsSent: 1, BytesSent: 2, PacketsReceived: 3, BytesReceived: 4,
	}
	e := NewUDPFlow(key, flow)
	want := header(KindUDPFlow)
	want.TimeNs = 111
	assert.Equal(t, want, *e.Head(), "that of the first packet, but for kind and time")
	assert.Equal(t, "127.0.0.1:40000", e.Local.String())
	assert.Equal(t, "10.1.2.3:443", e.Remote.String())
	assert.Equal(t, SideClient, e.Side)
	assert.Equal(t, []uint64{100, 1, 2, 3, 4}, []uint64{e.DurationNs, e.PacketsSent, e.BytesSent, e.PacketsReceived, e.BytesReceived})
	assert.False(t, UDPFlowOwnerUnknown(flow))
	flow.Flags = uint16(udpbpf.UDPUdpFlagsUDP_OWNER_UNKNOWN)
	assert.True(t, UDPFlowOwnerUnknown(flow))
}

func TestDecode_dns(t *testing.T) {
	for _, name := range []string{"query", "answer"} {
		e := decodeGood(t, name).(*DNSMessage)
		assert.Equal(t, "question", string(e.Payload))
		assert.Equal(t, "127.0.0.1:40000", e.Client().String())
		assert.Equal(t, "127.0.0.53:53", e.Server().String())
		assert.EqualValues(t, 21, e.Socket)
		assert.True(t, e.TCP())
		assert.True(t, e.Cut())
		e.MessageBytes, e.Flags, e.Protocol = 8, 0, 17
		assert.False(t, e.Cut() || e.TCP())
	}
}

// A payload that is longer than its room would show what belongs to somebody else.
func TestDecode_dnsPayloadBeyondItsRoom(t *testing.T) {
	e := dnsMessage(KindDNSQuery)
	e.PayloadBytes = 11
	_, err := NewDNS().Decode(bytesOf(t, e, "question\x00\x00"))
	assert.Equal(t, ErrTooShort, err)
}
