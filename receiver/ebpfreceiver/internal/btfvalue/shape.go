// SPDX-License-Identifier: Apache-2.0

package btfvalue

// Kind is what a value is.
type Kind uint8

// Kinds of values.
const (
	KindNone     Kind = iota // nothing: the record ends before the field
	KindBool                 // Bool
	KindInteger              // Int64, Uint64; Text for those beyond 64 bits
	KindFloat                // Float64
	KindEnum                 // Name, or a number that has no name
	KindText                 // Text
	KindHex                  // Text: bytes in hexadecimal, in the order in which they lie in memory
	KindPointer              // Text: an address of the kernel's or a process's memory
	KindAddress              // Text: an IPv4 or IPv6 address
	KindErrno                // Name: the error's symbol; none for 0
	KindDuration             // Float64: seconds
	KindList                 // Len, Index
	KindStruct               // Members
)

// IsScalar tells whether a value is one number or text.
func (k Kind) IsScalar() bool { return k != KindNone && k != KindList && k != KindStruct }

// IsNumber tells whether Int64 and Uint64 make sense: of kinds that come from the type.
func (k Kind) IsNumber() bool { return k == KindInteger || k == KindEnum || k == KindBool }

// shape is how the bytes of one type are read. Types that are used many times have one.
type shape struct {
	kind Kind
	// bytes is the size, 0 for flexible arrays.
	bytes     int
	bigEndian bool
	signed    bool
	// isCharacter tells "char" from other integers of one byte: arrays of it are text.
	isCharacter bool
	isUnion     bool
	// isFlexible is for arrays whose length is the rest of the record.
	isFlexible bool
	// levels is how deep it nests.
	levels int
	// most is how many elements or bytes are given.
	most int
	// typeName is for people.
	typeName string
	// names are those of an enum's values, as they are when extended to 64 bits.
	names   map[uint64]string
	element *shape
	count   int
	members []member
}

// member is a part of a struct or union.
type member struct {
	name  string
	shape *shape
	// offset is in bytes from the start of the struct.
	offset int
	bits   bitRange
	// isAnonymous is for unions without a name: their members are reached as if they stood in the parent.
	isAnonymous bool
}

// bitRange are the bits of a bit-field within the bytes that they touch. No bits stand for all.
type bitRange struct {
	offset, count uint8
}

// bytes is how many bytes a member takes: of a bit-field those that it touches.
func (m *member) bytes() int {
	if m.bits.count > 0 {
		return (int(m.bits.offset) + int(m.bits.count) + 7) / 8
	}
	return m.shape.bytes
}

// find returns the member of a name and where it lies, looking into unions without a name.
func (s *shape) find(name string) (member, bool) {
	for _, m := range s.members {
		if m.name == name {
			return m, true
		}
	}
	for _, m := range s.members {
		if !m.isAnonymous {
			continue
		}
		if inner, ok := m.shape.find(name); ok {
			inner.offset += m.offset
			return inner, true
		}
	}
	return member{}, false
}

// memberNames are the names that find finds.
func (s *shape) memberNames() []string {
	var names []string
	for _, m := range s.members {
		names = append(names, m.name)
		if m.isAnonymous {
			names = append(names, m.shape.memberNames()...)
		}
	}
	return names
}
