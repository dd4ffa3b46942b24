// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/metric"

	"github.com/meerkat-otel/meerkat/internal/instruments"
	"github.com/meerkat-otel/meerkat/internal/names"
)

// gatewayStateTelemetry reports what a gateway keeps in the storage, by the names that an agent has for it.
type gatewayStateTelemetry struct{ registration metric.Registration }

func newGatewayStateTelemetry(set component.TelemetrySettings, k *gatewayKeeper) (*gatewayStateTelemetry, error) {
	b := instruments.NewBuilder(set.MeterProvider, scopeName)
	bytes, entries, age := b.Gauge(names.AnomalyStateBytes()), b.Gauge(names.AnomalyStateEntries()), b.Gauge(names.AnomalyStateAge())
	writes, written, aside := b.Counter(names.AnomalyStateWrites()), b.Counter(names.AnomalyStateWritten()), b.Counter(names.AnomalyStateAside())
	failures, limits := b.Counter(names.AnomalyStateFailures()), b.Counter(names.AnomalyStateLimits())
	registration, err := b.Register(func(_ context.Context, o metric.Observer) error {
		stats := &k.stats
		o.ObserveInt64(bytes, stats.Bytes.Load())
		o.ObserveInt64(entries, stats.Entries.Load())
		o.ObserveInt64(age, int64(max(k.gateway.now().Sub(time.Unix(0, k.savedAt.Load())), 0)/time.Second))
		o.ObserveInt64(writes, int64(stats.Batches.Load()))
		o.ObserveInt64(written, int64(stats.WrittenBytes.Load()))
		o.ObserveInt64(aside, int64(stats.Aside.Load()))
		for operation, n := range map[string]uint64{
			"open": k.open.Load(), "read": stats.ReadFailures.Load(), "write": stats.WriteFailures.Load(), "encode": k.encoding.Load(),
		} {
			o.ObserveInt64(failures, int64(n), instruments.By(names.Operation, operation))
		}
		for limit, n := range map[string]uint64{"index": stats.Refused.Load(), "late": k.superseded.Load()} {
			o.ObserveInt64(limits, int64(n), instruments.By(names.Limit, limit))
		}
		return nil
	})
	return &gatewayStateTelemetry{registration}, err
}

func (t *gatewayStateTelemetry) close() error { return t.registration.Unregister() }
