// SPDX-License-Identifier: Apache-2.0

package controlapiextension

import (
	"net/netip"
	"sync"
	"time"
)

// attempts counts failures to authenticate per address. Each address has a number of them, and gets one back
// after a while. Memory is bounded: when there is no room, further addresses are counted as one.
type attempts struct {
	mu        sync.Mutex
	now       func() time.Time
	addresses map[netip.Prefix]*failures
	// others are the addresses for which there was no room.
	others failures
}

// failures are those of an address: how many as of a time, less what was given back since.
type failures struct {
	number int
	at     time.Time
}

func newAttempts(now func() time.Time) *attempts {
	return &attempts{now: now, addresses: map[netip.Prefix]*failures{}}
}

// settle gives back what is due.
func (f *failures) settle(now time.Time) {
	due := int(now.Sub(f.at) / attemptRefill)
	if due <= 0 {
		return
	}
	f.number = max(0, f.number-due)
	f.at = f.at.Add(time.Duration(due) * attemptRefill)
}

// source is what counts as one address: of IPv6, a network that one customer has.
func source(address netip.Addr) netip.Prefix {
	bits := 32
	if address = address.Unmap(); address.Is6() {
		bits = 64
	}
	prefix, err := address.WithZone("").Prefix(bits)
	if err != nil {
		return netip.Prefix{} // what is no address is one source
	}
	return prefix
}

// wait returns how long an address has to wait until it may try again, 0 if it need not.
func (a *attempts) wait(address netip.Addr) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	f, ok := a.addresses[source(address)]
	if !ok {
		if len(a.addresses) < attemptAddressesMax {
			return 0
		}
		f = &a.others
	}
	now := a.now()
	f.settle(now)
	if f.number < attemptsBurstMax {
		return 0
	}
	return f.at.Add(attemptRefill).Sub(now)
}

// fail counts a failure. It tells whether there was room to count it for the address alone.
func (a *attempts) fail(address netip.Addr) (tracked bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	key := source(address)
	f, tracked := a.addresses[key]
	if !tracked {
		f, tracked = a.track(key, now)
	}
	f.settle(now)
	if f.number == 0 {
		f.at = now
	}
	f.number = min(f.number+1, attemptsBurstMax)
	return tracked
}

// track makes room for an address by forgetting those that got back all of theirs.
func (a *attempts) track(key netip.Prefix, now time.Time) (*failures, bool) {
	if len(a.addresses) >= attemptAddressesMax {
		for other, f := range a.addresses {
			if f.settle(now); f.number == 0 {
				delete(a.addresses, other)
			}
		}
	}
	if len(a.addresses) >= attemptAddressesMax {
		return &a.others, false
	}
	f := &failures{at: now}
	a.addresses[key] = f
	return f, true
}
