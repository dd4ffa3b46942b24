// SPDX-License-Identifier: Apache-2.0

package btfvalue

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/cilium/ebpf/btf"
)

// Compile makes the layout of a type. order is that of the object that the type is from. Errors name the path of
// the member that can't be read.
func Compile(t btf.Type, order binary.ByteOrder, limits Limits) (*Layout, error) {
	if t == nil {
		return nil, errors.New("there is no type")
	}
	c := compiler{bigEndian: order.Uint16([]byte{0, 1}) == 1, limits: limits, shapes: map[btf.Type]*shape{}}
	root, err := c.shapeOf(t, "", 0)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", describe(t), err)
	}
	if root.bytes == 0 {
		return nil, fmt.Errorf("read %s: it has no bytes", describe(t))
	}
	layout := &Layout{root: root, typeName: describe(t)}
	if err := layout.flatten(root, Field{}, &limits); err != nil {
		return nil, fmt.Errorf("read %s: %w", describe(t), err)
	}
	layout.measure()
	return layout, nil
}

// compiler makes shapes. It visits each type once, so that its work is bounded by the size of the type
// information, however often types use each other.
type compiler struct {
	bigEndian bool
	limits    Limits
	// shapes has nil for types that are being made: to meet one again is a cycle.
	shapes map[btf.Type]*shape
	fields int
}

// memberError is what is wrong with a member of a type.
func memberError(path, format string, values ...any) error {
	err := fmt.Errorf(format, values...)
	if path == "" {
		return err
	}
	return fmt.Errorf("member %q: %w", path, err)
}

// shapeOf returns the shape of a type that stands at a path, nested in as many others.
func (c *compiler) shapeOf(t btf.Type, path string, levels int) (*shape, error) {
	if levels > c.limits.NestingLevelsMax {
		return nil, memberError(path, "types are nested in more than %d levels", c.limits.NestingLevelsMax)
	}
	s, known := c.shapes[t]
	if known && s == nil {
		return nil, memberError(path, "the type contains itself")
	}
	if !known {
		c.shapes[t] = nil
		var err error
		if s, err = c.make(t, path, levels); err != nil {
			return nil, err
		}
		c.shapes[t] = s
	}
	if levels+s.levels > c.limits.NestingLevelsMax {
		return nil, memberError(path, "types are nested in more than %d levels", c.limits.NestingLevelsMax)
	}
	return s, nil
}

func (c *compiler) make(t btf.Type, path string, levels int) (*shape, error) {
	plain, typedefs, err := unwrap(t)
	if err != nil {
		return nil, memberError(path, "%w", err)
	}
	switch plain.(type) {
	case *btf.Array, *btf.Struct, *btf.Union:
		if plain != t {
			// Names of typedefs say nothing about these: they are made once.
			return c.shapeOf(plain, path, levels)
		}
	}
	var s *shape
	switch plain := plain.(type) {
	case *btf.Int:
		s, err = c.integer(plain)
	case *btf.Enum:
		s, err = c.enum(plain)
	case *btf.Float:
		s = c.float(plain)
	case *btf.Pointer:
		s = &shape{kind: KindPointer, bytes: 8, bigEndian: c.bigEndian}
	case *btf.Array:
		// Its errors have paths already.
		return c.array(plain, path, levels)
	case *btf.Struct:
		return c.composite(plain.Name, plain.Members, plain.Size, false, path, levels)
	case *btf.Union:
		return c.composite(plain.Name, plain.Members, plain.Size, true, path, levels)
	default:
		err = fmt.Errorf("%s has no value", describe(plain))
	}
	if err != nil {
		return nil, memberError(path, "%w", err)
	}
	if s.bytes > c.limits.RecordBytesMax {
		return nil, memberError(path, "it has %d bytes, more than %d", s.bytes, c.limits.RecordBytesMax)
	}
	s.typeName = describe(plain)
	c.hint(s, typedefs)
	return s, nil
}

// unwrap takes off what does not change how bytes are read, and returns the names of typedefs on the way.
func unwrap(t btf.Type) (plain btf.Type, typedefs []string, err error) {
	for range modifiersMax {
		switch outer := t.(type) {
		case *btf.Typedef:
			typedefs = append(typedefs, outer.Name)
			t = outer.Type
		case *btf.Const:
			t = outer.Type
		case *btf.Volatile:
			t = outer.Type
		case *btf.Restrict:
			t = outer.Type
		case *btf.TypeTag:
			t = outer.Type
		default:
			return t, typedefs, nil
		}
	}
	return nil, nil, fmt.Errorf("more than %d typedefs or qualifiers stand in front of the type", modifiersMax)
}

