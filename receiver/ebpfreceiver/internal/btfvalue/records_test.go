// SPDX-License-Identifier: Apache-2.0

package btfvalue_test

import (
	"debug/elf"
	"encoding/binary"
	"testing"

	"github.com/cilium/ebpf/btf"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/btfvalue"
)

// orders are the objects that the compiler made of testdata/records.bpf.c.
var orders = map[string]binary.ByteOrder{
	"testdata/records_bpfel.o": binary.LittleEndian,
	"testdata/records_bpfeb.o": binary.BigEndian,
}

// compiled is the layout of a struct of an object, and the value that the compiler made for it.
func compiled(t testing.TB, object, name string) (*btfvalue.Layout, []byte) {
	t.Helper()
	spec, err := btf.LoadSpec(object)
	require.NoError(t, err)
	var s *btf.Struct
	require.NoError(t, spec.TypeByName(name, &s))
	layout, err := btfvalue.Compile(s, orders[object], btfvalue.DefaultLimits())
	require.NoError(t, err)
	return layout, record(t, object, name)
}

// record reads the bytes of a constant.
func record(t testing.TB, object, name string) []byte {
	t.Helper()
	file, err := elf.Open(object)
	require.NoError(t, err)
	defer file.Close()
	data, err := file.Section(".rodata").Data()
	require.NoError(t, err)
	symbols, err := file.Symbols()
	require.NoError(t, err)
	for _, symbol := range symbols {
		if symbol.Name == name {
			return data[symbol.Value : symbol.Value+symbol.Size : symbol.Value+symbol.Size]
		}
	}
	t.Fatalf("%s has no constant %q", object, name)
	return nil
}

// tell makes a Go value that can be compared.
func tell(v btfvalue.Value) any {
	switch v.Kind() {
	case btfvalue.KindNone:
		return nil
	case btfvalue.KindBool:
		return v.Bool()
	case btfvalue.KindInteger:
		if number, fits := v.Int64(); fits {
			return number
		}
		return v.Text()
	case btfvalue.KindEnum:
		if name := v.Name(); name != "" {
			return name
		}
		number, _ := v.Int64()
		return number
	case btfvalue.KindFloat, btfvalue.KindDuration:
		return v.Float64()
	case btfvalue.KindList:
		all := []any{}
		for i := range v.Len() {
			all = append(all, tell(v.Index(i)))
		}
		return all
	case btfvalue.KindStruct:
		all := map[string]any{}
		for name, inner := range v.Members() {
			all[name] = tell(inner)
		}
		return all
	default:
		return v.Text()
	}
}

// leaves are the values of all leaves of a record.
func leaves(t testing.TB, layout *btfvalue.Layout, record []byte) map[string]any {
	t.Helper()
	require.NoError(t, layout.Check(record))
	all := map[string]any{}
	for _, field := range layout.Leaves() {
		require.NotContains(t, all, field.Path)
		all[field.Path] = tell(field.Value(record))
	}
	return all
}

