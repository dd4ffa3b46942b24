// SPDX-License-Identifier: Apache-2.0

package watch

import (
	"math"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/series"
)

// Watcher judges metrics.
type Watcher struct {
	rules []Rule
	seeds seeds

	mu       sync.Mutex
	store    *store
	outcomes [Outcomes]uint64
	kinds    [series.Kinds]uint64
}

// New returns a Watcher that knows no series.
func New(rules []Rule, limits Limits) *Watcher {
	return &Watcher{rules: rules, seeds: newSeeds(), store: newStore(limits)}
}

// Owner is whose metrics are.
type Owner struct {
	Workload string
	// Instance tells replicas apart.
	Instance string
	// Unresolved tells that it may be known later whose they are.
	Unresolved bool
	Resource   pcommon.Map
}

// Stats are figures of a Watcher.
type Stats struct {
	Outcomes [Outcomes]uint64
	// Anomalies are those of each kind.
	Anomalies [series.Kinds]uint64
	Series    int
	Bytes     int
	// Evicted counts series that were forgotten for the bound on all, EvictedOfWorkload for that on one workload.
	Evicted, EvictedOfWorkload uint64
}

// Stats returns the present figures.
func (w *Watcher) Stats() Stats {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := len(w.store.entries)
	return Stats{w.outcomes, w.kinds, n, n * SeriesBytes, w.store.evicted, w.store.evictedOfWorkload}
}

// Resource judges the metrics of a resource, adds the scores to it, and returns the anomalies.
func (w *Watcher) Resource(o *Owner, data pmetric.ResourceMetrics, scope string, now time.Time) []Finding {
	b := batch{Watcher: w, owner: o, now: now}
	for _, metrics := range data.ScopeMetrics().All() {
		for _, metric := range metrics.Metrics().All() {
			if metric.Name() == names.AnomalyScore().Name {
				continue // of another processor before this one
			}
			if rule := w.ruleFor(metric.Name()); rule != nil {
				b.metric(rule, metric)
			}
		}
	}
	if b.scores != (pmetric.NumberDataPointSlice{}) && b.scores.Len() > 0 {
		added := data.ScopeMetrics().AppendEmpty()
		added.Scope().SetName(scope)
		described := names.AnomalyScore()
		metric := added.Metrics().AppendEmpty()
		metric.SetName(described.Name)
		metric.SetUnit(described.Unit)
		metric.SetDescription(described.Brief)
		b.scores.MoveAndAppendTo(metric.SetEmptyGauge().DataPoints())
	}
	return b.found
}

// batch is what is done with one resource.
type batch struct {
	*Watcher
	owner  *Owner
	now    time.Time
	rule   *Rule
	name   string
	scores pmetric.NumberDataPointSlice
	found  []Finding
}

func (b *batch) metric(rule *Rule, metric pmetric.Metric) {
	b.rule, b.name = rule, metric.Name()
	b.mu.Lock()
	defer b.mu.Unlock()
	k := b.seeds.with(b.seeds.with(key{}, b.owner.Workload), b.name)
	switch metric.Type() {
	case pmetric.MetricTypeGauge:
		b.values(k, metric.Gauge().DataPoints())
	case pmetric.MetricTypeSum:
		if metric.Sum().IsMonotonic() {
			b.rates(k, metric.Sum())
		} else {
			b.values(k, metric.Sum().DataPoints())
		}
	case pmetric.MetricTypeHistogram:
		for _, p := range metric.Histogram().DataPoints().All() {
			b.histogram(k, p, metric.Histogram().AggregationTemporality(), float64(p.Count()), p.Sum(), p.HasSum())
		}
	case pmetric.MetricTypeExponentialHistogram:
		for _, p := range metric.ExponentialHistogram().DataPoints().All() {
			b.histogram(k, p, metric.ExponentialHistogram().AggregationTemporality(), float64(p.Count()), p.Sum(), p.HasSum())
		}
	case pmetric.MetricTypeSummary:
		b.outcomes[Unsupported] += uint64(metric.Summary().DataPoints().Len())
	}
}

func (b *batch) values(k key, points pmetric.NumberDataPointSlice) {
	for _, p := range points.All() {
		if e := b.entry(k, Value, p); e != nil {
			b.judge(e, Value, p, numberOf(p))
		}
	}
}

func numberOf(p pmetric.NumberDataPoint) float64 {
	switch p.ValueType() {
	case pmetric.NumberDataPointValueTypeInt:
		return float64(p.IntValue())
	case pmetric.NumberDataPointValueTypeDouble:
		return p.DoubleValue()
	}
	return math.NaN()
}

