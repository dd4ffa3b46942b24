// SPDX-License-Identifier: Apache-2.0

package decode

import (
	"net/netip"

	tcpbpf "github.com/meerkat-otel/meerkat/bpf/tcp"
)

// Kinds of the tracer "tcp".
const (
	KindTCPConnect = uint16(tcpbpf.TCPTcpKindTCP_CONNECT)
	KindTCPAccept  = uint16(tcpbpf.TCPTcpKindTCP_ACCEPT)
	KindTCPClose   = uint16(tcpbpf.TCPTcpKindTCP_CLOSED)
	KindTCPRepeat  = uint16(tcpbpf.TCPTcpKindTCP_REPEAT)
)

// Side is the end of a connection that a process holds.
type Side uint16

// Values of Side.
const (
	SideUnknown = Side(tcpbpf.TCPTcpSideSIDE_UNKNOWN)
	SideClient  = Side(tcpbpf.TCPTcpSideSIDE_CLIENT)
	SideServer  = Side(tcpbpf.TCPTcpSideSIDE_SERVER)
)

// TCPConnection is what happened to a connection. Header.Kind tells what.
type TCPConnection struct {
	*tcpbpf.TCPConnectionEvent
	head *Header
}

// Head implements Event.
func (e *TCPConnection) Head() *Header { return e.head }

// NotDeduplicated reports that the event may repeat an earlier one.
func (e *TCPConnection) NotDeduplicated() bool {
	return tcpbpf.TCPTcpFlags(e.Flags)&tcpbpf.TCPTcpFlagsTCP_NOT_DEDUPLICATED != 0
}

// Local is the near end. Its address is zero if the attempt failed before there was one.
func (e *TCPConnection) Local() netip.AddrPort {
	return addrPort(e.Ends.Family, e.Ends.LocalAddress, e.Ends.LocalPort)
}

// Remote is the far end.
func (e *TCPConnection) Remote() netip.AddrPort {
	return addrPort(e.Ends.Family, e.Ends.RemoteAddress, e.Ends.RemotePort)
}

// TCPRepeat says how often something became of connections with the same far end in a time window, and sums
// up. It is not decoded from a record but made of a count that the kernel kept.
type TCPRepeat struct {
	Header Header
	// Kind is that of the events that it stands for.
	Kind  uint16
	Side  Side
	Error int32
	// Local and Remote have port 0 at the client's end.
	Local, Remote            netip.AddrPort
	Count                    uint64
	BytesSent, BytesReceived uint64
	DurationNs, Retransmits  uint64
}

// Head implements Event.
func (e *TCPRepeat) Head() *Header { return &e.Header }

// NewTCPRepeat makes the event of an entry of the deduplication map.
func NewTCPRepeat(key *tcpbpf.TCPTcpSeenKey, seen *tcpbpf.TCPTcpSeen) *TCPRepeat {
	f := &key.Facts
	e := &TCPRepeat{
		Header: repeatHeader(KindTCPRepeat, ProcessKey{StartTimeNs: key.Process.StartTimeNs, Pid: key.Process.Pid}, seenCountOf(&seen.Count)),
		Kind:   f.Kind, Side: Side(f.Side), Error: f.Error,
		Local: addrPort(f.Family, f.LocalAddress, 0), Remote: addrPort(f.Family, f.RemoteAddress, 0),
		Count: seen.Count.Repeats, BytesSent: seen.BytesSent, BytesReceived: seen.BytesReceived,
		DurationNs: seen.DurationNs, Retransmits: seen.Retransmits,
	}
	if e.Side == SideClient {
		e.Remote = netip.AddrPortFrom(e.Remote.Addr(), f.ServerPort)
	} else {
		e.Local = netip.AddrPortFrom(e.Local.Addr(), f.ServerPort)
	}
	return e
}

// familyIPv4 is AF_INET of the kernel, whatever this program is built for.
const familyIPv4 = 2

// addrPort takes mapped addresses for the IPv4 addresses that they are.
func addrPort(family uint16, address [16]uint8, port uint16) netip.AddrPort {
	if family == familyIPv4 {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(address[:4])), port)
	}
	return netip.AddrPortFrom(netip.AddrFrom16(address).Unmap(), port)
}

type tcpDecoder struct {
	connection TCPConnection
}

// NewTCP returns a decoder for the records of the tracer "tcp".
func NewTCP() Decoder { return &tcpDecoder{} }

// Decode implements Decoder.
func (d *tcpDecoder) Decode(record []byte) (Event, error) {
	header, _, err := view[Header](record)
	if err != nil {
		return nil, err
	}
	switch header.Kind {
	case KindTCPConnect, KindTCPAccept, KindTCPClose:
		d.connection.head = header
		return &d.connection, fixed(&d.connection.TCPConnectionEvent, record)
	}
	return nil, ErrUnknownKind
}
