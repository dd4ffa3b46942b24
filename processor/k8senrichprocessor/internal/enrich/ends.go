// SPDX-License-Identifier: Apache-2.0

package enrich

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/inventory"
)

// Bounds on what is remembered of connections; the least recently used go first, which is no loss of records.
const (
	connectionsMax = 16384
	strangersMax   = 16384
)

// ends remembers who holds which end of the connections whose records have come by. Of a connection within this
// node both ends are seen here, and each says who is at the other: also where addresses say nothing, as on the
// host's network.
type ends struct {
	mu    sync.Mutex
	known *simplelru.LRU[endsKey, *bothEnds]
	// generation changes with each end that was not known.
	generation atomic.Uint64
}

type endsKey struct {
	transport      string
	client, server netip.AddrPort
}

type bothEnds struct{ client, server holder }

// holder is who holds an end: a pod, or a process of the node that is no pod's.
type holder struct {
	known bool
	pod   *inventory.Pod
}

func newEnds() *ends {
	known, err := simplelru.NewLRU[endsKey, *bothEnds](connectionsMax, nil)
	if err != nil {
		panic(err) // only for a size below 1
	}
	return &ends{known: known}
}

func (c *Connection) key() endsKey { return endsKey{c.transport, c.client, c.server} }

// note takes it that an end of a connection is held by whom a resource is of.
func (e *ends) note(c *Connection, h holder) {
	e.mu.Lock()
	defer e.mu.Unlock()
	both, ok := e.known.Get(c.key())
	if !ok {
		both = &bothEnds{}
		e.known.Add(c.key(), both)
	}
	own := &both.server
	if c.clientSide {
		own = &both.client
	}
	if *own != h {
		*own = h
		e.generation.Add(1)
	}
}

// other returns who holds the far end, which may see other ends than the near one does.
func (e *ends) other(c *Connection) holder {
	e.mu.Lock()
	defer e.mu.Unlock()
	if h := e.far(c.key(), c.clientSide); h.known || !c.otherClient.IsValid() {
		return h
	}
	return e.far(endsKey{c.transport, c.otherClient, c.otherServer}, c.clientSide)
}

// far is called with mu held.
func (e *ends) far(key endsKey, clientSide bool) holder {
	both, ok := e.known.Get(key)
	switch {
	case !ok:
		return holder{}
	case clientSide:
		return both.server
	default:
		return both.client
	}
}

// strangers are addresses that nobody has turned out to have although we waited. They are not waited for again for a
// while.
type strangers struct {
	mu    sync.Mutex
	known *simplelru.LRU[netip.Addr, time.Time]
}

// strangeFor is how long an address is not waited for: the next pod to get it may be a new one.
const strangeFor = time.Minute

func newStrangers() *strangers {
	known, err := simplelru.NewLRU[netip.Addr, time.Time](strangersMax, nil)
	if err != nil {
		panic(err) // only for a size below 1
	}
	return &strangers{known: known}
}

func (s *strangers) add(address netip.Addr, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if since, ok := s.known.Peek(address); !ok || now.Sub(since) >= strangeFor {
		s.known.Add(address, now)
	}
}

func (s *strangers) has(address netip.Addr, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	since, ok := s.known.Get(address)
	return ok && now.Sub(since) < strangeFor
}
