// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"maps"
	"slices"
	"time"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/emit"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/tracer"
)

// lossTracer is the name under which the events about losses are accounted for.
const lossTracer = "receiver"

// lossEvents tells the pipeline of what was lost, so that whoever judges by the logs knows how much of the truth they are. There is at most one
// event for each tracer and interval, of which the sums are whole even if an event about a loss is lost itself: it is told with the next one.
// Its methods are called by one goroutine at a time, but for accounts.
type lossEvents struct {
	session *session
	ledger  ledger
	// seen are the sums at the last look, at since.
	seen  map[string]lossSums
	since time.Time
	// sent is what was told last, sentLost how many events about losses were lost by then.
	sent     []emit.Loss
	sentLost uint64
}

// lossSums are those of a tracer since the start.
type lossSums struct {
	offered, lost uint64
	byStage       map[string]uint64
}

func newLossEvents(s *session) *lossEvents {
	return &lossEvents{session: s, seen: map[string]lossSums{}, since: time.Now()}
}

// tell makes events of what was lost since the last call.
func (l *lossEvents) tell(now time.Time) {
	if l.session.sender == nil {
		return
	}
	losses := map[string]emit.Loss{}
	if l.ownLost() > l.sentLost {
		for _, loss := range l.sent {
			losses[loss.Tracer] = loss
		}
	}
	present := l.sums()
	for name, sums := range present {
		before := l.seen[name]
		if sums.lost < before.lost || sums.offered < before.offered {
			before = lossSums{} // another tracer of that name
		}
		loss, again := losses[name]
		if sums.lost == before.lost && !again {
			continue
		}
		if !again {
			loss = emit.Loss{Tracer: name, Since: l.since}
		}
		addLoss(&loss, sums, before)
		losses[name] = loss
	}
	l.remember(present)
	l.since, l.sentLost, l.sent = now, l.ownLost(), l.sent[:0]
	if len(losses) == 0 {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(losses)) {
		l.sent = append(l.sent, losses[name])
	}
	count := uint64(len(l.sent))
	l.ledger.kinds[0].offered.Add(count)
	logs := emit.Lost(l.session.scope, l.session.host, l.sent, now)
	l.session.sender.enqueue(batch{logs: logs, counts: [kindsMax]uint64{count}, ledger: &l.ledger})
}

// addLoss adds what was lost between two looks.
func addLoss(loss *emit.Loss, sums, before lossSums) {
	loss.Offered += sums.offered - before.offered
	loss.Lost += sums.lost - before.lost
	for stage, lost := range sums.byStage {
		if lost > before.byStage[stage] {
			loss.Stages = append(loss.Stages, stage)
		}
	}
}

// remember keeps the sums. A tracer whose counters could not be read keeps its old ones, unless there are too many names.
func (l *lossEvents) remember(present map[string]lossSums) {
	maps.Copy(l.seen, present)
	if len(l.seen) > lossTracersMax {
		l.seen = present
	}
}

// sums adds up the accounts of each tracer. Events about losses are left out: one that is lost would make another one.
func (l *lossEvents) sums() map[string]lossSums {
	all := map[string]lossSums{}
	l.session.balance.each(func(name string, a account) {
		if name == lossTracer {
			return
		}
		sums, ok := all[name]
		if !ok {
			sums.byStage = map[string]uint64{}
		}
		sums.offered += a.Offered
		for stage, lost := range a.Lost {
			sums.lost += lost
			sums.byStage[stage] += lost
		}
		all[name] = sums
	})
	return all
}

func (l *lossEvents) ownLost() uint64 {
	own := &l.ledger.kinds[0]
	return own.lostQueue.Load() + own.lostPipeline.Load()
}

// accounts returns where the events have gone, as those of a tracer.
func (l *lossEvents) accounts() []account {
	return l.ledger.balance([]string{"loss"}, make([]tracer.Counters, 1))
}
