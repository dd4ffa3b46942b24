// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"sync"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/rlimit"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.uber.org/zap"
	"golang.org/x/sys/unix"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/dns"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/emit"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/ring"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/tracer"
)

// scopeName is the instrumentation scope of everything that the receiver emits.
const scopeName = "github.com/meerkat-otel/meerkat/receiver/ebpfreceiver"

// session is a receiver that runs: everything that exists between Start and Shutdown.
type session struct {
	config   *Config
	logger   *zap.Logger
	identity *identity
	scope    emit.Scope
	host     emit.Host
	started  time.Time
	// dispatcher calls the handlers of system calls of all tracers.
	dispatcher tracer.Dispatcher
	filter     *filter
	streams    []*stream
	failed     []error // why tracers are not among the streams
	sender     *sender
	metrics    *workloadMetrics
	balance    *reconciliation
	// peers are the names that workloads found addresses by; matcher is where they come from, nil
	// without the tracer "dns".
	peers    *dns.Names
	matcher  *dns.Matcher
	contents *contentOutcomes // nil if executables are not read
	crashes  *emit.CrashHistory
	// telemetry and statistics are what has to be undone besides the streams.
	telemetry  *telemetry
	statistics io.Closer

	// stopWorking and stopSending end what run has started; nil before.
	stopWorking context.CancelFunc
	stopSending context.CancelFunc
	readers     sync.WaitGroup
	workers     sync.WaitGroup
}

// startSession loads and attaches what is enabled and sets it going. It fails if nothing could be
// attached, and leaves nothing behind then.
func startSession(_ context.Context, r *ebpfReceiver) (*session, error) {
	if err := rlimit.RemoveMemlock(); err != nil {
		// Only kernels before 5.11 account for maps that way.
		r.settings.Logger.Debug("The limit on locked memory could not be raised", zap.Error(err))
	}
	if err := tracer.Preflight(); err != nil {
		return nil, err
	}
	identity, err := newIdentity(r.config)
	if err != nil {
		return nil, err
	}
	s := &session{
		config:   r.config,
		logger:   r.settings.Logger,
		identity: identity,
		scope:    emit.Scope{Name: scopeName, Version: r.settings.BuildInfo.Version},
		host:     emit.ThisHost(),
		started:  time.Now(),
		peers:    dns.NewNames(),
		crashes:  emit.NewCrashHistory(crashCountsMax),
	}
	s.balance = newReconciliation(s)
	if err := s.open(r); err != nil {
		return nil, errors.Join(err, s.stop(context.Background()))
	}
	s.run()
	return s, nil
}

func (s *session) open(r *ebpfReceiver) error {
	obs, err := receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{
		ReceiverID: r.settings.ID, Transport: "ebpf", ReceiverCreateSettings: r.settings,
	})
	if err != nil {
		return err
	}
	if r.nextLogs != nil {
		s.sender = newSender(r.nextLogs, obs, s.logger)
	}
	if s.filter, err = newFilter(&s.config.Filters, s.logger); err != nil {
		return err
	}
	if err := s.openStreams(); err != nil {
		return err
	}
	if r.nextMetrics != nil {
		s.metrics = newWorkloadMetrics(s, r.nextMetrics, obs)
	}
	if s.config.ProgramStatistics {
		if s.statistics, err = ebpf.EnableStats(unix.BPF_STATS_RUN_TIME); err != nil {
			s.logger.Warn("The kernel's BPF statistics could not be switched on", zap.Error(err))
		}
	}
	s.telemetry, err = newTelemetry(r.settings.TelemetrySettings, s)
	return err
}

// openStreams opens a stream for each tracer that is enabled, and for the one that they all need.
func (s *session) openStreams() error {
	redactor, err := s.redactor()
	if err != nil {
		return err
	}
	emitters := emit.Emitters(emitterOptions(s, redactor))
	sections := s.config.Tracers.sections()
	// What is read of the kernel's type information takes megabytes: it is shared while loading,
	// and let go then.
	types := btf.NewCache()
	for i, d := range catalogue() {
		needed := i == 0
		if !needed && !sections[d.spec.Name].Enabled {
			continue
		}
		st, err := s.openStream(d, emitters[d.spec.Name], types)
		if err != nil {
			s.logger.Error("A tracer can't run", zap.String("tracer", d.spec.Name), zap.Error(err))
			s.failed = append(s.failed, err)
			continue
		}
		s.streams = append(s.streams, st)
	}
	if len(s.streams) == 0 {
		return errors.Join(s.failed...)
	}
	s.connectStreams(types)
	// The type information was most of what has been allocated so far, and is garbage from here on: a host should
	// not have to wait for the next collections to have it back.
	debug.FreeOSMemory()
	return nil
}

