// SPDX-License-Identifier: Apache-2.0

package decode

import (
	"net/netip"

	socketbpf "github.com/meerkat-otel/meerkat/bpf/socket"
)

// Kinds of the tracer "socket". SocketRepeat is made in user space.
const (
	KindSocketCreate = uint16(socketbpf.SocketSocketKindSOCKET_CREATE)
	KindSocketBind   = uint16(socketbpf.SocketSocketKindSOCKET_BIND)
	KindSocketListen = uint16(socketbpf.SocketSocketKindSOCKET_LISTEN)
	KindSocketRepeat = uint16(socketbpf.SocketSocketKindSOCKET_REPEAT)
)

// SocketFacts are what makes two events one and a repeat.
type SocketFacts = socketbpf.SocketSocketFacts

// SocketAddress is the IP address among the facts.
func SocketAddress(f *SocketFacts) netip.Addr { return addrPort(uint16(f.Family), f.Address, 0).Addr() }

// Socket is something that was done with a socket. Header.Kind tells what.
type Socket struct {
	*socketbpf.SocketSocketEvent
	head *Header
	// Name is that of a unix socket: a path, or a name that starts with a zero byte.
	Name []byte
}

// Head implements Event.
func (e *Socket) Head() *Header { return e.head }

func (e *Socket) has(flag socketbpf.SocketSocketFlags) bool {
	return socketbpf.SocketSocketFlags(e.Flags)&flag != 0
}

// Snapshot reports that the socket was like that before anybody looked.
func (e *Socket) Snapshot() bool { return e.has(socketbpf.SocketSocketFlagsSOCKET_SNAPSHOT) }

// NotDeduplicated reports that the event may repeat an earlier one.
func (e *Socket) NotDeduplicated() bool {
	return e.has(socketbpf.SocketSocketFlagsSOCKET_NOT_DEDUPLICATED)
}

// SocketRepeat says how often something happened again in its time window. It is not decoded from a record
// but made of a count that the kernel kept.
type SocketRepeat struct {
	Header Header
	Facts  SocketFacts
	Name   []byte
	Count  uint64
}

// Head implements Event.
func (e *SocketRepeat) Head() *Header { return &e.Header }

// NewSocketRepeat makes the event of an entry of the deduplication map.
func NewSocketRepeat(key *socketbpf.SocketSocketSeenKey, count *socketbpf.SocketSeenCount) *SocketRepeat {
	return &SocketRepeat{
		Header: repeatHeader(KindSocketRepeat, ProcessKey{StartTimeNs: key.Process.StartTimeNs, Pid: key.Process.Pid}, seenCountOf(count)),
		Facts:  key.Facts,
		Name:   key.Name[:min(int(key.Facts.NameBytes), len(key.Name))],
		Count:  count.Repeats,
	}
}

type socketDecoder struct {
	socket Socket
}

// NewSocket returns a decoder for the records of the tracer "socket".
func NewSocket() Decoder { return &socketDecoder{} }

// Decode implements Decoder.
func (d *socketDecoder) Decode(record []byte) (Event, error) {
	header, _, err := view[Header](record)
	if err != nil {
		return nil, err
	}
	if header.Kind > KindSocketListen {
		return nil, ErrUnknownKind
	}
	e, rest, err := view[socketbpf.SocketSocketEvent](record)
	if err != nil {
		return nil, err
	}
	t := tail{rest: rest}
	d.socket = Socket{SocketSocketEvent: e, head: header, Name: t.next(int(e.Facts.NameBytes))}
	return &d.socket, t.end()
}
