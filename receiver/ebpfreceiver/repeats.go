// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"time"

	"go.uber.org/zap"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/process"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/tracer"
)

// repeats reports how often the kernel half has seen a thing again that was reported once, for tracers whose
// counts say by themselves what the thing was.
type repeats struct {
	session *session
	stream  *stream
	window  time.Duration
	// take removes the counts that are finished and makes an event of each that is not zero.
	take func(t *tracer.Tracer, finished func(p process.Key, window uint64) bool, report func(decode.Event)) error
}

func (r *repeats) companion() *companion {
	if r.window == 0 {
		return nil
	}
	return &companion{observe: r.observe, tick: r.tick}
}

// observe counts what could not be deduplicated for lack of room.
func (r *repeats) observe(event decode.Event) fate {
	e, ok := event.(interface{ NotDeduplicated() bool })
	if ok && e.NotDeduplicated() {
		r.stream.ledger.kinds[event.Head().Kind].notDeduplicated.Add(1)
	}
	return fateOpen
}

// tick reports what has been counted in windows that are over and for processes that are gone; all of
// it when last is set, after the programs were detached.
func (r *repeats) tick(last bool) {
	now, err := bootTime()
	if err != nil {
		r.session.logger.Warn("Windows that are over can't be told", zap.Error(err))
		return
	}
	currentWindow := uint64((now-windowGrace)/r.window) + 1 // as seen_window in bpf/include/seen.h numbers them
	finished := func(p process.Key, window uint64) bool {
		return last || window < currentWindow || r.session.identity.processes.Exited(p)
	}
	made := newMadeEvents(r.session, r.stream)
	if err := r.take(r.stream.tracer, finished, made.add); err != nil {
		r.session.logger.Warn("Repeats of events can't be read", zap.String("tracer", r.stream.tracer.Name()), zap.Error(err))
	}
	made.flush()
}

func newSocketRepeats(s *session, st *stream) *companion {
	r := &repeats{session: s, stream: st, window: s.config.Tracers.Socket.DeduplicationWindow, take: takeSocketRepeats}
	return r.companion()
}

func takeSocketRepeats(t *tracer.Tracer, finished func(process.Key, uint64) bool, report func(decode.Event)) error {
	over := func(key *tracer.SocketSeenKey) bool {
		return finished(process.Key{PID: key.Process.Pid, StartTime: key.Process.StartTimeNs}, key.Window)
	}
	return tracer.TakeSocketSeen(t, over, func(key *tracer.SocketSeenKey, count *tracer.SocketSeenCount) {
		if count.Repeats > 0 {
			report(decode.NewSocketRepeat(key, count))
		}
	})
}

func newIPCRepeats(s *session, st *stream) *companion {
	r := &repeats{session: s, stream: st, window: s.config.Tracers.IPC.DeduplicationWindow, take: takeIPCRepeats}
	return r.companion()
}

func takeIPCRepeats(t *tracer.Tracer, finished func(process.Key, uint64) bool, report func(decode.Event)) error {
	over := func(key *tracer.IPCSeenKey) bool {
		return finished(process.Key{PID: key.Process.Pid, StartTime: key.Process.StartTimeNs}, key.Window)
	}
	return tracer.TakeIPCSeen(t, over, func(key *tracer.IPCSeenKey, count *tracer.IPCSeenCount) {
		if count.Repeats > 0 {
			report(decode.NewIPCRepeat(key, count))
		}
	})
}
