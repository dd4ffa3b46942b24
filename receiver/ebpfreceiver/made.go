// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"time"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/emit"
)

// madeEvents takes events that were made in user space, of what the kernel half has counted or of what
// did not happen, to the sender of a stream. Unlike the stream it may be used on any goroutine, by one at a
// time.
type madeEvents struct {
	session *session
	stream  *stream
	logs    *emit.Logs
	counts  [kindsMax]uint64
	// catchUp waits until whose events they are has been read; at most once.
	caughtUp bool
}

func newMadeEvents(s *session, st *stream) *madeEvents {
	return &madeEvents{session: s, stream: st, logs: s.newLogs()}
}

// add offers an event, and tells whether it is delivered.
func (m *madeEvents) add(event decode.Event) bool {
	if !m.caughtUp && m.stream.catchUp != nil {
		m.caughtUp = true
		m.stream.catchUp()
	}
	counters := &m.stream.ledger.kinds[event.Head().Kind]
	counters.offered.Add(1)
	who, err := m.session.identity.lookup(event)
	if err != nil || !m.stream.wants() || !m.stream.filter.wants(event, who) || !m.logs.Append(event, who, time.Now(), m.stream.emitter) {
		counters.filtered.Add(1)
		return false
	}
	m.counts[event.Head().Kind]++
	counters.identified(who.Outcome)
	if m.logs.Len() >= batchRecordsMax {
		m.flush()
	}
	return true
}

// flush hands what was made so far to the sender.
func (m *madeEvents) flush() {
	if m.logs.Len() == 0 {
		return
	}
	m.stream.sender.enqueue(batch{logs: m.logs.Take(), counts: m.counts, ledger: m.stream.ledger})
	m.counts = [kindsMax]uint64{}
}
