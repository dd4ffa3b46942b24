// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"context"
	"maps"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/metric"

	"github.com/meerkat-otel/meerkat/internal/instruments"
	"github.com/meerkat-otel/meerkat/internal/names"
)

// stateTelemetry reports what is kept in the storage. All of it is read when somebody asks, and nothing waits for the storage.
type stateTelemetry struct {
	archive *archive
	now     func() time.Time
	// limitsHit returns how often those were hit that the archive does not know.
	limitsHit    func() map[string]uint64
	registration metric.Registration

	bytes, entries, age                      metric.Int64ObservableGauge
	writes, written, failures, aside, limits metric.Int64ObservableCounter
}

func newStateTelemetry(set component.TelemetrySettings, a *archive, now func() time.Time, limitsHit func() map[string]uint64) (*stateTelemetry, error) {
	t := &stateTelemetry{archive: a, now: now, limitsHit: limitsHit}
	b := instruments.NewBuilder(set.MeterProvider, scopeName)
	t.bytes = b.Gauge(names.AnomalyStateBytes())
	t.entries = b.Gauge(names.AnomalyStateEntries())
	t.age = b.Gauge(names.AnomalyStateAge())
	t.writes = b.Counter(names.AnomalyStateWrites())
	t.written = b.Counter(names.AnomalyStateWritten())
	t.failures = b.Counter(names.AnomalyStateFailures())
	t.aside = b.Counter(names.AnomalyStateAside())
	t.limits = b.Counter(names.AnomalyStateLimits())
	var err error
	t.registration, err = b.Register(t.observe)
	return t, err
}

func (t *stateTelemetry) close() error { return t.registration.Unregister() }

func (t *stateTelemetry) observe(_ context.Context, o metric.Observer) error {
	a, stats := t.archive, &t.archive.stats
	o.ObserveInt64(t.bytes, stats.Bytes.Load())
	o.ObserveInt64(t.entries, stats.Entries.Load())
	o.ObserveInt64(t.age, int64(max(t.now().Sub(time.Unix(0, a.savedAt.Load())), 0)/time.Second))
	o.ObserveInt64(t.writes, int64(stats.Batches.Load()))
	o.ObserveInt64(t.written, int64(stats.WrittenBytes.Load()))
	o.ObserveInt64(t.aside, int64(stats.Aside.Load()))
	for operation, n := range map[string]uint64{
		"open": a.unopened.Load(), "read": stats.ReadFailures.Load(), "write": stats.WriteFailures.Load(), "encode": a.encoding.Load(),
	} {
		o.ObserveInt64(t.failures, int64(n), instruments.By(names.Operation, operation))
	}
	hit := map[string]uint64{"index": stats.Refused.Load(), "late": a.superseded.Load()}
	maps.Copy(hit, t.limitsHit())
	for limit, n := range hit {
		o.ObserveInt64(t.limits, int64(n), instruments.By(names.Limit, limit))
	}
	return nil
}