// hint applies what names of typedefs tell beyond the type: integers in network order.
func (c *compiler) hint(s *shape, typedefs []string) {
	for _, name := range typedefs {
		switch {
		case name == "__be32" && s.kind == KindInteger && s.bytes == 4:
			// Nearly all of these are addresses; others are told by the manifest.
			s.kind = KindAddress
		case name == "__be16" && s.kind == KindInteger && s.bytes == 2,
			name == "__be64" && s.kind == KindInteger && s.bytes == 8:
			s.bigEndian = true
		}
	}
}

func (c *compiler) integer(t *btf.Int) (*shape, error) {
	if t.Size == 0 || t.Size > integerBytesMax {
		return nil, fmt.Errorf("an integer has %d bytes, not 1 to %d", t.Size, integerBytesMax)
	}
	s := &shape{kind: KindInteger, bytes: int(t.Size), bigEndian: c.bigEndian}
	s.signed = t.Encoding&btf.Signed != 0
	// Compilers say of "char" that it is signed or not, and some that it is a character.
	s.isCharacter = t.Size == 1 && (t.Name == "char" || t.Encoding&btf.Char != 0)
	if t.Encoding&btf.Bool != 0 {
		s.kind = KindBool
	}
	return s, nil
}

func (c *compiler) enum(t *btf.Enum) (*shape, error) {
	if t.Size == 0 || t.Size > 8 {
		return nil, fmt.Errorf("an enum has %d bytes, not 1 to 8", t.Size)
	}
	if len(t.Values) > c.limits.EnumValuesMax {
		return nil, fmt.Errorf("an enum has %d values, more than %d", len(t.Values), c.limits.EnumValuesMax)
	}
	s := &shape{kind: KindEnum, bytes: int(t.Size), bigEndian: c.bigEndian, signed: t.Signed, names: map[uint64]string{}}
	for _, v := range t.Values {
		if err := checkName(v.Name); err != nil {
			return nil, fmt.Errorf("the enum's value %d: %w", int64(v.Value), err)
		}
		// Of several names of a value the first is what people call it.
		if _, ok := s.names[v.Value]; !ok {
			s.names[v.Value] = v.Name
		}
	}
	return s, nil
}

func (c *compiler) float(t *btf.Float) *shape {
	s := &shape{kind: KindFloat, bytes: int(t.Size), bigEndian: c.bigEndian}
	if t.Size != 4 && t.Size != 8 {
		s.kind, s.most = KindHex, c.limits.TextBytesMax
	}
	return s
}

func (c *compiler) array(t *btf.Array, path string, levels int) (*shape, error) {
	element, err := c.shapeOf(t.Type, path, levels+1)
	if err != nil {
		return nil, err
	}
	if element.bytes == 0 {
		return nil, memberError(path, "the elements of the array have no size")
	}
	if bytes := uint64(element.bytes) * uint64(t.Nelems); bytes > uint64(c.limits.RecordBytesMax) {
		return nil, memberError(path, "it has %d bytes, more than %d", bytes, c.limits.RecordBytesMax)
	}
	s := &shape{
		kind: KindList, bytes: element.bytes * int(t.Nelems), isFlexible: t.Nelems == 0, typeName: "an array",
		element: element, count: int(t.Nelems), levels: element.levels + 1, most: c.limits.ElementsMax,
	}
	if element.isCharacter {
		s.kind, s.most = KindText, c.limits.TextBytesMax
	}
	return s, nil
}

// checkName refuses what no C compiler takes for a name, since names become those of attributes.
func checkName(name string) error {
	if name == "" || len(name) > nameBytesMax {
		return fmt.Errorf("the name has %d bytes, not 1 to %d", len(name), nameBytesMax)
	}
	if strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_$") != "" {
		return fmt.Errorf("%q is not a name", name)
	}
	return nil
}

// describe names a type in an error.
func describe(t btf.Type) string {
	if t == nil {
		return "a type that is missing"
	}
	name := t.TypeName()
	if len(name) > nameBytesMax {
		name = name[:nameBytesMax]
	}
	switch t.(type) {
	case *btf.Struct:
		return fmt.Sprintf("struct %q", name)
	case *btf.Union:
		return fmt.Sprintf("union %q", name)
	case *btf.Enum:
		return fmt.Sprintf("enum %q", name)
	case *btf.Int, *btf.Float, *btf.Typedef:
		return fmt.Sprintf("type %q", name)
	case *btf.Array:
		return "an array"
	case *btf.Pointer:
		return "a pointer"
	case *btf.Fwd:
		return fmt.Sprintf("%q, which is declared and not defined,", name)
	case *btf.Func, *btf.FuncProto:
		return "a function"
	case *btf.Void:
		return "void"
	default:
		return fmt.Sprintf("%q", name)
	}
}
