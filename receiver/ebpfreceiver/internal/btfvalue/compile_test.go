// SPDX-License-Identifier: Apache-2.0

package btfvalue_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/cilium/ebpf/btf"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/btfvalue"
)

var (
	u8   = &btf.Int{Name: "unsigned char", Size: 1}
	u32  = &btf.Int{Name: "unsigned int", Size: 4}
	char = &btf.Int{Name: "char", Size: 1, Encoding: btf.Signed}
)

// structOf makes a struct of members that lie one behind the other.
func structOf(size uint32, members ...btf.Member) *btf.Struct {
	return &btf.Struct{Name: "s", Size: size, Members: members}
}

// nest puts a type into as many structs.
func nest(t btf.Type, size uint32, levels int) btf.Type {
	for range levels {
		t = structOf(size, btf.Member{Name: "n", Type: t})
	}
	return t
}

// double makes a struct with two members of a type, and so on: its fields double at each level.
func double(t btf.Type, levels int) btf.Type {
	for range levels {
		t = &btf.Struct{Name: "d", Size: 8, Members: []btf.Member{{Name: "a", Type: t}, {Name: "b", Type: t}}}
	}
	return t
}

func typedefs(t btf.Type, levels int) btf.Type {
	for range levels {
		t = &btf.Typedef{Name: "t", Type: t}
	}
	return t
}

func many(members int) []btf.Member {
	var all []btf.Member
	for n := range members {
		all = append(all, btf.Member{Name: fmt.Sprint("m", n), Type: u8})
	}
	return all
}

