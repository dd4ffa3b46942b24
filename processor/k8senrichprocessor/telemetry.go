// SPDX-License-Identifier: Apache-2.0

package k8senrichprocessor

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/metric"

	"github.com/meerkat-otel/meerkat/internal/instruments"
	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/conntrack"
	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/hold"
	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/inventory"
	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/sourcestate"
)

const scopeName = "github.com/meerkat-otel/meerkat/processor/k8senrichprocessor"

// telemetry reports what the processor finds and what it knows. All of it is read when somebody asks.
type telemetry struct {
	core         *core
	registration metric.Registration

	resources, farEnds, waited, lost, translations metric.Int64ObservableCounter
	refused, cut, conversionCut                    metric.Int64ObservableCounter
	requests, sourceErrors, changes                metric.Int64ObservableCounter
	states                                         metric.Int64ObservableGauge
	silence                                        metric.Float64ObservableGauge
	waiting, waitingBytes, objects, bytes          metric.Int64ObservableGauge
}

func newTelemetry(set component.TelemetrySettings, c *core) (*telemetry, error) {
	t := &telemetry{core: c}
	b := instruments.NewBuilder(set.MeterProvider, scopeName)
	t.resources = b.Counter(names.EnrichResources())
	t.farEnds = b.Counter(names.EnrichFarEnds())
	t.waiting = b.Gauge(names.EnrichWaiting())
	t.waitingBytes = b.Gauge(names.EnrichWaitingBytes())
	t.waited = b.Counter(names.EnrichWaited())
	t.lost = b.Counter(names.EnrichLost())
	t.translations = b.Counter(names.EnrichTranslations())
	t.objects = b.Gauge(names.EnrichObjects())
	t.bytes = b.Gauge(names.EnrichBytes())
	t.refused = b.Counter(names.EnrichRefused())
	t.cut = b.Counter(names.EnrichCut())
	t.states = b.Gauge(names.EnrichSourceState())
	t.silence = b.FloatGauge(names.EnrichSourceSilence())
	t.requests = b.Counter(names.EnrichSourceRequests())
	t.sourceErrors = b.Counter(names.EnrichSourceErrors())
	t.changes = b.Counter(names.EnrichSourceChanges())
	t.conversionCut = b.Counter(names.EnrichConversionCut())
	registration, err := b.Register(t.observe)
	if err != nil {
		return nil, err
	}
	t.registration = registration
	return t, nil
}

func (t *telemetry) close() error { return t.registration.Unregister() }

func (t *telemetry) observe(_ context.Context, o metric.Observer) error {
	nears, fars := t.core.tally.found()
	for found, n := range nears {
		o.ObserveInt64(t.resources, n, instruments.By(names.Status, string(found.status), names.Reason, string(found.reason), names.FoundBy, string(found.source)))
	}
	for found, n := range fars {
		o.ObserveInt64(t.farEnds, n, instruments.By(names.Status, string(found.status), names.Reason, string(found.reason)))
	}
	for signal, stats := range t.core.tally.waiting() {
		t.observeQueue(o, signal, stats)
	}
	if t.core.conntrack != nil {
		t.observeTranslations(o, t.core.conntrack.Stats())
	}
	for _, s := range t.core.sources {
		for _, kind := range s.State() {
			t.observeKind(o, &kind)
		}
	}
	for bound, n := range t.core.converter.Cut() {
		o.ObserveInt64(t.conversionCut, int64(n), instruments.By(names.Bound, bound))
	}
	t.observeInventory(o, t.core.inventory.Stats())
	return nil
}

// endNames are the values of names.WaitingEnded.
var endNames = map[hold.End]string{hold.Ready: "ready", hold.TimedOut: "timed_out", hold.NoRoom: "no_room", hold.Closing: "closing"}

func (t *telemetry) observeQueue(o metric.Observer, signal string, stats hold.Stats) {
	of := instruments.By(names.Signal, signal)
	o.ObserveInt64(t.waiting, int64(stats.Records), of)
	o.ObserveInt64(t.waitingBytes, int64(stats.Bytes), of)
	o.ObserveInt64(t.lost, int64(stats.Lost), of)
	for end, n := range stats.Ended {
		o.ObserveInt64(t.waited, int64(n), instruments.By(names.Signal, signal, names.WaitingEnded, endNames[end]))
	}
}

func (t *telemetry) observeKind(o metric.Observer, k *sourcestate.Kind) {
	of := instruments.By(names.ObjectKind, k.Kind)
	o.ObserveInt64(t.states, 1, instruments.By(names.ObjectKind, k.Kind, names.State, string(k.Phase)))
	if !k.LastHeard.IsZero() {
		o.ObserveFloat64(t.silence, time.Since(k.LastHeard).Seconds(), of)
	}
	for request, n := range map[string]uint64{"list": k.Lists, "watch": k.Watches, "restart": k.Restarts} {
		o.ObserveInt64(t.requests, int64(n), instruments.By(names.ObjectKind, k.Kind, names.Request, request))
	}
	for reason, n := range k.Errors {
		o.ObserveInt64(t.sourceErrors, int64(n), instruments.By(names.ObjectKind, k.Kind, names.Reason, string(reason)))
	}
	o.ObserveInt64(t.changes, int64(k.Events), of)
}

func (t *telemetry) observeTranslations(o metric.Observer, stats conntrack.Stats) {
	for outcome, n := range map[string]uint64{
		"translated": stats.Translated, "untranslated": stats.Untranslated, "unknown": stats.Unknown,
		"failed": stats.Failed, "skipped": stats.Skipped,
	} {
		o.ObserveInt64(t.translations, int64(n), instruments.By(names.Outcome, outcome))
	}
}

func (t *telemetry) observeInventory(o metric.Observer, stats inventory.Stats) {
	for kind, n := range map[string]int{
		inventory.KindPod: stats.Pods, inventory.KindService: stats.Services,
		inventory.KindEndpointSlice: stats.EndpointSlices, inventory.KindNode: stats.Nodes,
	} {
		o.ObserveInt64(t.objects, int64(n), instruments.By(names.ObjectKind, kind))
	}
	o.ObserveInt64(t.bytes, int64(stats.Bytes))
	for kind, n := range stats.Refused {
		o.ObserveInt64(t.refused, int64(n), instruments.By(names.ObjectKind, kind))
	}
	for kind, n := range stats.Cut {
		o.ObserveInt64(t.cut, int64(n), instruments.By(names.ObjectKind, kind))
	}
}