func (b *batch) rates(k key, sum pmetric.Sum) {
	for _, p := range sum.DataPoints().All() {
		e := b.entry(k, Rate, p)
		if e == nil {
			continue
		}
		value := numberOf(p)
		if !finite(value) {
			b.outcomes[Unreadable]++
			continue
		}
		i, outcome := e.counter.add(counted{b.timeOf(p), uint64(p.StartTimestamp()), value, 0, sum.AggregationTemporality()})
		if outcome != Scored {
			b.outcomes[outcome]++
			continue
		}
		b.judge(e, Rate, p, i.count/i.seconds)
	}
}

func finite(value float64) bool { return !math.IsNaN(value) && !math.IsInf(value, 0) }

// histogram judges how many observations there were, and their mean.
func (b *batch) histogram(k key, p point, how pmetric.AggregationTemporality, count, sum float64, hasSum bool) {
	for _, q := range [...]Quantity{CountRate, Mean} {
		if q == Mean && !hasSum {
			continue
		}
		e := b.entry(k, q, p)
		if e == nil {
			continue
		}
		if !finite(sum) {
			b.outcomes[Unreadable]++
			continue
		}
		i, outcome := e.counter.add(counted{b.timeOf(p), uint64(p.StartTimestamp()), count, sum, how})
		if outcome == Scored && q == Mean && i.count <= 0 {
			outcome = NoRate
		}
		switch {
		case outcome != Scored:
			b.outcomes[outcome]++
		case q == Mean:
			b.judge(e, q, p, i.sum/i.count)
		default:
			b.judge(e, q, p, i.count/i.seconds)
		}
	}
}

// point is a data point of any kind.
type point interface {
	Attributes() pcommon.Map
	Timestamp() pcommon.Timestamp
	StartTimestamp() pcommon.Timestamp
	Flags() pmetric.DataPointFlags
}

// entry returns the series of a data point. It returns nil for what is not to be judged, and counts that.
func (b *batch) entry(k key, q Quantity, p point) *entry {
	if b.owner.Unresolved {
		b.outcomes[Unresolved]++
		return nil
	}
	if p.Timestamp() > math.MaxInt64 || p.StartTimestamp() > math.MaxInt64 || len(b.owner.Workload) > workloadBytesMax {
		b.outcomes[Unreadable]++
		return nil
	}
	e := b.store.get(b.seeds.identify(k.number(uint64(q)), b.rule, b.owner, p.Attributes()), b.owner.Workload, b.now)
	if e == nil {
		b.outcomes[Refused]++
		return nil
	}
	if p.Flags().NoRecordedValue() {
		e.counter = counter{}
		b.outcomes[Stale]++
		return nil
	}
	return e
}

// timeOf returns when a data point was, which is now if it does not say.
func (b *batch) timeOf(p point) uint64 {
	if at := p.Timestamp(); at != 0 {
		return uint64(at)
	}
	return uint64(b.now.UnixNano())
}

// judge judges a number, and adds its score.
func (b *batch) judge(e *entry, q Quantity, p point, value float64) {
	at := time.Unix(0, int64(b.timeOf(p))).UTC()
	j, outcome := e.detector.Add(at, value)
	switch outcome {
	case series.NoNumber:
		b.outcomes[Unreadable]++
		return
	case series.Late:
		b.outcomes[Late]++
		return
	}
	b.outcomes[Scored]++
	score := j.Score()
	b.put(q, p, at, score)
	if j.Shift {
		e.workload.shifted(e.key, at)
	}
	if !j.Record || score < b.rule.ScoreMin {
		return
	}
	f := Finding{
		Workload: e.workload.name, Metric: cut(b.name, nameBytesMax), Quantity: q, Series: describe(p.Attributes()), At: at, Value: value,
		Expected: j.Expected, Low: j.Low, High: j.High, Score: score, Kind: j.Kind, Raise: b.rule.Raise, Incident: e.workload.incident, key: e.key,
	}
	b.kinds[f.Kind]++
	e.workload.keep(&f)
	b.found = append(b.found, f)
}

// put adds a score.
func (b *batch) put(q Quantity, p point, at time.Time, score float64) {
	if b.scores == (pmetric.NumberDataPointSlice{}) {
		b.scores = pmetric.NewNumberDataPointSlice()
	}
	scored := b.scores.AppendEmpty()
	p.Attributes().CopyTo(scored.Attributes())
	scored.Attributes().PutStr(names.AnomalyMetric, b.name)
	scored.Attributes().PutStr(names.AnomalyQuantity, q.String())
	scored.SetTimestamp(pcommon.NewTimestampFromTime(at))
	scored.SetDoubleValue(score)
}
