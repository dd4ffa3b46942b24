// SPDX-License-Identifier: Apache-2.0

package decode

import (
	"net/netip"
	"time"

	dnsbpf "github.com/meerkat-otel/meerkat/bpf/dns"
)

// Kinds of the tracer "dns". DNSLookup is made in user space.
const (
	KindDNSQuery  = uint16(dnsbpf.DNSDnsKindDNS_QUERY)
	KindDNSAnswer = uint16(dnsbpf.DNSDnsKindDNS_ANSWER)
	KindDNSLookup = uint16(dnsbpf.DNSDnsKindDNS_LOOKUP)
)

// protocolTCP is IPPROTO_TCP of the kernel.
const protocolTCP = 6

// DNSMessage is what was sent to a name server, or came from one. Header.Kind tells which.
type DNSMessage struct {
	*dnsbpf.DNSDnsMessageEvent
	head *Header
	// Payload is the beginning of a datagram or segment. Nothing in it has been looked at.
	Payload []byte
	room    []byte
}

// Head implements Event.
func (e *DNSMessage) Head() *Header { return e.head }

// TCP reports that the payload is of a stream, in which a length precedes each message.
func (e *DNSMessage) TCP() bool { return e.Protocol == protocolTCP }

// Cut reports that the payload lacks its end.
func (e *DNSMessage) Cut() bool { return uint32(len(e.Payload)) < e.MessageBytes }

// Client is the end that asks.
func (e *DNSMessage) Client() netip.AddrPort {
	return addrPort(e.Ends.Family, e.Ends.LocalAddress, e.Ends.LocalPort)
}

// Server is the end that answers.
func (e *DNSMessage) Server() netip.AddrPort {
	return addrPort(e.Ends.Family, e.Ends.RemoteAddress, e.Ends.RemotePort)
}

// DNSLookup is a question and what became of it. It is not decoded from a record but made of messages; its
// header is that of the first query, and the time the one of its end.
type DNSLookup struct {
	Header         Header
	Client, Server netip.AddrPort
	TCP            bool
	// Name is in presentation format, without the last dot.
	Name, Type string
	// ResponseCode is empty if there was no answer in time.
	ResponseCode string
	Addresses    []netip.Addr
	// MoreAddresses are beyond the limit.
	MoreAddresses int
	Truncated     bool
	// Retries is how often the same process had asked the same before, without an answer.
	Retries  int
	Duration time.Duration
}

// Head implements Event.
func (e *DNSLookup) Head() *Header { return &e.Header }

type dnsDecoder struct {
	message DNSMessage
}

// NewDNS returns a decoder for the records of the tracer "dns".
func NewDNS() Decoder { return &dnsDecoder{} }

// Decode implements Decoder.
func (d *dnsDecoder) Decode(record []byte) (Event, error) {
	header, _, err := view[Header](record)
	if err != nil {
		return nil, err
	}
	if header.Kind != KindDNSQuery && header.Kind != KindDNSAnswer {
		return nil, ErrUnknownKind
	}
	e, rest, err := view[dnsbpf.DNSDnsMessageEvent](record)
	if err != nil {
		return nil, err
	}
	t := tail{rest: rest}
	room := t.next(int(e.RoomBytes))
	if err := t.end(); err != nil {
		return nil, err
	}
	if int(e.PayloadBytes) > len(room) {
		return nil, ErrTooShort
	}
	d.message = DNSMessage{DNSDnsMessageEvent: e, head: header, Payload: room[:e.PayloadBytes], room: room}
	return &d.message, nil
}
