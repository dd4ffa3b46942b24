// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/emit"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/ring"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/tracer"
)

// stream takes the records of one tracer to the sender. Its methods run on the goroutine that reads
// the tracer's ring.
type stream struct {
	definition definition
	// config is what it was opened with.
	config  *Config
	tracer  *tracer.Tracer
	reader  *ring.Reader
	decoder decode.Decoder
	emitter emit.Emitter
	// wanted tells whether the tracer's events are to become records at all, and its counts metrics.
	wanted *atomic.Bool
	// workloadCounts are what the kernel half counts per workload.
	workloadCounts []emit.Count
	logs           *emit.Logs
	counts         [kindsMax]uint64
	ledger         *ledger
	// companion is nil if the tracer has none.
	companion *companion

	identify identify
	// catchUp returns when the events that tell who the processes are have been read up to now;
	// nil for the tracer that they come from. The same for the names of far ends.
	catchUp func()
	sender  *sender
	filter  *filter
	// opened is when it began to load, attachTime how long it took until all was attached.
	opened     time.Time
	attachTime time.Duration
	// lastStats are what the programs have cost, once the stream was stopped.
	lastStats []tracer.ProgramStats

	// from and until are boot times: what happened earlier or later is told by the stream before or behind
	// this one. Zero is no bound. handling guards until, and is held while a batch is handled.
	from, until uint64
	handling    sync.Mutex
	// told are the last events that this stream has told, before those of the stream that it replaces; nil if it replaces none.
	told   seam
	before *seam

	lifecycle streamLifecycle
}

// wants tells whether events become records.
func (s *stream) wants() bool { return s.sender != nil && s.wanted.Load() }

// identify finds out whose event it is, and learns from events that tell.
type identify func(decode.Event) (emit.Who, error)

// errRepeated is what identify says of an event that tells nothing new.
var errRepeated = errors.New("the event repeats an earlier one")

// handle is the ring reader's callback.
func (s *stream) handle(b *ring.Batch) {
	s.handling.Lock()
	defer s.handling.Unlock()
	// Events travel through one ring per tracer. An exec that preceded an event of this batch is in
	// the ring of the process tracer by now, since this batch was read before.
	if s.catchUp != nil {
		s.catchUp()
	}
	now := time.Now()
	for i := range b.Len() {
		s.handleRecord(b.Record(i), now)
		if s.logs.Len() >= batchRecordsMax {
			s.flush()
		}
	}
	s.flush()
}

func (s *stream) handleRecord(record []byte, now time.Time) {
	event, err := s.decoder.Decode(record)
	if err != nil || int(event.Head().Kind) >= len(s.definition.spec.Kinds) {
		s.countUndecodable(record)
		return
	}
	head := event.Head()
	again := s.before.tellsAgain(head, s.from)
	if again || head.TimeNs < s.from || (s.until > 0 && head.TimeNs >= s.until) {
		s.ledger.kinds[head.Kind].aggregated.Add(1)
		return
	}
	s.told.told(head)
	s.handleEvent(event, now)
}

func (s *stream) handleEvent(event decode.Event, now time.Time) {
	if s.companion != nil && s.companion.observe != nil {
		switch s.companion.observe(event) {
		case fateAggregated:
			s.ledger.kinds[event.Head().Kind].aggregated.Add(1)
			return
		case fateFiltered:
			s.ledger.kinds[event.Head().Kind].filtered.Add(1)
			return
		}
	}
	s.deliver(event, now)
}

// deliver makes a record of an event that was offered.
func (s *stream) deliver(event decode.Event, now time.Time) {
	kind := event.Head().Kind
	counters := &s.ledger.kinds[kind]
	who, err := s.identify(event)
	if decode.HeldBack(event.Head()) {
		counters.heldBack.Add(1)
		return
	}
	wanted := err == nil && s.wants() && s.filter.wants(event, who)
	if wanted && s.companion != nil && s.companion.hold != nil && s.companion.hold(event, &who, now) {
		return
	}
	if !wanted || !s.logs.Append(event, who, now, s.emitter) {
		counters.filtered.Add(1)
		return
	}
	s.counts[kind]++
	counters.identified(who.Outcome)
}

func (s *stream) countUndecodable(record []byte) {
	kind, err := decode.Kind(record)
	if err != nil || int(kind) >= len(s.definition.spec.Kinds) {
		s.ledger.unknownKind.Add(1)
		return
	}
	s.ledger.kinds[kind].undecodable.Add(1)
}

// flush hands the records so far to the sender.
func (s *stream) flush() {
	if s.logs.Len() == 0 {
		return
	}
	s.sender.enqueue(batch{logs: s.logs.Take(), counts: s.counts, ledger: s.ledger})
	s.counts = [kindsMax]uint64{}
}
