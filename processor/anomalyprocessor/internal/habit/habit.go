// SPDX-License-Identifier: Apache-2.0

package habit

import (
	"net/netip"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"
)

// Kind is what a habit is about.
type Kind uint8

// Kinds. Their numbers stand in exported profiles: add new ones at the end.
const (
	Connect    Kind = iota + 1 // it opens connections, or sends datagrams first, to a far end
	Accept                     // a far end does that to it
	Listen                     // it waits for connections on a port
	Capability                 // it uses a capability: Name
	Operation                  // it asks for something of the kernel that few do: Name, by the tracer's word for it
	Socket                     // it opens sockets of an unusual kind: Name is the family, Value the type
	Label                      // its pods have a label: Name is the key, Value the value
	kindEnd
)

// Peer is who is at a far end.
type Peer struct {
	// Kind is as the enrichment has it, such as deployment, node or external. Empty if nobody asked.
	Kind string
	// Namespace and Name are those of the workload, node or configured network.
	Namespace, Name string
	// ByService tells that the address was a Service's, so that the port is the Service's too, which may not be the one that the pods have.
	ByService bool
}

// Habit is something that a workload does. Two with the same fields, Behaviour apart, are the same.
type Habit struct {
	Kind Kind
	// Transport is tcp, udp or another one, as network.transport has it.
	Transport string
	Port      uint16
	Peer      Peer
	// Network is where the far end is, if no workload is known there: a part of the network, or everywhere (0.0.0.0/0).
	Network netip.Prefix
	Name    string
	Value   string
	// Behaviour is the number by which the profile knows it; 0 if the profile judges nothing of the kind.
	Behaviour uint64
}

// Seen is a habit with how often it was seen, and when.
type Seen struct {
	Habit
	Count uint64
	// First and Last are seconds since 1970, by the clock of the events.
	First, Last int64
	// Times is how often it was seen with some time between, saturating.
	Times uint8
	// Learned tells that it was seen while the profile was learning, when what is seen is what is normal.
	Learned bool
}

// Settled tells whether something was seen at so many separate times, over such a time, or while everything was learned.
func (s *Seen) Settled(times uint8, over time.Duration) bool {
	return s.Learned || s.Times >= times && time.Duration(s.Last-s.First)*time.Second >= over
}

// texts are the texts of a habit, in the order of the export.
func (h *Habit) texts() [6]*string {
	return [6]*string{&h.Transport, &h.Peer.Kind, &h.Peer.Namespace, &h.Peer.Name, &h.Name, &h.Value}
}

// id is the same for the same habit. It allocates nothing.
func (h *Habit) id() uint64 {
	by := uint64(0)
	if h.Peer.ByService {
		by = 1
	}
	id := uint64(h.Kind)<<32 | uint64(h.Port)<<8 | by
	for _, text := range h.texts() {
		id = (id ^ xxhash.Sum64String(*text)) * 0x9e3779b97f4a7c15
		id ^= id >> 29
	}
	if h.Network.IsValid() {
		address := h.Network.Addr().As16()
		id = (id ^ xxhash.Sum64(address[:]) ^ uint64(h.Network.Bits()+1)) * 0x9e3779b97f4a7c15
	}
	return id
}

// bytes is what the habit takes in a table.
func (h *Habit) bytes() int {
	sum := entryBytes
	for _, text := range h.texts() {
		sum += len(*text)
	}
	return sum
}

// valid tells whether a habit is one that can be kept.
func (h *Habit) valid() bool {
	if h.Kind == 0 || h.Kind >= kindEnd {
		return false
	}
	for _, text := range h.texts() {
		if len(*text) > textBytesMax {
			return false
		}
	}
	return true
}

// clone gives the habit texts of its own.
func (h *Habit) clone() {
	for _, text := range h.texts() {
		*text = strings.Clone(*text)
	}
}

// outside tells whether the far end is known by its network only.
func (h *Habit) outside() bool { return (h.Kind == Connect || h.Kind == Accept) && h.Network.IsValid() }

// everywhere is the network of all addresses of the same family.
func everywhere(network netip.Prefix) netip.Prefix {
	if network.Addr().Is4() {
		return netip.PrefixFrom(netip.IPv4Unspecified(), 0)
	}
	return netip.PrefixFrom(netip.IPv6Unspecified(), 0)
}
