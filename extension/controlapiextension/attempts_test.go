// SPDX-License-Identifier: Apache-2.0

package controlapiextension

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// forget gives all addresses all of their attempts back.
func (a *attempts) forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.addresses, a.others = map[netip.Prefix]*failures{}, failures{}
}

// clock is one that a test moves.
type clock struct{ now time.Time }

func (c *clock) read() time.Time { return c.now }

func TestAttempts_limitAndRefill(t *testing.T) {
	c := &clock{now: time.Unix(1000, 0)}
	a := newAttempts(c.read)
	address, other := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	for range attemptsBurstMax {
		assert.Zero(t, a.wait(address))
		assert.True(t, a.fail(address))
	}
	assert.Equal(t, attemptRefill, a.wait(address))
	assert.Zero(t, a.wait(other), "each address has its own")
	assert.Equal(t, attemptRefill, a.wait(netip.MustParseAddr("::ffff:192.0.2.1")), "the same address in another form")

	c.now = c.now.Add(attemptRefill - time.Second)
	assert.Equal(t, time.Second, a.wait(address))
	c.now = c.now.Add(time.Second)
	assert.Zero(t, a.wait(address), "one is given back")
	a.fail(address)
	assert.NotZero(t, a.wait(address), "one, and no more")

	c.now = c.now.Add(time.Hour)
	for range attemptsBurstMax {
		assert.Zero(t, a.wait(address))
		a.fail(address)
	}
	assert.NotZero(t, a.wait(address), "what is given back never adds up to more than at first")
}

func TestAttempts_networksOfIPv6(t *testing.T) {
	a := newAttempts((&clock{now: time.Unix(1000, 0)}).read)
	for i := range attemptsBurstMax {
		a.fail(netip.MustParseAddr("2001:db8:0:1::1").Next().Next())
		assert.Len(t, a.addresses, 1, i)
	}
	assert.NotZero(t, a.wait(netip.MustParseAddr("2001:db8:0:1:ffff::9")), "a network of one customer is one address")
	assert.NotZero(t, a.wait(netip.MustParseAddr("2001:db8:0:1:ffff::9%eth0")))
	assert.Zero(t, a.wait(netip.MustParseAddr("2001:db8:0:2::1")))
}

func TestAttempts_memoryIsBounded(t *testing.T) {
	c := &clock{now: time.Unix(1000, 0)}
	a := newAttempts(c.read)
	address := netip.MustParseAddr("10.0.0.0")
	for range attemptAddressesMax {
		assert.True(t, a.fail(address))
		address = address.Next()
	}
	assert.Len(t, a.addresses, attemptAddressesMax)
	// Further addresses share one limit: what one does holds for all of them, and those before are as they were.
	for range attemptsBurstMax {
		assert.Zero(t, a.wait(address))
		assert.False(t, a.fail(address))
		address = address.Next()
	}
	assert.NotZero(t, a.wait(address))
	assert.Zero(t, a.wait(netip.MustParseAddr("10.0.0.0")))
	assert.Len(t, a.addresses, attemptAddressesMax)
	// Who has all back is forgotten.
	c.now = c.now.Add(attemptRefill)
	assert.True(t, a.fail(address))
	assert.Len(t, a.addresses, 1)
}
