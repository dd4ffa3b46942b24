// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"cmp"
	"context"
	"errors"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/meerkat-otel/meerkat/internal/instruments"
	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/tracer"
)

// telemetry reports what the receiver does about itself: what became of every event, and what it
// costs. All of it is read when somebody asks.
type telemetry struct {
	session      *session
	registration metric.Registration

	events, lost, truncated, repeated, undecodable, identity metric.Int64ObservableCounter
	programRuns, programMissed, evicted, unknownWorkload     metric.Int64ObservableCounter
	forgottenCrashes                                         metric.Int64ObservableCounter
	keptInKernel                                             metric.Int64ObservableCounter
	programTime                                              metric.Float64ObservableCounter
	kernelShare, attachTime                                  metric.Float64ObservableGauge
	inFlight, tracers, ringWaiting, ringSize, mapBytes       metric.Int64ObservableGauge
	processes, workloads                                     metric.Int64ObservableGauge
	dnsMessages, dnsNamesEvicted                             metric.Int64ObservableCounter
	dnsPending, dnsNames                                     metric.Int64ObservableGauge
	contents                                                 metric.Int64ObservableCounter
	containers, leftOut, filesEvicted                        metric.Int64ObservableCounter
}

func newTelemetry(set component.TelemetrySettings, s *session) (*telemetry, error) {
	t := &telemetry{session: s}
	b := instruments.NewBuilder(set.MeterProvider, scopeName)
	t.events = b.Counter(names.ReceiverEvents())
	t.lost = b.Counter(names.ReceiverEventsLost())
	t.truncated = b.Counter(names.ReceiverEventsTruncated())
	t.repeated = b.Counter(names.ReceiverEventsNotDeduplicated())
	t.undecodable = b.Counter(names.ReceiverRecordsUnknown())
	t.identity = b.Counter(names.ReceiverEventsUnidentified())
	t.programRuns = b.Counter(names.ReceiverProgramRuns())
	t.programMissed = b.Counter(names.ReceiverProgramMissed())
	t.programTime = b.FloatCounter(names.ReceiverProgramTime())
	t.evicted = b.Counter(names.ReceiverProcessesEvicted())
	t.unknownWorkload = b.Counter(names.ReceiverWorkloadsUnknown())
	t.contents = b.Counter(names.ReceiverExecutables())
	t.containers = b.Counter(names.ReceiverContainers())
	t.leftOut = b.Counter(names.ReceiverContainerValuesLeftOut())
	t.filesEvicted = b.Counter(names.ReceiverContainerFilesEvicted())
	t.forgottenCrashes = b.Counter(names.ReceiverCrashCountsForgotten())
	t.keptInKernel = b.Counter(names.ReceiverEventsKeptInKernel())
	t.kernelShare = b.FloatGauge(names.ReceiverEventsKernelShare())
	t.inFlight = b.Gauge(names.ReceiverEventsInFlight())
	t.tracers = b.Gauge(names.ReceiverTracerState())
	t.attachTime = b.FloatGauge(names.ReceiverTracerAttachTime())
	t.ringWaiting = b.Gauge(names.ReceiverRingWaiting())
	t.ringSize = b.Gauge(names.ReceiverRingSize())
	t.mapBytes = b.Gauge(names.ReceiverMapBytes())
	t.processes = b.Gauge(names.ReceiverProcesses())
	t.workloads = b.Gauge(names.ReceiverWorkloads())
	t.dnsMessages = b.Counter(names.ReceiverDNSMessages())
	t.dnsPending = b.Gauge(names.ReceiverDNSPending())
	t.dnsNames = b.Gauge(names.ReceiverDNSNames())
	t.dnsNamesEvicted = b.Counter(names.ReceiverDNSNamesEvicted())
	registration, err := b.Register(t.observe)
	if err != nil {
		return nil, err
	}
	t.registration = registration
	return t, nil
}

func (t *telemetry) close() error { return t.registration.Unregister() }

