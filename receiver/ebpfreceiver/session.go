// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/rlimit"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.uber.org/zap"
	"golang.org/x/sys/unix"

	"github.com/meerkat-otel/meerkat/internal/redaction"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/dns"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/emit"
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
	// dispatcher calls the handlers of system calls of all tracers.
	dispatcher tracer.Dispatcher
	// tracepoints keeps those that tracers have let go of.
	tracepoints tracer.Tracepoints

	filter  *filter
	redact  *redaction.Redactor
	tracers *tracers
	sender  *sender
	metrics *workloadMetrics
	balance *reconciliation
	losses  *lossEvents
	// peers are the names that workloads found addresses by; matcher is where they come from.
	peers    *dns.Names
	matcher  *dns.Matcher
	contents *contentOutcomes
	crashes  *emit.CrashHistory
	control  controlEvents
	customs  *customTracers
	// telemetry and statistics are what has to be undone besides the streams.
	telemetry  *telemetry
	statistics io.Closer

	// stopWorking and stopSending end what run has started; nil before.
	stopWorking context.CancelFunc
	stopSending context.CancelFunc
	workers     sync.WaitGroup
}

// startSession loads and attaches what is enabled and sets it going. It fails if nothing could be
// attached, and leaves nothing behind then.
func startSession(_ context.Context, r *ebpfReceiver, config *Config) (*session, error) {
	if err := rlimit.RemoveMemlock(); err != nil {
		// Only kernels before 5.11 account for maps that way.
		r.settings.Logger.Debug("The limit on locked memory could not be raised", zap.Error(err))
	}
	if err := tracer.Preflight(); err != nil {
		return nil, err
	}
	redact, err := newRedactor(&config.Redaction)
	if err != nil {
		return nil, err
	}
	identity, err := newIdentity(config, redact)
	if err != nil {
		return nil, err
	}
	s := &session{
		config:   config,
		logger:   r.settings.Logger,
		identity: identity,
		scope:    emit.Scope{Name: scopeName, Version: r.settings.BuildInfo.Version},
		host:     emit.ThisHost(),
		redact:   redact,
		peers:    dns.NewNames(),
		contents: &contentOutcomes{},
		crashes:  emit.NewCrashHistory(crashCountsMax),
	}
	s.matcher = dns.NewMatcher(s.peers)
	s.tracers = newTracers(s)
	s.control.session = s
	s.customs = newCustomTracers(s)
	s.balance = newReconciliation(s)
	s.losses = newLossEvents(s)
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
		s.sender.eventNames = s.config.EventNameAttribute
	}
	if s.filter, err = newFilter(&s.config.Filters, s.logger); err != nil {
		return err
	}
	if err := s.tracers.open(); err != nil {
		return err
	}
	if err := s.customs.open(); err != nil {
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

// newRedactor returns nil if secrets are not wanted to be taken out.
func newRedactor(c *RedactionConfig) (*redaction.Redactor, error) {
	if !c.Enabled {
		return nil, nil
	}
	return redaction.New(c.Keys)
}

// newLogs returns a builder of batches that names what the session knows.
func (s *session) newLogs() *emit.Logs {
	logs := emit.NewLogs(s.scope, s.host, s.identity.clock)
	logs.NamePeers(s.peers)
	logs.NumberRecords(emit.NewUIDs())
	return logs
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
	for _, st := range s.tracers.running() {
		st.run(s.logger)
	}
	s.workers.Go(func() { s.followClock(ctx) })
	s.workers.Go(func() { every(ctx, reconciliationInterval, s.reconcile) })
	s.workers.Go(func() { every(ctx, companionInterval, s.tickCompanions) })
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
	for _, st := range s.tracers.running() {
		st.tracer.ForgetWorkloads(forgotten)
	}
	if err := s.filter.forget(forgotten); err != nil {
		s.logger.Warn("Verdicts on cgroups that are gone can't be removed", zap.Error(err))
	}
}

// reconcile tells of losses, in the log and to the pipeline.
func (s *session) reconcile() {
	s.balance.tick()
	s.losses.tell(time.Now())
}

func (s *session) tickCompanions() {
	for _, st := range s.tracers.running() {
		st.tick(false)
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
	errs = append(errs, s.customs.close())
	streams := s.tracers.close()
	for _, st := range streams {
		errs = append(errs, st.tracer.Detach())
	}
	for _, st := range streams {
		st.drain()
	}
	for _, st := range streams {
		errs = append(errs, st.closeReader())
	}
	if running {
		s.finish(streams)
	}
	for _, st := range streams {
		errs = append(errs, st.tracer.Close())
	}
	errs = append(errs, s.tracepoints.Close(), s.dispatcher.Close())
	if s.filter != nil {
		errs = append(errs, s.filter.kernel.Close())
	}
	if s.statistics != nil {
		errs = append(errs, s.statistics.Close())
	}
	return errors.Join(errs...)
}

// finish reports what was held back, sends what waits until stopSending is called, and ends all
// goroutines.
func (s *session) finish(streams []*stream) {
	s.stopWorking()
	s.workers.Wait()
	for _, st := range streams {
		st.finish()
	}
	s.losses.tell(time.Now())
	if s.sender != nil {
		s.sender.close()
	}
	s.stopSending()
	s.balance.finish()
}