// Types that nobody's compiler makes, and ones beyond the limits.
func TestCompile_fails(t *testing.T) {
	cycle := structOf(8)
	cycle.Members = []btf.Member{{Name: "a", Type: &btf.Typedef{Name: "t", Type: cycle}}}
	loop := &btf.Typedef{Name: "loop"}
	loop.Type = &btf.Const{Type: loop}
	arrays := &btf.Array{Nelems: 1}
	arrays.Type = arrays
	values := make([]btf.EnumValue, 4097)
	for name, c := range map[string]struct {
		t    btf.Type
		want string
	}{
		"nothing":              {nil, `there is no type`},
		"void":                 {(*btf.Void)(nil), `read void: void has no value`},
		"function":             {&btf.FuncProto{}, `read a function: a function has no value`},
		"forward":              {&btf.Fwd{Name: "f"}, `read "f", which is declared and not defined,: "f", which is declared and not defined, has no value`},
		"missing":              {structOf(4, btf.Member{Name: "a"}), `read struct "s": member "a": a type that is missing has no value`},
		"cycle":                {cycle, `read struct "s": member "a": the type contains itself`},
		"cycle of typedefs":    {loop, `read type "loop": more than 32 typedefs or qualifiers stand in front of the type`},
		"cycle of arrays":      {arrays, `read an array: the type contains itself`},
		"typedefs":             {structOf(4, btf.Member{Name: "a", Type: typedefs(u32, 33)}), `read struct "s": member "a": more than 32 typedefs`},
		"nested too deep":      {nest(u32, 4, 17), `member "n.n.n.n.n.n.n.n.n.n.n.n.n.n.n.n.n": types are nested in more than 16 levels`},
		"doubled":              {double(u32, 14), `there are more than 1024 fields`},
		"doubled emptiness":    {double(&btf.Struct{Size: 8}, 14), `there are more than 1024 fields`},
		"too many members":     {structOf(1, many(1025)...), `there are more than 1024 members`},
		"no bytes":             {structOf(0), `read struct "s": it has no bytes`},
		"huge":                 {structOf(math.MaxUint32), `read struct "s": it has 4294967295 bytes, more than 65536`},
		"huge array":           {structOf(8, btf.Member{Name: "a", Type: &btf.Array{Type: u32, Nelems: math.MaxUint32}}), `member "a": it has 17179869180 bytes, more than 65536`},
		"huge array of arrays": {&btf.Array{Type: &btf.Array{Type: u32, Nelems: 16384}, Nelems: math.MaxUint32}, `it has 281474976645120 bytes, more than 65536`},
		"array of nothing":     {structOf(8, btf.Member{Name: "a", Type: &btf.Array{Type: structOf(0), Nelems: math.MaxUint32}}), `member "a": the elements of the array have no size`},
		"beyond the end":       {structOf(8, btf.Member{Name: "a", Type: u32, Offset: 40}), `member "a": it reaches to byte 9 of struct "s", which has 8`},
		"far beyond the end":   {structOf(8, btf.Member{Name: "a", Type: u32, Offset: math.MaxUint32 - 7}), `member "a": it reaches to byte 536870915 of struct "s", which has 8`},
		"beyond a union":       {&btf.Union{Name: "u", Size: 2, Members: []btf.Member{{Name: "a", Type: u32}}}, `member "a": it reaches to byte 4 of union "u", which has 2`},
		"between bytes":        {structOf(8, btf.Member{Name: "a", Type: u32, Offset: 3}), `member "a": it starts at bit 3, between two bytes`},
		"wide bit-field":       {structOf(8, btf.Member{Name: "a", Type: u32, BitfieldSize: 33}), `member "a": a bit-field has 33 bits, and its type 32`},
		"huge bit-field":       {structOf(8, btf.Member{Name: "a", Type: u32, BitfieldSize: math.MaxUint32}), `a bit-field has 4294967295 bits, and its type 32`},
		"bit-field at the end": {structOf(4, btf.Member{Name: "a", Type: u32, Offset: 30, BitfieldSize: 3}), `member "a": it reaches to byte 5`},
		"bits of a struct":     {structOf(4, btf.Member{Name: "a", Type: structOf(4), BitfieldSize: 3}), `member "a": struct "s" can't be a bit-field`},
		"bits of a float":      {structOf(4, btf.Member{Name: "a", Type: &btf.Float{Name: "f", Size: 4}, BitfieldSize: 3}), `member "a": type "f" can't be a bit-field`},
		"bits of an array":     {structOf(4, btf.Member{Name: "a", Type: &btf.Array{Type: u8, Nelems: 4}, BitfieldSize: 3}), `member "a": an array can't be a bit-field`},
		"same name":            {structOf(4, btf.Member{Name: "a", Type: u8}, btf.Member{Name: "a", Type: u8}), `member "a": the name stands twice in the struct`},
		"same name within": {structOf(4, btf.Member{Name: "a", Type: u8}, btf.Member{Type: &btf.Union{Size: 1, Members: []btf.Member{{Name: "a", Type: u8}}}}),
			`member "a": the name stands twice in the struct`},
		"name with a dot":     {structOf(4, btf.Member{Name: "a.b", Type: u8}), `read struct "s": "a.b" is not a name`},
		"name with a newline": {structOf(4, btf.Member{Name: "a\nb", Type: u8}), `"a\nb" is not a name`},
		"long name":           {structOf(4, btf.Member{Name: strings.Repeat("a", 257), Type: u8}), `the name has 257 bytes, not 1 to 256`},
		"no integer":          {&btf.Int{Name: "i"}, `read type "i": an integer has 0 bytes, not 1 to 16`},
		"wide integer":        {&btf.Int{Name: "i", Size: 17}, `read type "i": an integer has 17 bytes, not 1 to 16`},
		"wide enum":           {&btf.Enum{Name: "e", Size: 16}, `read enum "e": an enum has 16 bytes, not 1 to 8`},
		"many values":         {&btf.Enum{Name: "e", Size: 4, Values: values}, `an enum has 4097 values, more than 4096`},
		"value without name":  {&btf.Enum{Name: "e", Size: 4, Values: values[:1]}, `the enum's value 0: the name has 0 bytes`},
		"huge float":          {&btf.Float{Name: "f", Size: math.MaxUint32}, `read type "f": it has 4294967295 bytes, more than 65536`},
	} {
		_, err := btfvalue.Compile(c.t, binary.LittleEndian, btfvalue.DefaultLimits())
		assert.ErrorContains(t, err, c.want, name)
	}
}

// A type that is used at many depths is as deep as where it is used.
func TestCompile_sharedTypesAreNested(t *testing.T) {
	deep := nest(u32, 4, 9)
	_, err := btfvalue.Compile(structOf(8, btf.Member{Name: "a", Type: deep}, btf.Member{Name: "b", Type: nest(deep, 4, 7), Offset: 32}),
		binary.LittleEndian, btfvalue.DefaultLimits())
	assert.ErrorContains(t, err, "types are nested in more than 16 levels")
}