func (t *telemetry) observe(_ context.Context, o metric.Observer) error {
	var errs []error
	for _, u := range t.session.tracers.units {
		errs = append(errs, t.observeUnit(o, u))
	}
	for _, u := range t.session.customs.list() {
		t.observeCustom(o, u)
	}
	t.observeShared(o)
	for _, a := range t.session.control.accounts() {
		if a.Offered > 0 {
			t.observeAccount(o, attribute.String(names.Tracer, controlAPI), a)
		}
	}
	for _, a := range t.session.losses.accounts() {
		if a.Offered > 0 {
			t.observeAccount(o, attribute.String(names.Tracer, lossTracer), a)
		}
	}
	processes := t.session.identity.processes.Stats()
	o.ObserveInt64(t.processes, int64(processes.Entries))
	o.ObserveInt64(t.evicted, int64(processes.EvictedExited), with(names.State, "exited"))
	o.ObserveInt64(t.evicted, int64(processes.EvictedAlive), with(names.State, "alive"))
	workloads := t.session.identity.workloads.Stats()
	o.ObserveInt64(t.workloads, int64(workloads.Entries))
	o.ObserveInt64(t.unknownWorkload, int64(workloads.Refused), with(names.Reason, "no_room"))
	o.ObserveInt64(t.unknownWorkload, int64(workloads.Unknown), with(names.Reason, "not_seen"))
	t.observeContainers(o)
	t.observeDNS(o)
	if t.session.contents.inUse.Load() {
		t.session.contents.each(func(outcome string, count uint64) {
			o.ObserveInt64(t.contents, int64(count), with(names.Outcome, outcome))
		})
	}
	o.ObserveInt64(t.forgottenCrashes, int64(t.session.crashes.Forgotten()))
	return errors.Join(errs...)
}

func (t *telemetry) observeContainers(o metric.Observer) {
	for look, count := range t.session.identity.workloads.Looks() {
		o.ObserveInt64(t.containers, int64(count), metric.WithAttributes(
			attribute.String(names.Runtime, cmp.Or(look.Runtime, "unknown")), attribute.String(names.Outcome, string(look.Outcome))))
	}
	stats := t.session.identity.containers.Stats()
	o.ObserveInt64(t.leftOut, int64(stats.LeftOut))
	o.ObserveInt64(t.filesEvicted, int64(stats.Evicted))
}

// controlAPI stands for the events of what was changed over the control API, in place of a tracer.
const controlAPI = "control"

// sharedByTracers stands for the maps and programs that serve all tracers.
const sharedByTracers = "shared"

func (t *telemetry) observeShared(o metric.Observer) {
	shared := attribute.String(names.Tracer, sharedByTracers)
	bytes := t.session.filter.kernel.MapBytes() + t.session.dispatcher.MapBytes()
	o.ObserveInt64(t.mapBytes, int64(bytes), metric.WithAttributes(shared))
	if stats, ok := t.session.dispatcher.ProgramStats(); ok {
		t.observeProgram(o, shared, stats)
	}
}

func (t *telemetry) observeProgram(o metric.Observer, tracerName attribute.KeyValue, p tracer.ProgramStats) {
	attributes := metric.WithAttributes(tracerName, attribute.String(names.Program, p.Program))
	o.ObserveInt64(t.programRuns, int64(p.RunCount), attributes)
	o.ObserveInt64(t.programMissed, int64(p.Missed), attributes)
	o.ObserveFloat64(t.programTime, p.RunTime.Seconds(), attributes)
}

func (t *telemetry) observeDNS(o metric.Observer) {
	messages, peers := t.session.matcher.Stats(), t.session.peers.Stats()
	for reason, number := range map[string]uint64{
		"matched": messages.Matched, "malformed": messages.Malformed, "unmatched": messages.Unmatched,
		"split": messages.Split, "evicted": messages.Evicted,
	} {
		o.ObserveInt64(t.dnsMessages, int64(number), with(names.Reason, reason))
	}
	o.ObserveInt64(t.dnsPending, int64(messages.Pending))
	o.ObserveInt64(t.dnsNames, int64(peers.Entries))
	o.ObserveInt64(t.dnsNamesEvicted, int64(peers.Evicted))
}

