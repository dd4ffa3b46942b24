// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/metric"

	"github.com/meerkat-otel/meerkat/internal/instruments"
	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/profile"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/record"
)

const scopeName = "github.com/meerkat-otel/meerkat/processor/anomalyprocessor"

// telemetry reports what the processor does and what it keeps. All of it is read when somebody asks.
type telemetry struct {
	core         *core
	registration metric.Registration

	events, ahead, again, surprising, incidents, merged, refused, limits, hits metric.Int64ObservableCounter
	profiles, bytes, rules, rulesRefused                                       metric.Int64ObservableGauge
	control                                                                    controlTelemetry
	metrics                                                                    *metricsTelemetry
}

func newTelemetry(set component.TelemetrySettings, c *core) (*telemetry, error) {
	t := &telemetry{core: c}
	b := instruments.NewBuilder(set.MeterProvider, scopeName)
	t.events = b.Counter(names.AnomalyEventsSeen())
	t.surprising = b.Counter(names.AnomalySurprising())
	t.incidents = b.Counter(names.AnomalyIncidents())
	t.merged = b.Counter(names.AnomalyMerged())
	t.ahead = b.Counter(names.AnomalyEventsAhead())
	t.again = b.Counter(names.AnomalyBatchesAgain())
	t.refused = b.Counter(names.AnomalyIncidentsLost())
	t.limits = b.Counter(names.AnomalyLimits())
	t.hits = b.Counter(names.AnomalyRuleHits())
	t.profiles = b.Gauge(names.AnomalyProfiles())
	t.bytes = b.Gauge(names.AnomalyProfileBytes())
	t.rules = b.Gauge(names.AnomalyRules())
	t.rulesRefused = b.Gauge(names.AnomalyRulesRefused())
	t.control = newControlTelemetry(b)
	t.metrics = newMetricsTelemetry(b, c.watcher)
	registration, err := b.Register(t.observe)
	if err != nil {
		return nil, err
	}
	t.registration = registration
	return t, nil
}

func (t *telemetry) close() error { return t.registration.Unregister() }

// outcomeNames and severityNames are the values of names.Outcome and names.Severity.
var (
	outcomeNames = [record.Outcomes]string{
		record.Read: "judged", record.NotJudged: "not_judged", record.Unresolved: "unresolved", record.Unreadable: "unreadable",
		record.Context: "context",
	}
	severityNames = map[plog.SeverityNumber]string{
		plog.SeverityNumberWarn: "warn", plog.SeverityNumberError: "error", plog.SeverityNumberFatal: "fatal",
	}
)

func (t *telemetry) observe(ctx context.Context, o metric.Observer) error {
	tally := &t.core.tally
	for outcome := range tally.outcomes {
		o.ObserveInt64(t.events, int64(tally.outcomes[outcome].Load()), instruments.By(names.Outcome, outcomeNames[outcome]))
	}
	o.ObserveInt64(t.events, int64(tally.allowed.Load()), instruments.By(names.Outcome, "allowed"))
	o.ObserveInt64(t.ahead, int64(tally.ahead.Load()))
	o.ObserveInt64(t.again, int64(tally.again.Load()))
	o.ObserveInt64(t.refused, int64(tally.refused.Load()))
	told, _ := tally.snapshot()
	for key, n := range told {
		o.ObserveInt64(t.incidents, n, instruments.By(names.State, key.state, names.Severity, severityNames[key.severity]))
	}
	t.metrics.observe(ctx, o)
	t.observeProfiles(o)
	t.observeRules(o)
	t.control.observe(o, t.limits, t.core)
	return nil
}

func (t *telemetry) observeProfiles(o metric.Observer) {
	_, all := t.core.tally.snapshot()
	states := map[profile.State]int64{profile.Learning: 0, profile.Watching: 0, profile.Drifting: 0}
	t.core.profiles.Each(func(p *profile.Profile) {
		states[p.State()]++
		all.add(p, beside(p))
	})
	for state, n := range states {
		o.ObserveInt64(t.profiles, n, instruments.By(names.State, state.String()))
	}
	o.ObserveInt64(t.surprising, int64(all.tracker.Surprising))
	o.ObserveInt64(t.merged, int64(all.book.Merged))
	stats := t.core.profiles.Stats()
	o.ObserveInt64(t.bytes, stats.Bytes)
	for bound, n := range map[string]uint64{
		"workloads": stats.Forgotten, "bytes": stats.Denied, "behaviours": all.evicted, "processes": all.tracker.Forgotten,
		"open_incidents": all.tracker.Displaced, "stories": all.book.Forgotten, "facts": all.book.Omitted, "rule_text": t.core.tally.cut.Load(),
		"evidence": t.core.evidence.omitted.Load(), "losses": t.core.losses.Dropped(), "habits": all.habits,
		"incident_processes": all.tracker.Unnamed, "process_names": all.tracker.Nameless,
		"command_lines": t.core.rules.current.Load().filler.Forgotten(), "metric_incidents": t.core.raised.full.Load(),
	} {
		o.ObserveInt64(t.limits, int64(n), instruments.By(names.Bound, bound))
	}
}

func (t *telemetry) observeRules(o metric.Observer) {
	r := t.core.rules.current.Load()
	o.ObserveInt64(t.rules, int64(r.set.Len()))
	refused := map[string]int64{}
	for _, one := range r.report.Refused {
		refused[one.Cause.String()]++
	}
	for cause, n := range refused {
		o.ObserveInt64(t.rulesRefused, n, instruments.By(names.Reason, cause))
	}
	for number := range r.hits {
		if n := r.hits[number].Load(); n > 0 {
			o.ObserveInt64(t.hits, int64(n), instruments.By(names.Rule, r.set.Rule(number).Key()))
		}
	}
}
