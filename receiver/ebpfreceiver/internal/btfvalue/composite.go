// SPDX-License-Identifier: Apache-2.0

package btfvalue

import (
	"fmt"
	"strings"

	"github.com/cilium/ebpf/btf"
)

// Names of structs that are addresses, and their sizes.
const (
	structIPv4 = "in_addr"
	structIPv6 = "in6_addr"
)

// composite makes the shape of a struct or union.
func (c *compiler) composite(name string, members []btf.Member, size uint32, isUnion bool, path string, levels int) (*shape, error) {
	kind := "struct"
	if isUnion {
		kind = "union"
	}
	s := &shape{kind: KindStruct, bytes: int(size), isUnion: isUnion, typeName: fmt.Sprintf("%s %q", kind, name)}
	if size > uint32(c.limits.RecordBytesMax) {
		return nil, memberError(path, "it has %d bytes, more than %d", size, c.limits.RecordBytesMax)
	}
	for i := range members {
		if err := c.addMember(s, &members[i], path, levels, i == len(members)-1); err != nil {
			return nil, err
		}
	}
	taken := map[string]bool{}
	for _, name := range s.memberNames() {
		if taken[name] {
			return nil, memberError(join(path, name), "the name stands twice in the %s", kind)
		}
		taken[name] = true
	}
	switch {
	case name == structIPv4 && s.bytes == 4, name == structIPv6 && s.bytes == 16:
		s.kind = KindAddress
	case isUnion:
		// Which of the members is meant does not stand in the bytes.
		s.kind, s.most = KindHex, c.limits.TextBytesMax
	}
	return s, nil
}

// addMember adds a member to a struct: one that has no name is replaced by its members.
func (c *compiler) addMember(s *shape, m *btf.Member, path string, levels int, isLast bool) error {
	c.fields++
	if c.fields > c.limits.FieldsMax {
		return memberError(path, "there are more than %d members", c.limits.FieldsMax)
	}
	where := path
	if m.Name != "" {
		where = join(path, m.Name)
		if err := checkName(m.Name); err != nil {
			return memberError(path, "%w", err)
		}
	}
	inner, err := c.shapeOf(m.Type, where, levels+1)
	if err != nil {
		return err
	}
	placed := member{name: m.Name, shape: inner, offset: int(m.Offset / 8)}
	if m.BitfieldSize > 0 {
		if inner.kind != KindInteger && inner.kind != KindEnum && inner.kind != KindBool {
			return memberError(where, "%s can't be a bit-field", inner.typeName)
		}
		if int64(m.BitfieldSize) > int64(inner.bytes)*8 {
			return memberError(where, "a bit-field has %d bits, and its type %d", m.BitfieldSize, inner.bytes*8)
		}
		placed.bits = bitRange{offset: uint8(m.Offset % 8), count: uint8(m.BitfieldSize)}
	} else if m.Offset%8 != 0 {
		return memberError(where, "it starts at bit %d, between two bytes", m.Offset)
	}
	if placed.offset+placed.bytes() > s.bytes {
		return memberError(where, "it reaches to byte %d of %s, which has %d", placed.offset+placed.bytes(), s.typeName, s.bytes)
	}
	s.levels = max(s.levels, inner.levels+1)
	return c.place(s, placed, where, isLast)
}

// place adds a member that is checked.
func (c *compiler) place(s *shape, m member, path string, isLast bool) error {
	switch {
	case m.shape.bytes == 0 && (s.isUnion || !isLast || !m.shape.isFlexible):
		// It marks a place and holds nothing.
	case m.name != "":
		s.members = append(s.members, m)
	case m.shape.isUnion && len(m.shape.members) > 0 && !s.isUnion:
		m.isAnonymous = true
		m.name = unionName(m.shape)
		s.members = append(s.members, m)
	case len(m.shape.members) > 0:
		c.fields += len(m.shape.members)
		if c.fields > c.limits.FieldsMax {
			return memberError(path, "there are more than %d members", c.limits.FieldsMax)
		}
		for _, inner := range m.shape.members {
			if inner.shape.isFlexible && !isLast {
				continue
			}
			inner.offset += m.offset
			s.members = append(s.members, inner)
		}
	}
	return nil
}

// unionName makes a name for a union that has none, after its first members.
func unionName(s *shape) string {
	var names []string
	for _, m := range s.members[:min(len(s.members), unionNamesMax)] {
		names = append(names, m.name)
	}
	if len(names) == 1 {
		// It may not be that of the member.
		return names[0] + "_bytes"
	}
	return strings.Join(names, "_")
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