func (t *telemetry) observeUnit(o metric.Observer, u *unit) error {
	tracerName := attribute.String(names.Tracer, u.name())
	o.ObserveInt64(t.tracers, 1, metric.WithAttributes(tracerName, attribute.String(names.State, string(u.state().Status))))
	if st := u.running(); st != nil {
		t.observeStream(o, tracerName, st)
	}
	for _, p := range u.programs() {
		t.observeProgram(o, tracerName, p)
	}
	if !u.hasRun() {
		return nil
	}
	o.ObserveInt64(t.undecodable, int64(u.ledger.unknownKind.Load()), metric.WithAttributes(tracerName))
	accounts, err := u.accounts()
	if err != nil {
		return err
	}
	var offered, kept uint64
	for _, a := range accounts {
		t.observeAccount(o, tracerName, a)
		offered += a.Offered
		kept += a.KeptInKernel
	}
	if offered > 0 {
		o.ObserveFloat64(t.kernelShare, 100*float64(kept)/float64(offered), metric.WithAttributes(tracerName))
	}
	return nil
}

func (t *telemetry) observeStream(o metric.Observer, tracerName attribute.KeyValue, st *stream) {
	o.ObserveInt64(t.mapBytes, int64(st.tracer.MapBytes()), metric.WithAttributes(tracerName))
	o.ObserveFloat64(t.attachTime, st.attachTime.Seconds(), metric.WithAttributes(tracerName))
	waiting, size := st.reader.Waiting()
	o.ObserveInt64(t.ringWaiting, int64(waiting), metric.WithAttributes(tracerName))
	o.ObserveInt64(t.ringSize, int64(size), metric.WithAttributes(tracerName))
}

func (t *telemetry) observeCustom(o metric.Observer, u *customUnit) {
	tracerName := attribute.String(names.Tracer, u.name)
	o.ObserveInt64(t.tracers, 1, metric.WithAttributes(tracerName, attribute.String(names.State, u.describeState().Status)))
	o.ObserveInt64(t.undecodable, int64(u.ledger.unknownKind.Load()), metric.WithAttributes(tracerName))
	for _, a := range u.accounts() {
		t.observeAccount(o, tracerName, a)
	}
	if live, _ := u.current(); live != nil {
		o.ObserveInt64(t.mapBytes, int64(live.MapBytes()), metric.WithAttributes(tracerName))
		for _, p := range live.ProgramStats() {
			t.observeProgram(o, tracerName, tracer.ProgramStats(p))
		}
	}
}

func (t *telemetry) observeAccount(o metric.Observer, tracerName attribute.KeyValue, a account) {
	kind := attribute.String(names.Kind, a.Kind)
	observe := func(i metric.Int64Observable, value uint64, key, is string) {
		o.ObserveInt64(i, int64(value), metric.WithAttributes(tracerName, kind, attribute.String(key, is)))
	}
	observe(t.events, a.Offered, names.Outcome, "offered")
	observe(t.events, a.Delivered, names.Outcome, "delivered")
	observe(t.events, a.Filtered, names.Outcome, "filtered")
	observe(t.events, a.Aggregated, names.Outcome, "aggregated")
	observe(t.events, a.HeldBack, names.Outcome, "held_back")
	o.ObserveInt64(t.keptInKernel, int64(a.KeptInKernel), metric.WithAttributes(tracerName, kind))
	for stage, lost := range a.Lost {
		observe(t.lost, lost, names.Stage, stage)
	}
	observe(t.identity, a.IdentityStale, names.Reason, "stale")
	observe(t.identity, a.IdentityMissing, names.Reason, "missing")
	o.ObserveInt64(t.truncated, int64(a.Cut), metric.WithAttributes(tracerName, kind))
	o.ObserveInt64(t.repeated, int64(a.NotDeduplicated), metric.WithAttributes(tracerName, kind))
	o.ObserveInt64(t.inFlight, a.inFlight(), metric.WithAttributes(tracerName, kind))
}

func with(key, value string) metric.ObserveOption {
	return metric.WithAttributes(attribute.String(key, value))
}
