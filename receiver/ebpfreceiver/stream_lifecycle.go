// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/cilium/ebpf/btf"
	"go.uber.org/zap"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/emit"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/ring"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/tracer"
)

// streamLifecycle is what exists while a stream is read.
type streamLifecycle struct {
	// stopWorking ends what works beside the reader; nil before run.
	stopWorking context.CancelFunc
	reader      sync.WaitGroup
	workers     sync.WaitGroup
	// ticking is held while the companion ticks, which it never does again when over is set.
	ticking sync.Mutex
	over    bool
}

// openStream loads and attaches a tracer as a configuration says. What happens from then on waits in its ring
// until run is called. With syscallsLater it leaves out the ends of system calls, as the settings of tracers describe.
func openStream(s *session, u *unit, c *Config, emitter emit.Emitter, types *btf.Cache, syscallsLater bool) (*stream, error) {
	opened := time.Now()
	wakeup := ring.WakeupEach
	switch {
	case u.definition.urgent:
		wakeup = ring.WakeupSome
	case u.definition.batched:
		wakeup = ring.WakeupMany
	}
	settings := tracerSettings(s, u.definition, c)
	settings.SyscallsLater = syscallsLater
	t, err := attachTracer(s, u.definition, c, settings, types)
	if err != nil {
		return nil, err
	}
	st := &stream{
		definition:     u.definition,
		config:         c,
		tracer:         t,
		decoder:        decode.Decoders()[u.name()](),
		emitter:        emitter,
		wanted:         &u.wanted,
		logs:           s.newLogs(),
		workloadCounts: emit.Counts()[u.name()],
		ledger:         &u.ledger,
		sender:         s.sender,
		filter:         s.filter,
		opened:         opened,
		attachTime:     time.Since(opened),
	}
	if st.reader, err = ring.NewReader(t.Ring(), wakeup, st.handle); err != nil {
		return nil, errors.Join(fmt.Errorf("tracer %q: %w", u.name(), err), t.Close())
	}
	if u.definition.companion != nil {
		st.companion = u.definition.companion(s, st)
	}
	s.logger.Info("Tracer is attached", zap.String("tracer", u.name()),
		zap.String("status", string(t.State().Status)), zap.Uint64("map_bytes", t.MapBytes()))
	return st, nil
}

func attachTracer(s *session, d definition, c *Config, settings tracer.Settings, types *btf.Cache) (*tracer.Tracer, error) {
	t, err := tracer.Load(d.spec, settings, s.logger)
	if err != nil {
		return nil, err
	}
	if d.prepare != nil {
		err = d.prepare(c, t)
	}
	if err == nil {
		err = t.Attach(types)
	}
	if err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

func tracerSettings(s *session, d definition, c *Config) tracer.Settings {
	settings := tracer.Settings{
		RingBytes:  c.Tracers.sections()[d.spec.Name].RingBufferBytes,
		Constants:  s.identity.constants(),
		MapEntries: map[string]uint32{},
		Dispatcher: &s.dispatcher,

		Tracepoints: &s.tracepoints,

		Filter: s.filter.kernel,
	}
	wakeupBytes := uint32(0)
	if d.batched {
		wakeupBytes = min(ringWakeupBytesMax, settings.RingBytes/4)
	}
	settings.Constants["ring_wakeup_bytes"] = wakeupBytes
	settings.Constants["syscall_measure"] = c.ProgramStatistics
	if d.settings != nil {
		d.settings(c, &settings)
	}
	return settings
}

// run starts the goroutines of a stream.
func (s *stream) run(logger *zap.Logger) {
	// Not derived from the context of whoever wants it to run, which ends before the stream does.
	ctx, stopWorking := context.WithCancel(context.Background())
	l := &s.lifecycle
	l.stopWorking = stopWorking
	l.reader.Go(func() {
		if err := s.reader.Run(); err != nil {
			logger.Error("A tracer's events can't be read any more", zap.String("tracer", s.tracer.Name()), zap.Error(err))
		}
	})
	if s.companion != nil && s.companion.run != nil {
		l.workers.Go(func() { s.companion.run(ctx) })
	}
}

// tick lets the companion do what it does from time to time; last is set after all events were read.
func (s *stream) tick(last bool) {
	s.lifecycle.ticking.Lock()
	defer s.lifecycle.ticking.Unlock()
	if s.lifecycle.over {
		return
	}
	s.lifecycle.over = last
	if s.companion != nil && s.companion.tick != nil {
		s.companion.tick(last)
	}
}

// tellUntil has the stream leave what happens from now on to another one, and returns when now is, as
// nanoseconds of CLOCK_BOOTTIME.
func (s *stream) tellUntil() uint64 {
	// What was handled before has happened before, and what is handled later is compared.
	s.handling.Lock()
	defer s.handling.Unlock()
	s.until = uint64(bootTime())
	return s.until
}

// drain has what is left in the ring read. Called after the tracer was detached, so that nothing is added.
func (s *stream) drain() {
	if s.lifecycle.stopWorking != nil {
		s.reader.Flush()
	}
}

// closeReader ends the reading and waits for the reader.
func (s *stream) closeReader() error {
	err := s.reader.Close()
	s.lifecycle.reader.Wait()
	return err
}

// finish ends all goroutines, and then reports what was held back.
func (s *stream) finish() {
	if s.lifecycle.stopWorking == nil {
		return
	}
	s.lifecycle.stopWorking()
	s.lifecycle.workers.Wait()
	s.tick(true)
}

// stop ends a stream while others go on. Its tracer is detached, but still there to be asked for its counts.
func (s *stream) stop() error {
	s.lastStats = s.tracer.ProgramStats()
	err := s.tracer.Detach()
	s.drain()
	err = errors.Join(err, s.closeReader())
	s.finish()
	return err
}
