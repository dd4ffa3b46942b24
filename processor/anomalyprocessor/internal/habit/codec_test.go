// SPDX-License-Identifier: Apache-2.0

package habit

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// filled has one habit of each kind.
func filled() *Table {
	var table Table
	table.Watched(TracerOf("mount") | TracerOf("dns"))
	for i, h := range []Habit{
		{Kind: Connect, Transport: "udp", Port: 53, Peer: Peer{Kind: "deployment", Namespace: "kube-system", Name: "coredns", ByService: true}, Behaviour: 3},
		{Kind: Accept, Transport: "tcp", Port: 8080, Network: netip.MustParsePrefix("10.0.7.0/24"), Behaviour: 4},
		{Kind: Accept, Transport: "tcp", Port: 8080, Network: netip.MustParsePrefix("2001:db8::/48")},
		{Kind: Listen, Transport: "tcp", Port: 8080}, {Kind: Capability, Name: "CAP_CHOWN"}, {Kind: Operation, Name: "memfd_create"},
		{Kind: Socket, Name: "packet", Value: "raw"}, {Kind: Label, Name: "app", Value: "web"},
	} {
		table.Record(&h, at.Add(time.Duration(i)*time.Hour), i%2 == 0, plenty)
	}
	return &table
}

func TestCodec_roundTrip(t *testing.T) {
	table := filled()
	decoded, err := Decode(table.Append(nil), plenty)
	require.NoError(t, err)
	assert.Equal(t, table.All(), decoded.All())
	assert.Equal(t, table.Tracers(), decoded.Tracers())
	assert.Equal(t, table.Bytes(), decoded.Bytes())
	assert.Equal(t, table.Append(nil), decoded.Append(nil))

	bytes := 3 * entryBytes
	small, err := Decode(table.Append(nil), purse(&bytes))
	require.NoError(t, err)
	assert.NotZero(t, small.Omitted())
	assert.Equal(t, 8, len(small.All())+int(small.Omitted()))
}

func TestCodec_complains(t *testing.T) {
	good := filled().Append(nil)
	change := func(at int, to byte) []byte {
		data := append([]byte{}, good...)
		data[at] = to
		return data
	}
	for complaint, data := range map[string][]byte{
		"3 bytes are too few":           good[:3],
		"16777224 entries":              change(3, 1),
		"tracers 0x1000048":             change(7, 1),
		"entry 0 can't have been so":    change(headBytes, 99),
		"entry 7 can't have been so":    good[:len(good)-1],
		"1 bytes after the last entry":  append(append([]byte{}, good...), 0),
		"entry 0 can't have been so ":   change(headBytes+1, 0xff),
		"entry 0 can't have been so  ":  change(headBytes+36, 0xff),
		"entry 0 can't have been so   ": change(headBytes+fixedBytes-1, 0xff),
	} {
		_, err := Decode(data, plenty)
		require.ErrorIs(t, err, ErrDamaged, complaint)
	}
}

func TestTable_merge(t *testing.T) {
	mine, other := filled(), filled()
	other.Record(capability("CAP_KILL"), at, false, plenty)
	other.Watched(TracerOf("tcp"))
	mine.Merge(other, true, plenty)
	assert.Len(t, mine.All(), 9)
	for _, s := range mine.All() {
		if s.Name != "CAP_KILL" {
			assert.EqualValues(t, 2, s.Count)
		}
	}
	assert.True(t, mine.Tracers().Has(TracerOf("tcp")))
}

func FuzzDecode(f *testing.F) {
	f.Add(filled().Append(nil))
	f.Add([]byte{1})
	f.Fuzz(func(t *testing.T, data []byte) {
		bytes := 1 << 16
		table, err := Decode(data, purse(&bytes))
		if err != nil {
			require.ErrorIs(t, err, ErrDamaged)
			return
		}
		assert.LessOrEqual(t, table.Bytes(), 1<<16)
		again, err := Decode(table.Append(nil), plenty)
		require.NoError(t, err)
		assert.Equal(t, table.Append(nil), again.Append(nil))
	})
}
