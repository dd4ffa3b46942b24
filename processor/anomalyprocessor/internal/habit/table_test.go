// SPDX-License-Identifier: Apache-2.0

package habit

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var at = time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)

// plenty is room for everything.
func plenty(int) bool { return true }

// purse has so many bytes.
func purse(bytes *int) func(int) bool {
	return func(more int) bool {
		if more > *bytes {
			return false
		}
		*bytes -= more
		return true
	}
}

func capability(name string) *Habit { return &Habit{Kind: Capability, Name: name, Behaviour: 7} }

func far(i int) *Habit {
	return &Habit{Kind: Connect, Transport: "tcp", Port: 443, Network: NetworkOf(netip.AddrFrom4([4]byte{203, byte(i >> 8), byte(i), 9}), false)}
}

func TestTable_record(t *testing.T) {
	var table Table
	for _, after := range []time.Duration{0, time.Minute, 11 * time.Minute, 5 * time.Minute, 30 * time.Minute} {
		table.Record(capability("CAP_CHOWN"), at.Add(after), false, plenty)
	}
	require.Len(t, table.All(), 1)
	seen := table.All()[0]
	assert.EqualValues(t, 5, seen.Count)
	assert.EqualValues(t, 3, seen.Times)
	assert.Equal(t, at.Unix(), seen.First)
	assert.Equal(t, at.Add(30*time.Minute).Unix(), seen.Last)
	assert.True(t, seen.Settled(3, 30*time.Minute))
	assert.False(t, seen.Settled(3, time.Hour))
	assert.False(t, seen.Settled(4, 0))
	table.Record(capability("CAP_CHOWN"), at, true, plenty)
	learned := table.All()[0]
	assert.True(t, learned.Settled(9, time.Hour), "while everything is learned, once is enough")
}

// What is recorded is copied: events reuse their memory.
func TestTable_keepsNothingOfTheEvent(t *testing.T) {
	text := []byte("CAP_CHOWN")
	h := capability(unsafe.String(&text[0], len(text)))
	var table Table
	table.Record(h, at, false, plenty)
	copy(text, "XXXXXXXXX")
	assert.Equal(t, "CAP_CHOWN", table.All()[0].Name)
}

// A table stays within its bytes and entries, and counts what had no room. What is stale makes way.
func TestTable_bounded(t *testing.T) {
	var table Table
	bytes := 4096
	room := purse(&bytes)
	for i := range 1000 {
		table.Record(capability(fmt.Sprintf("CAP_%d", i)), at.Add(time.Duration(i)*time.Second), false, room)
	}
	assert.LessOrEqual(t, table.Bytes(), 4096)
	assert.Equal(t, 4096-bytes, table.Bytes())
	kept := len(table.All())
	assert.EqualValues(t, 1000-kept, table.Omitted())
	table.Record(capability("CAP_LATE"), at.Add(2*staleAfter), false, room)
	assert.Len(t, table.All(), kept)
	assert.Equal(t, 4096-bytes, table.Bytes())
	names := ""
	for _, s := range table.All() {
		names += s.Name + " "
	}
	assert.Contains(t, names, "CAP_LATE")
	assert.NotContains(t, names, "CAP_0 ", "which was not seen for the longest time")

	var many Table
	for i := range 2 * entriesMax {
		many.Record(capability(fmt.Sprintf("CAP_%d", i)), at, false, plenty)
	}
	assert.Len(t, many.All(), entriesMax)
	many.Record(capability(strings.Repeat("x", textBytesMax+1)), at, false, plenty)
	assert.EqualValues(t, entriesMax+1, many.Omitted())
	many = Table{}
	for i := range 2 * labelsMax {
		many.Record(&Habit{Kind: Label, Name: "app", Value: fmt.Sprint(i)}, at, false, plenty)
	}
	assert.Len(t, many.All(), labelsMax)
}

// Too many networks become one, in which the others are not counted again.
func TestTable_networks(t *testing.T) {
	var table Table
	for i := range 3 * networksMax {
		table.Record(far(i), at, false, plenty)
	}
	all := table.All()
	require.Len(t, all, networksMax+1)
	for _, s := range all {
		if s.Network.Bits() == 0 {
			assert.EqualValues(t, 2*networksMax, s.Count)
			assert.Equal(t, "0.0.0.0/0", s.Network.String())
			assert.Zero(t, s.Behaviour)
		}
	}
	table.Record(&Habit{Kind: Accept, Transport: "tcp", Port: 443, Network: netip.MustParsePrefix("2001:db8::/48")}, at, false, plenty)
	assert.Len(t, table.All(), networksMax+2)
}

func TestTable_entryBytes(t *testing.T) {
	// The slice may have twice the room that it needs, and the index a slot of 16 bytes for each that is half full.
	assert.LessOrEqual(t, unsafe.Sizeof(Seen{})+48, uintptr(entryBytes))
}

func TestNetworkOf(t *testing.T) {
	for address, want := range map[string][2]string{
		"203.0.113.9":        {"203.0.113.0/24", "203.0.113.9/32"},
		"::ffff:203.0.113.9": {"203.0.113.0/24", "203.0.113.9/32"},
		"2001:db8:1:2::3":    {"2001:db8:1::/48", "2001:db8:1:2::3/128"},
	} {
		assert.Equal(t, want[0], NetworkOf(netip.MustParseAddr(address), false).String())
		assert.Equal(t, want[1], NetworkOf(netip.MustParseAddr(address), true).String())
	}
	assert.False(t, NetworkOf(netip.Addr{}, false).IsValid())
}

func TestTracers(t *testing.T) {
	all := TracerOfEvent("meerkat.privilege.user_change") | TracerOfEvent("meerkat.udp.start")
	assert.Equal(t, []string{"privilege", "udp"}, all.Names())
	assert.True(t, all.Has(TracerOf("udp")))
	assert.False(t, all.Has(TracerOf("udp")|TracerOf("tcp")))
	assert.Zero(t, TracerOfEvent("meerkat.file.open")|TracerOfEvent("other.udp.start")|TracerOfEvent("")|TracerOf("none"))
}