// What the source initialises the constants with, in all records that it has.
var wantLeaves = map[string]map[string]any{
	"numbers": {
		"s8": int64(-8), "u8": int64(200), "s16": int64(-1600), "u16": int64(60000), "s32": int64(-320000), "u32": int64(4000000000),
		"s64": int64(-64000000000), "u64": "18364758544493064720", "s128": "-1267650600228229401496703205376",
		"u128": "170141183460469231731687303715884105733", "yes": true, "no": false, "letter": int64('M'),
		"f32": 1.5, "f64": -2.25, "pointer": "0xffff888012345678",
	},
	"enums": {"state": "STATE_CLOSED", "failed": "STATE_FAILED", "unknown": int64(99), "large": "LARGE_TOP", "tiny": "TINY_A"},
	"bits": {
		"a": int64(5), "b": int64(-11), "c": int64(0x1abcd), "wide": int64(0x123456789ab), "rest": int64(-123456),
		"state": "STATE_CLOSED", "flag": true, "behind": int64(0xee),
	},
	"split": {"first": int64(1), "spans": int64(0x2bcdef0123456789), "two": int64(2)},
	"texts": {
		"comm": "kworker/0:1", "full": "full", "broken": "a\uFFFD z", "control": "a\n\x1b[1m",
		"names": []any{"one", "two"}, "raw": []any{int64(1), int64(2), int64(3), int64(255)},
	},
	"nested": {
		"source.v4_v6": "cb007109000000000000000000000000", "source.port": int64(443),
		"target.v4_v6": "20010db8000000000000000000000007", "target.port": int64(8080),
		"inner.x": int64(1), "inner.y": int64(2), "inner.z": int64(3),
		"list": []any{
			map[string]any{"x": int64(10), "y": int64(11), "z": int64(12)},
			map[string]any{"x": int64(20), "y": int64(21), "z": int64(22)},
			map[string]any{"x": int64(30), "y": int64(31), "z": int64(32)},
		},
		"matrix": []any{[]any{int64(1), int64(2), int64(3)}, []any{int64(4), int64(5), int64(6)}},
		"wide":   int64(0x0102030405060708), "shared": "deadbeef00010203", "plain": "127.0.0.1",
	},
	"open_text": {"id": int64(7), "length": int64(5), "text": "hello"},
	"open_list": {"id": int64(8), "all": []any{
		map[string]any{"x": int64(1), "y": int64(2), "z": int64(3)}, map[string]any{"x": int64(4), "y": int64(5), "z": int64(6)},
	}},
}

func TestRecords(t *testing.T) {
	for object := range orders {
		for name, want := range wantLeaves {
			layout, record := compiled(t, object, name)
			assert.Equal(t, want, leaves(t, layout, record), "%s of %s", name, object)
		}
	}
}

// Fields that are no leaves: within unions, lists, and structs as a whole.
func TestRecords_lookup(t *testing.T) {
	for object := range orders {
		layout, record := compiled(t, object, "nested")
		for path, want := range map[string]any{
			"source.v4":                   "203.0.113.9",
			"source.v4.s_addr":            "203.0.113.9",
			"target.v6":                   "2001:db8::7",
			"target.v6.in6_u.u6_addr8.15": int64(7),
			"target.v6.in6_u.u6_addr16.1": int64(0x0db8),
			"source.v4_v6":                "cb007109000000000000000000000000",
			"inner":                       map[string]any{"x": int64(1), "y": int64(2), "z": int64(3)},
			"list.2.z":                    int64(32),
			"matrix.1":                    []any{int64(4), int64(5), int64(6)},
			"matrix.1.2":                  int64(6),
			"shared.parts":                []any{int64(0xde), int64(0xad), int64(0xbe), int64(0xef), int64(0), int64(1), int64(2), int64(3)},
		} {
			field, err := layout.Lookup(path)
			require.NoError(t, err, path)
			assert.Equal(t, path, field.Path)
			assert.Equal(t, want, tell(field.Value(record)), "%s of %s", path, object)
		}
	}
}

func TestRecords_lookupFails(t *testing.T) {
	layout, _ := compiled(t, "testdata/records_bpfel.o", "nested")
	for path, want := range map[string]string{
		"sauce":           `look up field "sauce": struct "nested" has no "sauce": it has source, target, inner, list, matrix, wide, shared, plain`,
		"source.prt":      `look up field "source.prt": struct "end" has no "prt": it has v4_v6, v4, v6, port`,
		"plain.x":         `look up field "plain.x": type "unsigned int" has no fields`,
		"list.3":          `look up field "list.3": "3" is no number of an element: there are 0 to 2`,
		"list.x":          `look up field "list.x": "x" is no number of an element: there are 0 to 2`,
		"nothing":         `look up field "nothing": struct "nested" has no "nothing": it has source, target, inner, list, matrix, wide, shared, plain`,
		"source.":         `look up field "source.": struct "end" has no "": it has v4_v6, v4, v6, port`,
		"source.v4.s.s_a": `look up field "source.v4.s.s_a": struct "in_addr" has no "s": it has s_addr`,
	} {
		_, err := layout.Lookup(path)
		assert.EqualError(t, err, want)
	}
}

