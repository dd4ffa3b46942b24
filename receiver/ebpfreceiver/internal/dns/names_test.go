// SPDX-License-Identifier: Apache-2.0

package dns

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestNames(t *testing.T) {
	n := NewNames()
	a, b := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")
	n.learn(1, a, "web.example", 100*second, 10*time.Minute)
	n.learn(2, a, "other.example", 100*second, 10*time.Minute)
	assert.Equal(t, "web.example", n.NameOf(1, a, 101*second))
	assert.Equal(t, "other.example", n.NameOf(2, a, 101*second), "each workload has its own")
	assert.Equal(t, "web.example", n.NameOf(1, netip.MustParseAddr("::ffff:192.0.2.1"), 101*second))
	assert.Empty(t, n.NameOf(1, b, 101*second))
	assert.Empty(t, n.NameOf(3, a, 101*second))
	assert.Empty(t, n.NameOf(1, a, 700*second), "it has expired")
	n.learn(1, a, "newer.example", 200*second, 0)
	assert.Equal(t, "newer.example", n.NameOf(1, a, 201*second))
	assert.Equal(t, "newer.example", n.NameOf(1, a, 259*second), "for a minute in any case")
	n.learn(1, b, "far.example", 300*second, 1000*time.Hour)
	assert.Empty(t, n.NameOf(1, b, (300+3601)*second), "for an hour at most")
	n.learn(0, a, "nobody.example", 300*second, time.Hour)
	assert.Empty(t, n.NameOf(0, a, 301*second))
}

func TestNames_areBounded(t *testing.T) {
	addr := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}) }
	n := NewNames()
	n.max, n.maxPerWorkload = 20, 8
	for i := range 100 {
		n.learn(1, addr(i), "x.example", second, time.Hour)
	}
	assert.Equal(t, NamesStats{Entries: 8, Evicted: 92}, n.Stats())
	assert.Equal(t, "x.example", n.NameOf(1, addr(99), 2*second), "the newest are kept")
	assert.Empty(t, n.NameOf(1, addr(91), 2*second))
	for workload := range 10 {
		for i := range 8 {
			n.learn(uint64(workload+2), addr(i), "x.example", second, time.Hour)
		}
	}
	assert.Equal(t, 20, n.Stats().Entries)
	assert.Empty(t, n.NameOf(1, addr(99), 2*second))
	// What has expired makes room without a count.
	evicted := n.Stats().Evicted
	n.learn(99, addr(1), "x.example", 7200*second, time.Hour)
	assert.Equal(t, NamesStats{Entries: 1, Evicted: evicted}, n.Stats())
	assert.Len(t, n.workloads, 1, "nothing is left behind")

	n = NewNames()
	n.maxBytes = 1000
	for i := range 100 {
		n.learn(1, addr(i), strings.Repeat("x", 100), second, time.Hour)
	}
	assert.Equal(t, 10, n.Stats().Entries)
	assert.Equal(t, 1000, n.bytes)
}
