// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"context"
	"sync/atomic"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/metric"

	"github.com/meerkat-otel/meerkat/internal/instruments"
	"github.com/meerkat-otel/meerkat/internal/names"
)

// start reports what an agent tells the gateway, if it does.
func (t *teller) start(set component.TelemetrySettings) error {
	if !t.config.Enabled {
		return nil
	}
	b := instruments.NewBuilder(set.MeterProvider, scopeName)
	deltas, limits := b.Counter(names.AnomalyDeltas()), b.Counter(names.AnomalyFleetLimits())
	registration, err := b.Register(func(_ context.Context, o metric.Observer) error {
		o.ObserveInt64(deltas, int64(t.sent.Load()), instruments.By(names.Outcome, "sent"))
		o.ObserveInt64(deltas, int64(t.refused.Load()), instruments.By(names.Outcome, "refused"))
		o.ObserveInt64(limits, int64(t.left.Load()), instruments.By(names.Bound, "delta"))
		o.ObserveInt64(limits, int64(t.homeless.Load()), instruments.By(names.Bound, "no_host"))
		return nil
	})
	t.registration = registration
	return err
}

func (t *teller) close() error {
	if t.registration == nil {
		return nil
	}
	return t.registration.Unregister()
}

// gatewayTally counts what becomes of what a gateway gets.
type gatewayTally struct {
	deltaUnreadable, deltaVersion                                    atomic.Uint64
	passed, suppressed, dropped, unreadable, tooLarge, made, refused atomic.Uint64
}

// gatewayTelemetry reports what a gateway does and what it keeps. All of it is read when somebody asks.
type gatewayTelemetry struct {
	gateway      *gateway
	registration metric.Registration

	deltas, incidents, limits               metric.Int64ObservableCounter
	behaviours, bytes, remembered, ofChains metric.Int64ObservableGauge
}

func newGatewayTelemetry(set component.TelemetrySettings, g *gateway) (*gatewayTelemetry, error) {
	t := &gatewayTelemetry{gateway: g}
	b := instruments.NewBuilder(set.MeterProvider, scopeName)
	t.deltas = b.Counter(names.AnomalyDeltas())
	t.incidents = b.Counter(names.AnomalyFleetIncidents())
	t.limits = b.Counter(names.AnomalyFleetLimits())
	t.behaviours = b.Gauge(names.AnomalyFleetBehaviours())
	t.bytes = b.Gauge(names.AnomalyFleetBytes())
	t.remembered = b.Gauge(names.AnomalyFleetOpen())
	t.ofChains = b.Gauge(names.AnomalyFleetChains())
	registration, err := b.Register(t.observe)
	t.registration = registration
	return t, err
}

func (t *gatewayTelemetry) close() error { return t.registration.Unregister() }

func (t *gatewayTelemetry) observe(_ context.Context, o metric.Observer) error {
	g, tally := t.gateway, &t.gateway.tally
	g.mu.Lock()
	model, book := g.model.Stats(), g.book.Stats()
	g.mu.Unlock()
	for outcome, n := range map[string]uint64{
		"taken": model.Taken, "repeated": model.Repeated, "missed": model.Missed,
		"unreadable": tally.deltaUnreadable.Load(), "other_version": tally.deltaVersion.Load(),
	} {
		o.ObserveInt64(t.deltas, int64(n), instruments.By(names.Outcome, outcome))
	}
	for outcome, n := range map[string]uint64{
		"passed": tally.passed.Load(), "suppressed": tally.suppressed.Load(), "dropped": tally.dropped.Load(), "unreadable": tally.unreadable.Load(),
		"too_large": tally.tooLarge.Load(), "made": tally.made.Load(), "refused": tally.refused.Load(),
	} {
		o.ObserveInt64(t.incidents, int64(n), instruments.By(names.Outcome, outcome))
	}
	for bound, n := range map[string]uint64{
		"behaviours": model.Forgotten, "sources": model.Untracked, "incidents": book.Forgotten, "chain": book.Omitted, "ambiguous": book.Ambiguous,
	} {
		o.ObserveInt64(t.limits, int64(n), instruments.By(names.Bound, bound))
	}
	o.ObserveInt64(t.behaviours, int64(model.Behaviours))
	o.ObserveInt64(t.bytes, int64(model.Bytes))
	o.ObserveInt64(t.remembered, int64(book.Incidents))
	o.ObserveInt64(t.ofChains, int64(book.Chains))
	return nil
}