func (s *session) redactor() (*emit.Redactor, error) {
	if !s.config.Redaction.Enabled {
		return nil, nil
	}
	return emit.NewRedactor(s.config.Redaction.Keys)
}

func (s *session) openStream(d definition, emitter emit.Emitter, types *btf.Cache) (*stream, error) {
	common := s.config.Tracers.sections()[d.spec.Name]
	settings := tracer.Settings{
		RingBytes:  common.RingBufferBytes,
		Constants:  s.identity.constants(),
		MapEntries: map[string]uint32{},
		Dispatcher: &s.dispatcher,
		Filter:     s.filter.kernel,
	}
	wakeup, wakeupBytes := ring.WakeupEach, uint32(0)
	if d.batched {
		wakeup, wakeupBytes = ring.WakeupMany, min(ringWakeupBytesMax, common.RingBufferBytes/4)
	}
	settings.Constants["ring_wakeup_bytes"] = wakeupBytes
	settings.Constants["syscall_measure"] = s.config.ProgramStatistics
	if d.settings != nil {
		d.settings(s.config, &settings)
	}
	started := time.Now()
	t, err := tracer.Load(d.spec, settings, s.logger)
	if err != nil {
		return nil, err
	}
	if d.prepare != nil {
		err = d.prepare(s.config, t)
	}
	if err == nil {
		err = t.Attach(types)
	}
	if err != nil {
		return nil, errors.Join(err, t.Close())
	}
	st := &stream{
		definition: d,
		tracer:     t,
		decoder:    decode.Decoders()[d.spec.Name](),
		emitter:    emitter,
		wanted:     common.Enabled && s.sender != nil,
		logs:       s.newLogs(),
		sender:     s.sender,
		filter:     s.filter,
		attachTime: time.Since(started),
	}
	if common.Enabled {
		st.workloadCounts = emit.Counts()[d.spec.Name]
	}
	if st.reader, err = ring.NewReader(t.Ring(), wakeup, st.handle); err != nil {
		return nil, errors.Join(fmt.Errorf("tracer %q: %w", d.spec.Name, err), t.Close())
	}
	if d.companion != nil {
		st.companion = d.companion(s, st)
	}
	s.logger.Info("Tracer is attached", zap.String("tracer", d.spec.Name),
		zap.String("status", string(t.State().Status)), zap.Uint64("map_bytes", t.MapBytes()))
	return st, nil
}

// newLogs returns a builder of batches that names what the session knows.
func (s *session) newLogs() *emit.Logs {
	logs := emit.NewLogs(s.scope, s.host, s.identity.clock)
	logs.NamePeers(s.peers)
	return logs
}

// snapshotOwners fills what another tracer keeps in its maps about things that were there before.
func (s *session) snapshotOwners(st *stream, types *btf.Cache) error {
	output, err := st.tracer.Snapshot(types)
	if output == nil || err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, output)
	return errors.Join(err, output.Close())
}

// streamOf returns the stream of a tracer, nil if it doesn't run.
func (s *session) streamOf(name string) *stream {
	for _, st := range s.streams {
		if st.definition.spec.Name == name {
			return st
		}
	}
	return nil
}

// connectStreams makes the streams know of processes. If the process tracer could not be loaded, the
// others go on with what their own events say.
func (s *session) connectStreams(types *btf.Cache) {
	first := s.streams[0]
	hasIdentity := first.definition.spec.Name == catalogue()[0].spec.Name
	names := s.streamOf("dns")
	for _, st := range s.streams {
		st.identify = s.identity.lookup
		if st.definition.identify != nil {
			st.identify = st.definition.identify(s, st.identify)
		}
		if hasIdentity && st == first {
			continue
		}
		var before []*stream
		if hasIdentity {
			before = append(before, first)
		}
		if names != nil && st.definition.namesPeers {
			before = append(before, names)
		}
		st.catchUpOn(before)
		if err := s.snapshotOwners(st, types); err != nil {
			s.logger.Warn("Not everything is known of what was here before", zap.String("tracer", st.tracer.Name()), zap.Error(err))
		}
	}
	if !hasIdentity {
		return
	}
	first.identify = s.identity.learn
	if err := s.identity.snapshot(first.tracer, types); err != nil {
		s.logger.Warn("Not everything is known of what was here before", zap.Error(err))
	}
	if err := s.filter.leaveOut(s.identity.processes.Own()); err != nil {
		s.logger.Warn("What the collector itself does is not left out", zap.Error(err))
	}
}