func TestCompile_plainTypes(t *testing.T) {
	for _, c := range []struct {
		t     btf.Type
		bytes string
		want  any
	}{
		{u32, "\x01\x02\x00\x00", int64(0x201)},
		{&btf.Int{Name: "odd", Size: 3, Encoding: btf.Signed}, "\xfe\xff\xff", int64(-2)},
		{char, "A", int64('A')},
		{&btf.Array{Type: char, Nelems: 4}, "ab\x00d", "ab"},
		{&btf.Array{Type: &btf.Const{Type: &btf.Typedef{Name: "c", Type: &btf.Int{Name: "c", Size: 1, Encoding: btf.Char}}}, Nelems: 2}, "ab", "ab"},
		{&btf.Typedef{Name: "__be16", Type: &btf.Int{Name: "unsigned short", Size: 2}}, "\x01\xbb", int64(443)},
		{&btf.Volatile{Type: &btf.Typedef{Name: "mine", Type: &btf.TypeTag{Value: "x", Type: &btf.Typedef{Name: "__be32", Type: u32}}}}, "\x0a\x00\x00\x01", "10.0.0.1"},
		{&btf.Restrict{Type: &btf.Pointer{Target: (*btf.Void)(nil)}}, "\x00\x10\x00\x00\x00\x00\x00\x00", "0x1000"},
		{&btf.Float{Name: "long double", Size: 16}, "0123456789abcdef", "30313233343536373839616263646566"},
		{&btf.Union{Size: 4, Members: []btf.Member{{Name: "a", Type: u32}}}, "\xde\xad\xbe\xef", "deadbeef"},
		{&btf.Struct{Name: "in6_addr", Size: 16}, "\x20\x01" + strings.Repeat("\x00", 13) + "\x01", "2001::1"},
		{&btf.Struct{Name: "in_addr", Size: 5}, "12345", map[string]any{}},
		{&btf.Enum{Name: "e", Size: 8, Values: []btf.EnumValue{{Name: "TOP", Value: math.MaxUint64}, {Name: "MAX", Value: math.MaxUint64}}}, "\xff\xff\xff\xff\xff\xff\xff\xff", "TOP"},
		{&btf.Enum{Name: "e", Size: 1, Signed: true, Values: []btf.EnumValue{{Name: "LOW", Value: math.MaxUint64}}}, "\xff", "LOW"},
	} {
		layout, err := btfvalue.Compile(c.t, binary.LittleEndian, btfvalue.DefaultLimits())
		require.NoError(t, err, "%v", c.t)
		field, err := layout.Lookup("")
		require.NoError(t, err)
		assert.Equal(t, c.want, tell(field.Value([]byte(c.bytes))), "%v", c.t)
		require.NoError(t, layout.Check([]byte(c.bytes)))
	}
}

func TestCompile_unionsWithoutNames(t *testing.T) {
	inner := &btf.Union{Size: 4, Members: []btf.Member{
		{Name: "whole", Type: u32},
		{Type: &btf.Struct{Size: 4, Members: []btf.Member{{Name: "low", Type: u8}, {Name: "high", Type: u8, Offset: 8}}}},
		{Name: "open", Type: &btf.Array{Type: u8}},
	}}
	layout, err := btfvalue.Compile(structOf(12, btf.Member{Name: "first", Type: u32}, btf.Member{Type: inner, Offset: 32},
		btf.Member{Type: &btf.Union{Size: 1, Members: []btf.Member{{Name: "one", Type: u8}}}, Offset: 64}, btf.Member{Type: u8, Offset: 72}),
		binary.LittleEndian, btfvalue.DefaultLimits())
	require.NoError(t, err)
	record := []byte{1, 0, 0, 0, 2, 3, 0, 0, 4, 5, 0, 0}
	assert.Equal(t, map[string]any{"first": int64(1), "whole_low_high": "02030000", "one_bytes": "04"}, leaves(t, layout, record))
	for path, want := range map[string]any{"whole": int64(0x302), "low": int64(2), "high": int64(3), "one": int64(4)} {
		field, err := layout.Lookup(path)
		require.NoError(t, err)
		assert.Equal(t, want, tell(field.Value(record)), path)
	}
}

// A flexible array that is not at the very end has no end.
func TestCompile_flexibleArrayWithin(t *testing.T) {
	open := &btf.Struct{Name: "open", Size: 4, Members: []btf.Member{{Name: "n", Type: u32}, {Name: "rest", Type: &btf.Array{Type: u8}, Offset: 32}}}
	layout, err := btfvalue.Compile(structOf(8, btf.Member{Name: "a", Type: open}, btf.Member{Name: "b", Type: open, Offset: 32}),
		binary.LittleEndian, btfvalue.DefaultLimits())
	require.NoError(t, err)
	record := []byte{1, 0, 0, 0, 2, 0, 0, 0, 9}
	assert.Equal(t, map[string]any{"a.n": int64(1), "b.n": int64(2)}, leaves(t, layout, record))
	_, err = layout.Lookup("b.rest")
	assert.EqualError(t, err, `look up field "b.rest": an array without a length ends with the record only at the end of the outermost struct`)
	field, err := layout.Lookup("a")
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"n": int64(1)}, tell(field.Value(record)))
	// Anonymous ones are part of the struct around them.
	layout, err = btfvalue.Compile(structOf(8, btf.Member{Type: open}, btf.Member{Name: "b", Type: u32, Offset: 32}), binary.LittleEndian, btfvalue.DefaultLimits())
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"n": int64(1), "b": int64(2)}, leaves(t, layout, record))
	layout, err = btfvalue.Compile(structOf(8, btf.Member{Name: "b", Type: u32}, btf.Member{Type: open, Offset: 32}), binary.LittleEndian, btfvalue.DefaultLimits())
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"n": int64(2), "b": int64(1), "rest": []any{int64(9)}}, leaves(t, layout, record))
}

