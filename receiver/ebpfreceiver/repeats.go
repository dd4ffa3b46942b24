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
	take func(finished func(repeated) bool, report func(decode.Event) bool) error
}

// repeated is what the deduplication map of any tracer says of a thing: whose it was, in which time window, and
// how often it happened again.
type repeated struct {
	process process.Key
	window  uint64
	count   uint64
}

// newRepeats is nil if nothing is deduplicated. what reads an entry of the map, and event makes an event of it.
func newRepeats[K, V any, E decode.Event](s *session, st *stream, window time.Duration,
	what func(*K, *V) repeated, event func(*K, *V) E,
) *companion {
	if window == 0 {
		return nil
	}
	r := &repeats{session: s, stream: st, window: window}
	r.take = func(finished func(repeated) bool, report func(decode.Event) bool) error {
		return tracer.TakeSeen(st.tracer, func(key *K, count *V) bool {
			thing := what(key, count)
			if !finished(thing) {
				return false
			}
			if thing.count > 0 {
				report(event(key, count))
			}
			return true
		})
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

// windowGrace is how long after a window's end a program may still be counting into it.
const windowGrace = time.Second

// currentWindow is the number, as the kernel half counts them, of the first window that may still be counted into.
func currentWindow(length time.Duration) uint64 {
	return uint64((bootTime()-windowGrace)/length) + 1
}

// tick reports what has been counted in windows that are over and for processes that are gone; all of
// it when last is set, after the programs were detached.
func (r *repeats) tick(last bool) {
	current := currentWindow(r.window)
	finished := func(thing repeated) bool {
		return last || thing.window < current || r.session.identity.processes.Exited(thing.process)
	}
	made := newMadeEvents(r.session, r.stream)
	if err := r.take(finished, made.add); err != nil {
		r.session.logger.Warn("Repeats of events can't be read", zap.String("tracer", r.stream.tracer.Name()), zap.Error(err))
	}
	made.flush()
}

func newSocketRepeats(s *session, st *stream) *companion {
	what := func(key *tracer.SocketSeenKey, count *tracer.SocketSeenCount) repeated {
		return repeated{process.Key{PID: key.Process.Pid, StartTime: key.Process.StartTimeNs}, key.Window, count.Repeats}
	}
	return newRepeats(s, st, st.config.Tracers.Socket.DeduplicationWindow, what, decode.NewSocketRepeat)
}

func newIPCRepeats(s *session, st *stream) *companion {
	what := func(key *tracer.IPCSeenKey, count *tracer.IPCSeenCount) repeated {
		return repeated{process.Key{PID: key.Process.Pid, StartTime: key.Process.StartTimeNs}, key.Window, count.Repeats}
	}
	return newRepeats(s, st, st.config.Tracers.IPC.DeduplicationWindow, what, decode.NewIPCRepeat)
}

func newInjectionRepeats(s *session, st *stream) *companion {
	what := func(key *tracer.InjectionSeenKey, count *tracer.InjectionSeenCount) repeated {
		return repeated{process.Key{PID: key.Process.Pid, StartTime: key.Process.StartTimeNs}, key.Window, count.Repeats}
	}
	return newRepeats(s, st, st.config.Tracers.Injection.DeduplicationWindow, what, decode.NewInjectionRepeat)
}

func newTCPRepeats(s *session, st *stream) *companion {
	what := func(key *tracer.TCPSeenKey, seen *tracer.TCPSeen) repeated {
		// The kernel may close a connection after its process has exited: only the window's end tells that nothing
		// counts any more.
		return repeated{window: key.Window, count: seen.Count.Repeats}
	}
	return newRepeats(s, st, st.config.Tracers.TCP.DeduplicationWindow, what, decode.NewTCPRepeat)
}
