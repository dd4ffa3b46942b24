// SPDX-License-Identifier: Apache-2.0

package dns

import (
	"container/list"
	"encoding/binary"
	"net/netip"
	"sync"
	"time"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
)

// Stats counts what became of messages since the start.
type Stats struct {
	// Matched are queries that were kept, and answers that belong to one.
	Matched uint64
	// Malformed are no messages, or have a part that is not well formed.
	Malformed uint64
	// Unmatched are answers to what was not asked, or came too late, and queries where answers should be.
	Unmatched uint64
	// Split are parts of a stream that are no whole message.
	Split uint64
	// Evicted are queries that were forgotten for lack of room.
	Evicted uint64
	// Pending is how many questions wait for their answer now.
	Pending int
}

// exchange identifies a query: an answer to it has all of this in common with it.
type exchange struct {
	socket   uint64
	server   netip.AddrPort
	id       uint16
	question question
}

// asker identifies who asks what, whatever way the query takes.
type asker struct {
	process  decode.ProcessKey
	question question
}

// pending is a query that waits for its answer.
type pending struct {
	exchange exchange
	lookup   *decode.DNSLookup
	askedNs  uint64 // the first time
	againNs  uint64 // the last time
	place    *list.Element
}

// size is that of the strings, which somebody else chooses.
func (p *pending) size() int { return len(p.lookup.Name) + len(p.exchange.question.name) }

// Matcher joins queries and answers. Its methods may be called from several goroutines.
type Matcher struct {
	names         *Names
	max, maxBytes int

	mu      sync.Mutex
	pending map[exchange]*pending
	// order has the pending ones by the time when they were asked last.
	order *list.List
	// asking has the newest query of each asker that is pending.
	asking map[asker]*pending
	bytes  int
	stats  Stats
}

// NewMatcher returns an empty one. What it finds out about addresses it tells names.
func NewMatcher(names *Names) *Matcher {
	return &Matcher{
		names: names, max: PendingMax, maxBytes: PendingBytesMax,
		pending: map[exchange]*pending{}, order: list.New(), asking: map[asker]*pending{},
	}
}

// Stats returns the counts so far.
func (m *Matcher) Stats() Stats {
	m.mu.Lock()
	defer m.mu.Unlock()
	stats := m.stats
	stats.Pending = len(m.pending)
	return stats
}

// Take takes what was sent to or came from a name server. It calls finished for each lookup that this ends,
// and reports whether any of it was a message that belongs to a lookup.
func (m *Matcher) Take(e *decode.DNSMessage, finished func(*decode.DNSLookup)) (belongs bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !e.TCP() {
		return m.takeMessage(e, e.Payload, e.Cut(), finished)
	}
	rest := e.Payload
	for range segmentMessagesMax {
		if len(rest) == 0 {
			return belongs
		}
		if len(rest) < 2 {
			break
		}
		length := int(binary.BigEndian.Uint16(rest))
		whole := len(rest)-2 >= length
		if !whole && !e.Cut() {
			break
		}
		message := rest[2:min(len(rest), 2+length)]
		belongs = m.takeMessage(e, message, !whole, finished) || belongs
		rest = rest[2+len(message):]
	}
	m.stats.Split++
	return belongs
}

func (m *Matcher) takeMessage(e *decode.DNSMessage, payload []byte, cut bool, finished func(*decode.DNSLookup)) bool {
	parsed, err := parse(payload, cut)
	if err != nil {
		m.stats.Malformed++
		return false
	}
	key := exchange{e.Socket, e.Server(), parsed.id, parsed.question}
	if parsed.answers != (e.Header.Kind == decode.KindDNSAnswer) {
		m.stats.Unmatched++
		return false
	}
	if !parsed.answers {
		m.stats.Matched++
		m.asked(e, key, parsed)
		return true
	}
	p, ok := m.pending[key]
	if !ok {
		m.stats.Unmatched++
		return false
	}
	m.stats.Matched++
	m.forget(p)
	finished(m.answered(p, e, parsed))
	return true
}

// asked remembers a query.
func (m *Matcher) asked(e *decode.DNSMessage, key exchange, parsed *message) {
	now := e.Head().TimeNs
	if p, ok := m.pending[key]; ok {
		// A segment that is sent again is not asked again.
		if !e.TCP() {
			p.lookup.Retries++
		}
		p.againNs = now
		m.order.MoveToBack(p.place)
		return
	}
	p := &pending{exchange: key, askedNs: now, againNs: now, lookup: &decode.DNSLookup{
		Header: *e.Head(), Client: e.Client(), Server: e.Server(), TCP: e.TCP(),
		Name: parsed.asked, Type: typeName(parsed.question.kind),
	}}
	p.lookup.Header.Kind = decode.KindDNSLookup
	who := asker{e.Head().Process, parsed.question}
	if before, ok := m.asking[who]; ok {
		p.lookup.Retries = before.lookup.Retries + 1
	}
	for len(m.pending) > 0 && (len(m.pending) >= m.max || m.bytes+p.size() > m.maxBytes) {
		m.forget(m.order.Front().Value.(*pending))
		m.stats.Evicted++
	}
	m.bytes += p.size()
	p.place = m.order.PushBack(p)
	m.pending[key], m.asking[who] = p, p
}

func (m *Matcher) forget(p *pending) {
	delete(m.pending, p.exchange)
	m.order.Remove(p.place)
	m.bytes -= p.size()
	if who := (asker{p.lookup.Header.Process, p.exchange.question}); m.asking[who] == p {
		delete(m.asking, who)
	}
}

func (m *Matcher) answered(p *pending, e *decode.DNSMessage, parsed *message) *decode.DNSLookup {
	l := p.lookup
	l.Header.TimeNs = e.Head().TimeNs
	l.Duration = since(p.askedNs, l.Header.TimeNs)
	l.ResponseCode, l.Truncated, l.MoreAddresses = codeName(parsed.code), parsed.truncated, parsed.more
	for _, a := range parsed.addresses {
		l.Addresses = append(l.Addresses, a.addr)
		m.names.learn(l.Header.CgroupId, a.addr, l.Name, l.Header.TimeNs, a.life)
	}
	return l
}

// Expire calls finished for each question that has waited for longer than the timeout. The time is in
// nanoseconds of CLOCK_BOOTTIME.
func (m *Matcher) Expire(nowNs uint64, timeout time.Duration, finished func(*decode.DNSLookup)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for m.order.Len() > 0 {
		p := m.order.Front().Value.(*pending)
		if since(p.againNs, nowNs) < timeout {
			return
		}
		m.forget(p)
		p.lookup.Header.TimeNs = p.againNs + uint64(timeout)
		p.lookup.Duration = since(p.askedNs, p.lookup.Header.TimeNs)
		finished(p.lookup)
	}
}

// Forget lets go of all questions that wait, as when nobody will see their answers any more.
func (m *Matcher) Forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for m.order.Len() > 0 {
		m.forget(m.order.Front().Value.(*pending))
	}
}

// since is never negative: processors don't agree on the time to the nanosecond.
func since(beforeNs, nowNs uint64) time.Duration {
	return max(0, time.Duration(nowNs-beforeNs))
}
