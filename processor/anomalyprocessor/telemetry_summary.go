// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/metric"

	"github.com/meerkat-otel/meerkat/internal/instruments"
	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/summary"
)

// register reports what is asked of the language model, and what comes of it.
func (a *summaries) register(set component.TelemetrySettings) error {
	b := instruments.NewBuilder(set.MeterProvider, scopeName)
	requests := b.Counter(names.AnomalySummaryRequests())
	tokens := b.Counter(names.AnomalySummaryTokens())
	dropped := b.Counter(names.AnomalySummaryDropped())
	waiting := b.Gauge(names.AnomalySummaryWaiting())
	observe := func(_ context.Context, o metric.Observer) error {
		stats := a.writer.Stats()
		for outcome := range summary.Outcomes {
			o.ObserveInt64(requests, stats.Requests[outcome], instruments.By(names.SummaryAnswer, outcome.String()))
		}
		for drop := range summary.Drops {
			o.ObserveInt64(dropped, stats.Dropped[drop], instruments.By(names.SummaryDrop, drop.String()))
		}
		for part, n := range map[string]summary.Tokens{"request": stats.RequestTokens, "answer": stats.AnswerTokens} {
			o.ObserveInt64(tokens, n.Reported, instruments.By(names.SummaryPart, part, names.SummaryCounted, "reported"))
			o.ObserveInt64(tokens, n.Estimated, instruments.By(names.SummaryPart, part, names.SummaryCounted, "estimated"))
		}
		o.ObserveInt64(waiting, stats.Waiting)
		return nil
	}
	var err error
	a.registration, err = b.Register(observe)
	return err
}
