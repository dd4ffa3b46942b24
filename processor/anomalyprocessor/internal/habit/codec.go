// SPDX-License-Identifier: Apache-2.0

package habit

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
)

// The form in exported profiles: number of entries, tracers, what was omitted; then each entry: fixed numbers, length of the network and the
// network, and six texts with their lengths. All numbers are little endian.
const (
	headBytes  = 16
	fixedBytes = 38
)

// Marks of an entry.
const (
	flagByService = 1 << iota
	flagLearned
	flagsEnd
)

// ErrDamaged is what every error of Decode wraps.
var ErrDamaged = errors.New("habits are damaged")

// Append exports the table to the end of out. The same table always gives the same bytes.
func (t *Table) Append(out []byte) []byte {
	out = binary.LittleEndian.AppendUint32(out, uint32(len(t.entries)))
	out = binary.LittleEndian.AppendUint32(out, uint32(t.tracers))
	out = binary.LittleEndian.AppendUint64(out, t.omitted)
	for _, s := range t.All() {
		out = s.append(out)
	}
	return out
}

func (s *Seen) append(out []byte) []byte {
	flags := byte(0)
	if s.Peer.ByService {
		flags |= flagByService
	}
	if s.Learned {
		flags |= flagLearned
	}
	out = append(out, byte(s.Kind), flags, s.Times)
	out = binary.LittleEndian.AppendUint16(out, s.Port)
	for _, number := range [...]uint64{s.Behaviour, s.Count, uint64(s.First), uint64(s.Last)} {
		out = binary.LittleEndian.AppendUint64(out, number)
	}
	var network []byte
	if s.Network.IsValid() {
		network, _ = s.Network.MarshalBinary() // has no error to return
	}
	out = append(append(out, byte(len(network))), network...)
	for _, text := range s.texts() {
		out = binary.LittleEndian.AppendUint16(out, uint16(len(*text)))
		out = append(out, *text...)
	}
	return out
}

// Decode reads what Append wrote, all of data. Room is as in Record: what it refuses is omitted. The error wraps ErrDamaged.
func Decode(data []byte, room func(more int) bool) (Table, error) {
	var t Table
	if len(data) < headBytes {
		return t, fmt.Errorf("%w: %d bytes are too few", ErrDamaged, len(data))
	}
	count := binary.LittleEndian.Uint32(data)
	tracers, omitted := Tracers(binary.LittleEndian.Uint32(data[4:])), binary.LittleEndian.Uint64(data[8:])
	data = data[headBytes:]
	if count > entriesMax || tracers >= 1<<len(tracerNames) {
		return t, fmt.Errorf("%w: %d entries, tracers %#x", ErrDamaged, count, uint32(tracers))
	}
	before := uint64(0)
	for i := range count {
		var s Seen
		var ok bool
		if data, ok = s.decode(data); !ok || i > 0 && s.id() <= before {
			return Table{}, fmt.Errorf("%w: entry %d can't have been so", ErrDamaged, i)
		}
		before = s.id()
		t.merge(s, room)
	}
	if len(data) > 0 {
		return Table{}, fmt.Errorf("%w: %d bytes after the last entry", ErrDamaged, len(data))
	}
	t.tracers, t.omitted = tracers, omitted+t.omitted
	return t, nil
}

// decode reads one entry and returns what is behind it.
func (s *Seen) decode(data []byte) ([]byte, bool) {
	if len(data) < fixedBytes {
		return nil, false
	}
	flags := data[1]
	s.Kind, s.Times, s.Port = Kind(data[0]), data[2], binary.LittleEndian.Uint16(data[3:])
	s.Peer.ByService, s.Learned = flags&flagByService != 0, flags&flagLearned != 0
	for i, number := range [...]*uint64{&s.Behaviour, &s.Count} {
		*number = binary.LittleEndian.Uint64(data[5+8*i:])
	}
	s.First, s.Last = int64(binary.LittleEndian.Uint64(data[21:])), int64(binary.LittleEndian.Uint64(data[29:]))
	length := int(data[fixedBytes-1])
	data = data[fixedBytes:]
	if len(data) < length || length > 0 && !s.network(data[:length]) {
		return nil, false
	}
	data = data[length:]
	for _, text := range s.texts() {
		if len(data) < 2 {
			return nil, false
		}
		length := int(binary.LittleEndian.Uint16(data))
		if data = data[2:]; length > textBytesMax || len(data) < length {
			return nil, false
		}
		*text, data = string(data[:length]), data[length:]
	}
	return data, flags < flagsEnd && s.valid() && s.First >= 0 && s.First <= s.Last && s.Count > 0 && s.Times > 0
}

// network reads the network, which has to be in the one form that is written.
func (s *Seen) network(data []byte) bool {
	if s.Network.UnmarshalBinary(data) != nil {
		return false
	}
	n := s.Network
	return n.IsValid() && n == n.Masked() && n.Addr().Zone() == "" && n.Addr() == n.Addr().Unmap()
}

// NetworkOf returns the part of the network around an address that is told apart from others: the /24, or of IPv6 the /48, or the address itself.
func NetworkOf(address netip.Addr, alone bool) netip.Prefix {
	address = address.Unmap().WithZone("")
	bits := 48
	switch {
	case !address.IsValid():
		return netip.Prefix{}
	case alone:
		bits = address.BitLen()
	case address.Is4():
		bits = 24
	}
	network, err := address.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return network
}
