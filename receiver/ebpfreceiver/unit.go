// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/tracer"
)

// unit is one tracer of a session: the stream of its events while it runs, and what outlives the stream.
type unit struct {
	definition definition
	// needed tells that the tracer runs whether its events are wanted or not.
	needed bool
	// wanted tells whether its events are to become records, and its counts metrics.
	wanted atomic.Bool
	ledger ledger

	// mu guards what follows. It is held for moments only: whoever switches the tracer holds another one.
	mu sync.Mutex
	// stream is nil while the tracer does not run.
	stream *stream
	// failure is why it does not run although it should.
	failure error
	// before is what the kernel halves of earlier streams have counted, by kind.
	before []tracer.Counters
	// programsBefore are what the programs of earlier streams have cost.
	programsBefore []tracer.ProgramStats
	// switched is when the tracer was switched last, and took how long that took.
	switched time.Time
	took     time.Duration
}

func (u *unit) name() string { return u.definition.spec.Name }

// running returns the stream, nil if there is none.
func (u *unit) running() *stream {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.stream
}

// state is that of the tracer.
func (u *unit) state() tracer.State {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case u.stream != nil:
		return u.stream.tracer.State()
	case u.failure != nil:
		return tracer.State{Status: tracer.StatusFailed, Reason: u.failure.Error()}
	default:
		return tracer.State{Status: tracer.StatusStopped}
	}
}

// set makes a stream the one that runs; nil with the reason for none. What the kernel half of the one before
// has counted is kept.
func (u *unit) set(st *stream, failure error) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	var err error
	if u.stream != nil {
		var last []tracer.Counters
		if last, err = u.stream.tracer.Counters(); err == nil {
			u.before = addCounters(last, u.before)
		}
		u.programsBefore = addProgramStats(u.stream.lastStats, u.programsBefore)
	}
	u.stream, u.failure = st, failure
	return err
}

// hasRun tells whether the tracer runs or has run.
func (u *unit) hasRun() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.stream != nil || u.before != nil
}

// programs returns what the programs have cost since the session began.
func (u *unit) programs() []tracer.ProgramStats {
	u.mu.Lock()
	defer u.mu.Unlock()
	var now []tracer.ProgramStats
	if u.stream != nil {
		now = u.stream.tracer.ProgramStats()
	}
	return addProgramStats(now, u.programsBefore)
}

// accounts returns where the tracer's events have gone since the session began, by kind.
func (u *unit) accounts() ([]account, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	kernel := make([]tracer.Counters, len(u.definition.spec.Kinds))
	if u.stream != nil {
		var err error
		if kernel, err = u.stream.tracer.Counters(); err != nil {
			return nil, err
		}
	}
	return u.ledger.balance(u.definition.spec.Kinds, addCounters(kernel, u.before)), nil
}

// addCounters adds the counters of earlier streams, if there are any, to others.
func addCounters(sums, before []tracer.Counters) []tracer.Counters {
	for i, b := range before {
		tracer.AddCounters(&sums[i], b)
	}
	return sums
}

// addProgramStats adds what programs have cost in earlier streams to what they cost in another.
func addProgramStats(sums, before []tracer.ProgramStats) []tracer.ProgramStats {
	for _, b := range before {
		i := slices.IndexFunc(sums, func(p tracer.ProgramStats) bool { return p.Program == b.Program })
		if i < 0 {
			sums = append(sums, b)
			continue
		}
		sums[i].RunTime += b.RunTime
		sums[i].RunCount += b.RunCount
		sums[i].Missed += b.Missed
	}
	return sums
}
