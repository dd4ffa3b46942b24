// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"go.uber.org/zap"
)

// reconciliation compares from time to time what was offered with what arrived, so that a loss stands
// in the log of the collector too, and not only in its metrics.
type reconciliation struct {
	session *session
	// told are the losses that were reported, by tracer, kind and stage.
	told map[lossKey]uint64
}

type lossKey struct{ tracer, kind, stage string }

func newReconciliation(s *session) *reconciliation {
	return &reconciliation{session: s, told: map[lossKey]uint64{}}
}

// tick reports what was lost since the last call.
func (r *reconciliation) tick() {
	r.each(func(tracer string, a account) {
		for stage, lost := range a.Lost {
			key := lossKey{tracer, a.Kind, stage}
			if since := lost - r.told[key]; since > 0 {
				r.told[key] = lost
				r.session.logger.Warn("Events were lost", zap.String("tracer", tracer), zap.String("event", a.Kind),
					zap.String("stage", stage), zap.Uint64("lost", since), zap.Uint64("lost_since_start", lost))
			}
		}
	})
}

// finish reports what the last tick has not seen, and whether every event is accounted for. Called when
// nothing is on its way any more.
func (r *reconciliation) finish() {
	r.tick()
	r.each(func(tracer string, a account) {
		if missing := a.inFlight(); missing != 0 {
			r.session.logger.Error("Events are not accounted for", zap.String("tracer", tracer), zap.String("event", a.Kind),
				zap.Int64("missing", missing), zap.Uint64("offered", a.Offered))
		}
	})
}

func (r *reconciliation) each(do func(tracer string, a account)) {
	for _, u := range r.session.tracers.units {
		accounts, err := u.accounts()
		if err != nil {
			r.session.logger.Warn("The counters of a tracer can't be read", zap.String("tracer", u.name()), zap.Error(err))
			continue
		}
		for _, a := range accounts {
			do(u.name(), a)
		}
	}
	for _, u := range r.session.customs.list() {
		for _, a := range u.accounts() {
			do(u.name, a)
		}
	}
	for _, a := range r.session.control.accounts() {
		do(controlAPI, a)
	}
	for _, a := range r.session.losses.accounts() {
		do(lossTracer, a)
	}
}
