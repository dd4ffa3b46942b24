// SPDX-License-Identifier: Apache-2.0

package btfvalue_test

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"testing"
	"unicode/utf8"

	"github.com/cilium/ebpf/btf"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/btfvalue"
)

const (
	// fuzzBytesMax bounds inputs: what takes time is time for other inputs.
	fuzzBytesMax = 16 << 10
	// fuzzValuesMax bounds the values that are looked at in one record.
	fuzzValuesMax = 10_000
)

// visit reads a value in all ways, and all within it.
func visit(t *testing.T, v btfvalue.Value, left *int) {
	t.Helper()
	if *left--; *left < 0 {
		// Members of types that no compiler makes overlap, at each level.
		return
	}
	v.Bool()
	v.Int64()
	v.Uint64()
	v.Float64()
	v.IsCut()
	if text := v.Text(); !utf8.ValidString(text) || len(text) > 4*btfvalue.DefaultLimits().TextBytesMax {
		t.Errorf("%q is no text", text)
	}
	for i := range v.Len() {
		visit(t, v.Index(i), left)
	}
	for name, member := range v.Members() {
		if name == "" {
			t.Error("a member has no name")
		}
		visit(t, member, left)
	}
}

// exercise decodes a record, and reads each field in each way.
func exercise(t *testing.T, layout *btfvalue.Layout, record []byte) {
	t.Helper()
	fields := layout.Leaves()
	whole, err := layout.Lookup("")
	require.NoError(t, err)
	assert.LessOrEqual(t, layout.BytesMin(), btfvalue.DefaultLimits().RecordBytesMax)
	isWhole := layout.Check(record) == nil
	left := fuzzValuesMax
	for _, field := range append(fields, whole) {
		value := field.Value(record)
		if isWhole && (field.Path != "" || len(record) >= layout.Bytes()) && value.Kind() == btfvalue.KindNone {
			t.Errorf("field %q is not in a record that is long enough", field.Path)
		}
		visit(t, value, &left)
		for _, reading := range []btfvalue.Reading{
			btfvalue.ReadAddress, btfvalue.ReadPort, btfvalue.ReadHex, btfvalue.ReadText, btfvalue.ReadDuration, btfvalue.ReadErrno,
		} {
			if as, err := field.As(reading, btfvalue.DefaultLimits()); err == nil {
				visit(t, as.Value(record), &left)
			}
		}
		found, err := layout.Lookup(field.Path)
		if assert.NoError(t, err) {
			assert.Equal(t, value.Text(), found.Value(record).Text(), field.Path)
		}
	}
}

func FuzzDecode(f *testing.F) {
	var layouts []*btfvalue.Layout
	for object := range orders {
		for name := range wantLeaves {
			layout, record := compiled(f, object, name)
			layouts = append(layouts, layout)
			f.Add(record)
		}
	}
	f.Fuzz(func(t *testing.T, record []byte) {
		if len(record) > fuzzBytesMax {
			return
		}
		for _, layout := range layouts {
			exercise(t, layout, record)
		}
	})
}

func FuzzCompile(f *testing.F) {
	record := bytes.Repeat([]byte{0xa5, 'x', 0, 0xff}, 64)
	f.Add(legacyTypes(binary.LittleEndian), record)
	f.Add(legacyTypes(binary.BigEndian), record)
	for object := range orders {
		file, err := elf.Open(object)
		require.NoError(f, err)
		types, err := file.Section(".BTF").Data()
		require.NoError(f, err)
		require.NoError(f, file.Close())
		f.Add(types, record)
	}
	f.Fuzz(func(t *testing.T, types, record []byte) {
		if len(types) > fuzzBytesMax || len(record) > fuzzBytesMax {
			return
		}
		spec, err := btf.LoadSpecFromReader(bytes.NewReader(types))
		if err != nil {
			return
		}
		for described, err := range spec.All() {
			if err != nil {
				return
			}
			for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
				if layout, err := btfvalue.Compile(described, order, btfvalue.DefaultLimits()); err == nil {
					exercise(t, layout, record)
				}
			}
		}
	})
}
