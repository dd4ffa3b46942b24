// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/metric"

	"github.com/meerkat-otel/meerkat/internal/instruments"
	"github.com/meerkat-otel/meerkat/internal/names"
)

// start reports what is joined. All of it is read when somebody asks.
func (j *joins) start(set component.TelemetrySettings) error {
	b := instruments.NewBuilder(set.MeterProvider, scopeName)
	joined, limits := b.Counter(names.AnomalyJoins()), b.Counter(names.AnomalyJoinsLimits())
	registration, err := b.Register(func(_ context.Context, o metric.Observer) error {
		j.mu.Lock()
		book := j.book.Stats()
		j.mu.Unlock()
		ends := j.arrivals.Stats()
		for outcome, n := range map[string]uint64{
			"found": ends.Found, "joined": book.Joined, "made": j.made.Load(), "refused": j.refused.Load(), "too_large": j.tooLarge.Load(),
		} {
			o.ObserveInt64(joined, int64(n), instruments.By(names.Outcome, outcome))
		}
		for bound, n := range map[string]uint64{
			"accepted": ends.Accepted, "opened": ends.Opened, "arrived": ends.Arrivals, "incidents": book.Forgotten, "chain": book.Omitted,
			"ambiguous": book.Ambiguous,
		} {
			o.ObserveInt64(limits, int64(n), instruments.By(names.Bound, bound))
		}
		return nil
	})
	j.registration = registration
	return err
}

func (j *joins) close() error {
	if j.registration == nil {
		return nil
	}
	return j.registration.Unregister()
}
