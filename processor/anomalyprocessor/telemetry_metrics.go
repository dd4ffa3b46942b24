// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"context"

	"go.opentelemetry.io/otel/metric"

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

// registerMetrics makes the instruments about metrics part of those that are made together.
func (b *instruments) registerMetrics(watcher *watch.Watcher) *metricsTelemetry {
	return &metricsTelemetry{
		watcher: watcher, points: b.counter(names.AnomalyPoints()), anomalies: b.counter(names.AnomalyFindings()),
		evicted: b.counter(names.AnomalySeriesEvicted()), series: b.gauge(names.AnomalySeries()), bytes: b.gauge(names.AnomalySeriesBytes()),
	}
}

func (t *metricsTelemetry) observe(_ context.Context, o metric.Observer) {
	stats := t.watcher.Stats()
	for outcome, n := range stats.Outcomes {
		o.ObserveInt64(t.points, int64(n), by(names.PointOutcome, watch.Outcome(outcome).String()))
	}
	for kind, n := range stats.Anomalies {
		o.ObserveInt64(t.anomalies, int64(n), by(names.FindingKind, series.Kind(kind).String()))
	}
	o.ObserveInt64(t.series, int64(stats.Series))
	o.ObserveInt64(t.bytes, int64(stats.Bytes))
	o.ObserveInt64(t.evicted, int64(stats.Evicted), by(names.Bound, "series"))
	o.ObserveInt64(t.evicted, int64(stats.EvictedOfWorkload), by(names.Bound, "workload_series"))
}
