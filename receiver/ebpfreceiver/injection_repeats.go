// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"time"

	"go.uber.org/zap"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/emit"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/process"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/tracer"
)

// injectionRepeats reports how often the kernel half has seen a thing again that was reported once.
type injectionRepeats struct {
	session *session
	stream  *stream
	window  time.Duration
}

func newInjectionRepeats(s *session, st *stream) *companion {
	r := &injectionRepeats{session: s, stream: st, window: s.config.Tracers.Injection.DeduplicationWindow}
	if r.window == 0 {
		return nil
	}
	return &companion{observe: r.observe, tick: r.tick}
}

// observe counts what had no room to be remembered.
func (r *injectionRepeats) observe(event decode.Event) {
	if e, ok := event.(*decode.Injection); ok && e.NotDeduplicated() {
		r.stream.ledger.kinds[e.Header.Kind].notDeduplicated.Add(1)
	}
}

// tick reports what has been counted in windows that are over and for processes that are gone; all of
// it when last is set, after the programs were detached.
func (r *injectionRepeats) tick(last bool) {
	current := r.session.identity.clock.BootTime() - windowGrace
	currentWindow := uint64(current/r.window) + 1 // as seen_before in bpf/include/seen.h numbers them
	logs := emit.NewLogs(r.session.scope, r.session.host, r.session.identity.clock)
	var reported uint64
	finished := func(key *tracer.SeenKey) bool {
		return last || key.Window < currentWindow ||
			r.session.identity.processes.Exited(process.Key{PID: key.Process.Pid, StartTime: key.Process.StartTimeNs})
	}
	err := tracer.InjectionSeen(r.stream.tracer).Take(finished, func(key *tracer.SeenKey, count *tracer.SeenCount) {
		if count.Repeats == 0 || !r.stream.wanted {
			return
		}
		event := injectionRepeat(key, count)
		who, _ := r.session.identity.lookup(event)
		if logs.Append(event, who, time.Now(), r.stream.emitter) {
			reported++
		}
	})
	if err != nil {
		r.session.logger.Warn("Repeats of injection events can't be read", zap.Error(err))
	}
	if reported == 0 {
		return
	}
	b := batch{logs: logs.Take(), ledger: &r.stream.ledger}
	b.counts[decode.KindInjectionRepeat] = reported
	r.stream.ledger.kinds[decode.KindInjectionRepeat].offered.Add(reported)
	r.stream.sender.enqueue(b)
}

// injectionRepeat makes the event of a count.
func injectionRepeat(key *tracer.SeenKey, count *tracer.SeenCount) *decode.InjectionRepeat {
	event := &decode.InjectionRepeat{
		Kind: key.Kind, Operation: decode.InjectionOperation(key.Operation), Object: key.Object, Error: key.Error, Count: count.Repeats,
	}
	event.Header.Kind = decode.KindInjectionRepeat
	event.Header.TimeNs = count.LastTimeNs
	event.Header.Process.Pid, event.Header.Process.StartTimeNs = key.Process.Pid, key.Process.StartTimeNs
	event.Header.Tid = key.Process.Pid
	event.Header.ExecId, event.Header.CgroupId = count.ExecId, count.CgroupId
	event.Header.Uid, event.Header.Gid = count.Uid, count.Gid
	return event
}
