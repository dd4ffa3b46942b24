// SPDX-License-Identifier: Apache-2.0

package delta

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTable_roundTrip(t *testing.T) {
	full := Table{Normal: make([]uint64, RowsMax)}
	for _, table := range []Table{{}, {Normal: []uint64{1, 1 << 63}}, {Forbidden: []uint64{3}}, {Normal: []uint64{1}, Forbidden: []uint64{2, 3}}, full} {
		data := table.Encode()
		assert.LessOrEqual(t, len(data), BytesMax)
		got, err := Decode(data)
		require.NoError(t, err)
		assert.Equal(t, table, got)
	}
}

func TestDecode_hostile(t *testing.T) {
	for name, data := range map[string][]byte{
		"empty":           {},
		"too long":        make([]byte, BytesMax+1),
		"no counts":       {version},
		"half a count":    {version, 0x80},
		"count too long":  {version, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01},
		"ten million":     {version, 0x80, 0xad, 0xe2, 0x04, 0},
		"rows missing":    {version, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1},
		"rows left over":  {version, 0, 0, 1},
		"half of one row": {version, 1, 0, 1, 2, 3},
	} {
		_, err := Decode(data)
		require.ErrorIs(t, err, ErrDamaged, name)
	}
	_, err := Decode([]byte{version + 1, 0, 0})
	require.ErrorIs(t, err, ErrVersion)
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte{})
	f.Add(Table{Normal: []uint64{1, 2}, Forbidden: []uint64{3}}.Encode())
	f.Add([]byte{version, 0x80, 0xad, 0xe2, 0x04, 0})
	f.Add([]byte{version + 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		table, err := Decode(data)
		if err != nil {
			return
		}
		again, err := Decode(table.Encode())
		require.NoError(t, err)
		assert.Equal(t, table, again)
	})
}
