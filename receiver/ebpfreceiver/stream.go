// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"errors"
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
	tracer     *tracer.Tracer
	reader     *ring.Reader
	decoder    decode.Decoder
	emitter    emit.Emitter
	// wanted tells whether the tracer's events are to become records at all.
	wanted bool
	// workloadCounts are what the kernel half counts per workload, if that is wanted.
	workloadCounts []emit.Count
	logs           *emit.Logs
	counts         [kindsMax]uint64
	ledger         ledger
	// companion is nil if the tracer has none.
	companion *companion

	identify identify
	// catchUp returns when the events that tell who the processes are have been read up to now;
	// nil for the tracer that they come from. The same for the names of far ends.
	catchUp func()
	sender  *sender
	filter  *filter
	// attachTime is how long it took to load and attach the tracer.
	attachTime time.Duration
}

// catchUpOn has the events of other streams read first that are older than its own.
func (s *stream) catchUpOn(others []*stream) {
	if len(others) == 0 {
		return
	}
	s.catchUp = func() {
		for _, other := range others {
			other.reader.Flush()
		}
	}
}

// identify finds out whose event it is, and learns from events that tell.
type identify func(decode.Event) (emit.Who, error)

// errRepeated is what identify says of an event that tells nothing new.
var errRepeated = errors.New("the event repeats an earlier one")

// handle is the ring reader's callback.
func (s *stream) handle(b *ring.Batch) {
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
	wanted := err == nil && s.wanted && s.filter.wants(event, who)
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
	s.sender.enqueue(batch{logs: s.logs.Take(), counts: s.counts, ledger: &s.ledger})
	s.counts = [kindsMax]uint64{}
}

// accounts returns where the tracer's events have gone, by kind.
func (s *stream) accounts() ([]account, error) {
	kernel, err := s.tracer.Counters()
	if err != nil {
		return nil, err
	}
	return s.ledger.balance(s.definition.spec.Kinds, kernel), nil
}