func TestRecords_as(t *testing.T) {
	limits := btfvalue.DefaultLimits()
	for object := range orders {
		layout, record := compiled(t, object, "overridden")
		for _, c := range []struct {
			path    string
			reading btfvalue.Reading
			want    any
		}{
			{"address", btfvalue.ReadAddress, "10.0.0.1"},
			{"address", btfvalue.ReadHex, "0a000001"},
			{"six", btfvalue.ReadAddress, "192.0.2.1"},
			{"port", btfvalue.ReadPort, int64(53)},
			{"result", btfvalue.ReadErrno, "ENOENT"},
			{"error", btfvalue.ReadErrno, "ECONNREFUSED"},
			{"latency", btfvalue.ReadDuration, 1.5},
			{"text", btfvalue.ReadText, "text"},
			{"text", btfvalue.ReadHex, "7465787400000000"},
			{"error", btfvalue.ReadDefault, int64(111)},
		} {
			field, err := layout.Lookup(c.path)
			require.NoError(t, err)
			read, err := field.As(c.reading, limits)
			require.NoError(t, err, c.path)
			assert.Equal(t, c.want, tell(read.Value(record)), "%s as %q of %s", c.path, c.reading, object)
		}
		for _, c := range []struct {
			path    string
			reading btfvalue.Reading
			want    string
		}{
			{"port", btfvalue.ReadAddress, `read field "port" as address: it takes 4 or 16 bytes, and the field is type "unsigned short" of 2 bytes`},
			{"six", btfvalue.ReadPort, `read field "six" as port: it takes 2 bytes, and the field is an array of 16 bytes`},
			{"six", btfvalue.ReadDuration, `read field "six" as duration: it takes a number, and the field is an array of 16 bytes`},
			{"six", btfvalue.ReadErrno, `read field "six" as errno: it takes a number, and the field is an array of 16 bytes`},
			{"port", "prot", `read field "port": there is no way "prot" to read bytes`},
		} {
			field, err := layout.Lookup(c.path)
			require.NoError(t, err)
			_, err = field.As(c.reading, limits)
			assert.EqualError(t, err, c.want)
		}
	}
}

func TestRecords_bitFieldsHaveNoBytes(t *testing.T) {
	layout, _ := compiled(t, "testdata/records_bpfel.o", "bits")
	field, err := layout.Lookup("a")
	require.NoError(t, err)
	for _, reading := range []btfvalue.Reading{btfvalue.ReadHex, btfvalue.ReadText, btfvalue.ReadPort, btfvalue.ReadAddress} {
		_, err = field.As(reading, btfvalue.DefaultLimits())
		assert.Error(t, err, reading)
	}
}

// A record may be longer than its struct, and one with a flexible array may end where that begins.
func TestCheck(t *testing.T) {
	for _, c := range []struct {
		name    string
		bytes   int
		isOpen  bool
		sizeMin int
	}{
		{"split", 9, false, 9},
		{"open_text", 16, true, 12},
		{"open_list", 4, true, 4},
	} {
		layout, record := compiled(t, "testdata/records_bpfel.o", c.name)
		assert.Equal(t, c.bytes, layout.Bytes())
		assert.Equal(t, c.isOpen, layout.IsOpen())
		assert.Equal(t, c.sizeMin, layout.BytesMin())
		assert.NoError(t, layout.Check(append(record, 1, 2, 3)))
		assert.NoError(t, layout.Check(record[:c.sizeMin]))
	}
	layout, record := compiled(t, "testdata/records_bpfel.o", "split")
	err := layout.Check(record[:8])
	assert.EqualError(t, err, `the record has 8 bytes, struct "split" has 9`)
	var short *btfvalue.ShortError
	require.ErrorAs(t, err, &short)
	for _, field := range layout.Leaves()[1:] {
		assert.Equal(t, btfvalue.KindNone, field.Value(record[:1]).Kind(), "a record that was not checked does no harm")
	}
	layout, record = compiled(t, "testdata/records_bpfel.o", "open_list")
	assert.Equal(t, []any{map[string]any{"x": int64(1), "y": int64(2), "z": int64(3)}}, leaves(t, layout, record[:16])["all"],
		"what is no whole element is left out")
}