// run starts the goroutines.
func (s *session) run() {
	// Not derived from the context of Start, which ends when Start has returned.
	ctx, stopWorking := context.WithCancel(context.Background())
	sending, stopSending := context.WithCancel(context.Background())
	s.stopWorking, s.stopSending = stopWorking, stopSending
	if s.sender != nil {
		go s.sender.run(sending)
	}
	for _, st := range s.streams {
		s.readers.Go(func() {
			if err := st.reader.Run(); err != nil {
				s.logger.Error("A tracer's events can't be read any more", zap.String("tracer", st.tracer.Name()), zap.Error(err))
			}
		})
	}
	s.workers.Go(func() { s.followClock(ctx) })
	s.workers.Go(func() { every(ctx, reconciliationInterval, s.balance.tick) })
	s.workers.Go(func() { every(ctx, companionInterval, func() { s.tickCompanions(false) }) })
	for _, st := range s.streams {
		if st.companion != nil && st.companion.run != nil {
			s.workers.Go(func() { st.companion.run(ctx) })
		}
	}
	if s.metrics != nil {
		s.workers.Go(func() { s.metrics.run(ctx, s.config.MetricsInterval) })
	} else {
		s.workers.Go(func() { every(ctx, s.config.MetricsInterval, s.forgetRemoved) })
	}
}

func (s *session) followClock(ctx context.Context) {
	every(ctx, clockInterval, func() {
		if err := s.identity.clock.Refresh(); err != nil {
			s.logger.Warn("The clocks can't be read", zap.Error(err))
		}
	})
}

// forgetRemoved lets go of cgroups that were removed some time ago.
func (s *session) forgetRemoved() {
	forgotten := s.identity.workloads.TakeForgotten(uint64(s.identity.clock.BootTime()))
	for _, st := range s.streams {
		st.tracer.ForgetWorkloads(forgotten)
	}
	if err := s.filter.forget(forgotten); err != nil {
		s.logger.Warn("Verdicts on cgroups that are gone can't be removed", zap.Error(err))
	}
}

func (s *session) tickCompanions(last bool) {
	for _, st := range s.streams {
		if st.companion != nil && st.companion.tick != nil {
			st.companion.tick(last)
		}
	}
}

// every calls do at each interval until ctx ends.
func every(ctx context.Context, interval time.Duration, do func()) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			do()
		case <-ctx.Done():
			return
		}
	}
}

// stop ends the session in the order in which data flows: detach, read what is left, send it, free
// everything. When ctx ends first, what could not be sent is dropped and counted.
func (s *session) stop(ctx context.Context) error {
	var errs []error
	if s.telemetry != nil {
		errs = append(errs, s.telemetry.close())
	}
	running := s.stopWorking != nil
	if running {
		defer context.AfterFunc(ctx, s.stopSending)()
	}
	for _, st := range s.streams {
		errs = append(errs, st.tracer.Detach())
	}
	if running {
		s.drain()
	}
	for _, st := range s.streams {
		errs = append(errs, st.reader.Close())
	}
	s.readers.Wait()
	if running {
		s.finish()
	}
	for _, st := range s.streams {
		errs = append(errs, st.tracer.Close())
	}
	errs = append(errs, s.dispatcher.Close())
	if s.filter != nil {
		errs = append(errs, s.filter.kernel.Close())
	}
	if s.statistics != nil {
		errs = append(errs, s.statistics.Close())
	}
	return errors.Join(errs...)
}

// drain has what is left in the rings read, now that nothing is added to them.
func (s *session) drain() {
	for _, st := range s.streams {
		st.reader.Flush()
	}
}

// finish reports what was held back, sends what waits until stopSending is called, and ends all
// goroutines.
func (s *session) finish() {
	s.stopWorking()
	s.workers.Wait()
	s.tickCompanions(true)
	if s.sender != nil {
		s.sender.close()
	}
	s.stopSending()
	s.balance.finish()
}
