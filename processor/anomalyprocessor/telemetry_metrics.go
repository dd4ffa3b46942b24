// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"context"

	"go.opentelemetry.io/otel/metric"

	"github.com/meerkat-otel/meerkat/internal/instruments"
	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/series"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/watch"
)

// metricsTelemetry reports what is known of metrics.
type metricsTelemetry struct {
	watcher                    *watch.Watcher
	points, anomalies, evicted metric.Int64ObservableCounter
	series, bytes              metric.Int64ObservableGauge
}

func newMetricsTelemetry(b *instruments.Builder, watcher *watch.Watcher) *metricsTelemetry {
	return &metricsTelemetry{
		watcher: watcher, points: b.Counter(names.AnomalyPoints()), anomalies: b.Counter(names.AnomalyFindings()),
		evicted: b.Counter(names.AnomalySeriesEvicted()), series: b.Gauge(names.AnomalySeries()), bytes: b.Gauge(names.AnomalySeriesBytes()),
	}
}

func (t *metricsTelemetry) observe(_ context.Context, o metric.Observer) {
	stats := t.watcher.Stats()
	for outcome, n := range stats.Outcomes {
		o.ObserveInt64(t.points, int64(n), instruments.By(names.PointOutcome, watch.Outcome(outcome).String()))
	}
	for kind, n := range stats.Anomalies {
		o.ObserveInt64(t.anomalies, int64(n), instruments.By(names.FindingKind, series.Kind(kind).String()))
	}
	o.ObserveInt64(t.series, int64(stats.Series))
	o.ObserveInt64(t.bytes, int64(stats.Bytes))
	o.ObserveInt64(t.evicted, int64(stats.Evicted), instruments.By(names.Bound, "series"))
	o.ObserveInt64(t.evicted, int64(stats.EvictedOfWorkload), instruments.By(names.Bound, "workload_series"))
}
