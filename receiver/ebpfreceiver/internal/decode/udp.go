// SPDX-License-Identifier: Apache-2.0

package decode

import (
	"net/netip"

	udpbpf "github.com/meerkat-otel/meerkat/bpf/udp"
)

// Kinds of the tracer "udp". UDPFlow is made in user space.
const (
	KindUDPStart = uint16(udpbpf.UDPUdpKindUDP_START)
	KindUDPFlow  = uint16(udpbpf.UDPUdpKindUDP_FLOW)
)

// UDPStart is the first packet of a flow.
type UDPStart struct {
	*udpbpf.UDPUdpStartEvent
	head *Header
}

// Head implements Event.
func (e *UDPStart) Head() *Header { return e.head }

// Local is the near end.
func (e *UDPStart) Local() netip.AddrPort {
	return addrPort(e.Ends.Family, e.Ends.LocalAddress, e.Ends.LocalPort)
}

// Remote is the far end.
func (e *UDPStart) Remote() netip.AddrPort {
	return addrPort(e.Ends.Family, e.Ends.RemoteAddress, e.Ends.RemotePort)
}

// FlowState says why a flow is reported.
type FlowState uint8

// Values of FlowState.
const (
	FlowActive FlowState = iota // it goes on
	FlowIdle                    // it has had no packet for long
	FlowClosed                  // its socket is closed
)

// UDPFlow says how much a flow has carried since it was last reported. It is not decoded from a record but
// made of an entry of the kernel's map; the time of its header is that of the last packet.
type UDPFlow struct {
	Header        Header
	Local, Remote netip.AddrPort
	Side          Side
	State         FlowState
	// DurationNs is from the first packet to the last.
	DurationNs                   uint64
	PacketsSent, PacketsReceived uint64
	BytesSent, BytesReceived     uint64
}

// Head implements Event.
func (e *UDPFlow) Head() *Header { return &e.Header }

// NewUDPFlow makes the event of an entry, which the kernel half wrote as these two structs.
func NewUDPFlow(key *udpbpf.UDPUdpFlowKey, flow *udpbpf.UDPUdpFlow) *UDPFlow {
	e := &UDPFlow{
		Header: Header{
			TimeNs: flow.LastNs, ExecId: flow.Header.ExecId, CgroupId: flow.Header.CgroupId, Tid: flow.Header.Tid,
			Uid: flow.Header.Uid, Gid: flow.Header.Gid, Kind: KindUDPFlow, Comm: flow.Header.Comm,
		},
		Local:  addrPort(key.Family, flow.LocalAddress, flow.LocalPort),
		Remote: addrPort(key.Family, key.RemoteAddress, key.RemotePort),
		Side:   Side(flow.Side), DurationNs: flow.LastNs - flow.Header.TimeNs,
		PacketsSent: flow.PacketsSent, PacketsReceived: flow.PacketsReceived,
		BytesSent: flow.BytesSent, BytesReceived: flow.BytesReceived,
	}
	e.Header.Process.Pid, e.Header.Process.StartTimeNs = flow.Header.Process.Pid, flow.Header.Process.StartTimeNs
	return e
}

// UDPFlowOwnerUnknown reports that nobody knows whose the socket of a flow is.
func UDPFlowOwnerUnknown(flow *udpbpf.UDPUdpFlow) bool {
	return udpbpf.UDPUdpFlags(flow.Flags)&udpbpf.UDPUdpFlagsUDP_OWNER_UNKNOWN != 0
}

type udpDecoder struct {
	start UDPStart
}

// NewUDP returns a decoder for the records of the tracer "udp".
func NewUDP() Decoder { return &udpDecoder{} }

// Decode implements Decoder.
func (d *udpDecoder) Decode(record []byte) (Event, error) {
	header, _, err := view[Header](record)
	if err != nil {
		return nil, err
	}
	if header.Kind != KindUDPStart {
		return nil, ErrUnknownKind
	}
	d.start.head = header
	return &d.start, fixed(&d.start.UDPUdpStartEvent, record)
}