func TestLimits_ofValues(t *testing.T) {
	limits := btfvalue.DefaultLimits()
	limits.TextBytesMax, limits.ElementsMax = 4, 3
	layout, err := btfvalue.Compile(structOf(16, btf.Member{Name: "text", Type: &btf.Array{Type: char, Nelems: 8}},
		btf.Member{Name: "list", Type: &btf.Array{Type: u8, Nelems: 4}, Offset: 64}, btf.Member{Name: "union", Type: &btf.Union{Size: 4}, Offset: 96}),
		binary.LittleEndian, limits)
	require.NoError(t, err)
	for record, want := range map[string][]any{
		"abcd\x00fgh1234uuuu":          {"abcd", false},
		"abcdefgh1234uuuu":             {"abcd", true},
		"abc\u00e9fgh1234uuuu":         {"abc", true},
		"ab\u20acfgh1234uuuu":          {"ab", true},
		"\U0001F600efgh1234uuuu":       {"\U0001F600", true},
		"a\U0001F600fgh1234uuuu":       {"a", true},
		"abc\xffefgh1234uuuu":          {"abc\uFFFD", true},
		"\xbf\xbf\xbf\xbf----1234uuuu": {"\uFFFD", true},
	} {
		value := layout.Leaves()[0].Value([]byte(record))
		assert.Equal(t, want, []any{value.Text(), value.IsCut()}, "%q", record)
	}
	record := []byte("abcd\x00fgh1234uuuu")
	list := layout.Leaves()[1].Value(record)
	assert.Equal(t, []any{int64('1'), int64('2'), int64('3')}, tell(list))
	assert.True(t, list.IsCut())
	assert.Equal(t, btfvalue.KindNone, list.Index(3).Kind())
	assert.False(t, layout.Leaves()[2].Value(record).IsCut())
}

// legacyTypes is type information as compilers made it before bit-fields had a place of their own: it stands in the
// integers' types.
func legacyTypes(order binary.ByteOrder) []byte {
	const kindInt, kindStruct = 1 << 24, 4 << 24
	names := "\x00s\x00a\x00b\x00c\x00i\x00"
	types := []uint32{
		9, kindInt, 4, 1<<24 | 0<<16 | 5, // 1: a signed integer of 5 bits
		9, kindInt, 4, 3<<16 | 7, // 2: 7 bits, which begin at the third
		9, kindInt, 4, 32, // 3
		1, kindStruct | 3, 8,
		3, 1, 3,
		5, 2, 8,
		7, 3, 32,
	}
	var b bytes.Buffer
	for _, part := range []any{
		uint16(0xeb9f), uint8(1), uint8(0), uint32(24), uint32(0), uint32(4 * len(types)), uint32(4 * len(types)), uint32(len(names)), types,
	} {
		_ = binary.Write(&b, order, part)
	}
	b.WriteString(names)
	return b.Bytes()
}

func TestLegacyBitFields(t *testing.T) {
	for _, c := range []struct {
		order  binary.ByteOrder
		record []byte
	}{
		// Bits 3 to 7, and 11 to 17.
		{binary.LittleEndian, []byte{0b10011_000, 0b01011_000, 0b10, 0, 4, 3, 2, 1}},
		{binary.BigEndian, []byte{0b000_10011, 0b000_10010, 0b11_000000, 0, 1, 2, 3, 4}},
	} {
		spec, err := btf.LoadSpecFromReader(bytes.NewReader(legacyTypes(c.order)))
		require.NoError(t, err)
		var s *btf.Struct
		require.NoError(t, spec.TypeByName("s", &s))
		layout, err := btfvalue.Compile(s, c.order, btfvalue.DefaultLimits())
		require.NoError(t, err)
		assert.Equal(t, map[string]any{"a": int64(-13), "b": int64(0b1001011), "c": int64(0x01020304)}, leaves(t, layout, c.record), c.order)
	}
}
