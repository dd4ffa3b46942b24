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

// Local is the near end. Its address is zero if the attempt failed before there was one.
func (e *TCPConnection) Local() netip.AddrPort {
	return addrPort(e.Ends.Family, e.Ends.LocalAddress, e.Ends.LocalPort)
}

// Remote is the far end.
func (e *TCPConnection) Remote() netip.AddrPort {
	return addrPort(e.Ends.Family, e.Ends.RemoteAddress, e.Ends.RemotePort)
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
