// SPDX-License-Identifier: Apache-2.0

package watch

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/meerkat-otel/meerkat/internal/names"
)

var beginning = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

var plenty = Limits{SeriesMax: 1000, WorkloadSeriesMax: 1000, BytesMax: 1 << 30}

func all(string) bool { return true }

// source makes data, and hands it to a Watcher.
type source struct {
	w   *Watcher
	o   Owner
	now time.Time
}

func newSource(limits Limits, rules ...Rule) *source {
	if len(rules) == 0 {
		rules = []Rule{{Fits: all, ScoreMin: 0.99}}
	}
	return &source{New(rules, limits), Owner{Workload: "shop/web", Instance: "c1", Resource: pcommon.NewMap()}, beginning}
}

// send hands over what a call makes of a metric, and returns the scores, if there are any, and what was found.
func (s *source) send(change func(pmetric.Metric)) (pmetric.ResourceMetrics, []Finding) {
	data := pmetric.NewResourceMetrics()
	metric := data.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	metric.SetName("m")
	change(metric)
	s.now = s.now.Add(5 * time.Minute)
	return data, s.w.Resource(&s.o, data, "scope", s.now)
}

func (s *source) gauge(value float64, attributes ...string) []Finding {
	_, found := s.send(func(m pmetric.Metric) { s.point(m.SetEmptyGauge().DataPoints(), value, attributes...) })
	return found
}

func (s *source) point(points pmetric.NumberDataPointSlice, value float64, attributes ...string) pmetric.NumberDataPoint {
	p := points.AppendEmpty()
	p.SetTimestamp(pcommon.NewTimestampFromTime(s.now))
	p.SetDoubleValue(value)
	for _, attribute := range attributes {
		name, value, _ := strings.Cut(attribute, "=")
		p.Attributes().PutStr(name, value)
	}
	return p
}

func (s *source) outcomes() map[string]uint64 {
	counts := map[string]uint64{}
	for at, n := range s.w.Stats().Outcomes {
		if n > 0 {
			counts[Outcome(at).String()] = n
		}
	}
	return counts
}

func TestWatcher_scores(t *testing.T) {
	s := newSource(plenty)
	data, _ := s.send(func(m pmetric.Metric) { s.point(m.SetEmptyGauge().DataPoints(), 1, "a=b") })
	require.Equal(t, 2, data.ScopeMetrics().Len())
	added := data.ScopeMetrics().At(1)
	assert.Equal(t, "scope", added.Scope().Name())
	metric := added.Metrics().At(0)
	assert.Equal(t, "meerkat.anomaly.score", metric.Name())
	point := metric.Gauge().DataPoints().At(0)
	assert.Equal(t, map[string]any{"a": "b", names.AnomalyMetric: "m", names.AnomalyQuantity: "value"}, point.Attributes().AsRaw())
	assert.Equal(t, beginning, point.Timestamp().AsTime())
	assert.Zero(t, point.DoubleValue())
	// Scores are not scored.
	s.w.Resource(&s.o, data, "scope", s.now)
	assert.Equal(t, map[string]uint64{"scored": 1, "late": 1}, s.outcomes())
}

func TestWatcher_finds(t *testing.T) {
	s := newSource(plenty, Rule{Fits: func(name string) bool { return name == "m" }, ScoreMin: 0.99, Raise: true})
	for at := range 3000 {
		require.Empty(t, s.gauge(float64(at%2), "a=b"))
	}
	found := s.gauge(50, "a=b")
	require.Len(t, found, 1)
	f := found[0]
	assert.Equal(t, []any{"shop/web", "m", Value, "a=b", 50.0, "spike", true, false},
		[]any{f.Workload, f.Metric, f.Quantity, f.Series, f.Value, f.Kind.String(), f.Raise, f.Incident})
	assert.Greater(t, f.Score, 0.999)
	assert.InDelta(t, 0.5, f.Expected, 0.01)
	assert.Equal(t, found, s.w.Near("shop/web", f.At, f.At, true))
	assert.Empty(t, s.w.Near("shop/web", f.At.Add(time.Second), f.At.Add(time.Hour), true))
	assert.Empty(t, s.w.Near("shop/db", f.At, f.At, true))
	found = s.gauge(1e6, "a=b")
	require.Len(t, found, 1, "what is more unusual is said too")
	assert.True(t, found[0].Incident, "one is open by now")
	assert.Empty(t, s.gauge(1e6, "a=b"), "what goes on is not")
	for at := range 20 {
		s.gauge(float64(1000*(at+1)*(at+1)), "a=b")
	}
	near := s.w.Near("shop/web", beginning, s.now, false)
	assert.LessOrEqual(t, len(near), findingsMax)
	assert.Equal(t, "level_shift", near[0].Kind.String())
	assert.GreaterOrEqual(t, near[0].Score, near[len(near)-1].Score)
}

func TestWatcher_outcomes(t *testing.T) {
	for want, change := range map[string]func(*source, pmetric.Metric){
		"scored":     func(s *source, m pmetric.Metric) { s.point(m.SetEmptyGauge().DataPoints(), 1) },
		"unreadable": func(s *source, m pmetric.Metric) { s.point(m.SetEmptyGauge().DataPoints(), math.NaN()) },
		"no_rate": func(s *source, m pmetric.Metric) {
			m.SetEmptySum().SetIsMonotonic(true)
			m.Sum().SetAggregationTemporality(cumulative)
			s.point(m.Sum().DataPoints(), 1)
		},
		"unsupported": func(_ *source, m pmetric.Metric) { m.SetEmptySummary().DataPoints().AppendEmpty() },
		"unresolved": func(s *source, m pmetric.Metric) {
			s.o.Unresolved = true
			s.point(m.SetEmptyGauge().DataPoints(), 1)
		},
		"stale": func(s *source, m pmetric.Metric) {
			s.point(m.SetEmptyGauge().DataPoints(), 1).SetFlags(pmetric.DefaultDataPointFlags.WithNoRecordedValue(true))
		},
	} {
		t.Run(want, func(t *testing.T) {
			s := newSource(plenty)
			s.send(func(m pmetric.Metric) { change(s, m) })
			assert.Equal(t, map[string]uint64{want: 1}, s.outcomes())
		})
	}
}

func TestWatcher_quantities(t *testing.T) {
	s := newSource(plenty)
	for n := range 3 {
		s.send(func(m pmetric.Metric) {
			m.SetEmptyExponentialHistogram().SetAggregationTemporality(cumulative)
			p := m.ExponentialHistogram().DataPoints().AppendEmpty()
			p.SetTimestamp(pcommon.NewTimestampFromTime(s.now))
			p.SetCount(uint64(n))
			p.SetSum(float64(n))
		})
	}
	assert.Equal(t, map[string]uint64{"no_rate": 2, "scored": 4}, s.outcomes())
	s = newSource(plenty)
	for range 3 { // nothing was observed: there is a rate, and no mean
		s.send(func(m pmetric.Metric) {
			m.SetEmptyHistogram().SetAggregationTemporality(cumulative)
			p := m.Histogram().DataPoints().AppendEmpty()
			p.SetTimestamp(pcommon.NewTimestampFromTime(s.now))
			p.SetSum(0)
		})
	}
	assert.Equal(t, map[string]uint64{"no_rate": 4, "scored": 2}, s.outcomes())
	s = newSource(plenty)
	s.send(func(m pmetric.Metric) { // a sum that also falls
		m.SetEmptySum().SetAggregationTemporality(cumulative)
		s.point(m.Sum().DataPoints(), 5)
	})
	assert.Equal(t, map[string]uint64{"scored": 1}, s.outcomes())
}

// A stale marker ends what is known of a counter: what comes after it has no rate yet.
func TestWatcher_stale(t *testing.T) {
	s := newSource(plenty)
	for n := range 4 {
		s.send(func(m pmetric.Metric) {
			m.SetEmptySum().SetIsMonotonic(true)
			m.Sum().SetAggregationTemporality(cumulative)
			p := s.point(m.Sum().DataPoints(), float64(n))
			if n == 2 {
				p.SetFlags(pmetric.DefaultDataPointFlags.WithNoRecordedValue(true))
			}
		})
	}
	assert.Equal(t, map[string]uint64{"no_rate": 2, "scored": 1, "stale": 1}, s.outcomes())
}

func TestWatcher_identity(t *testing.T) {
	count := func(s *source) int { return s.w.Stats().Series }
	s := newSource(plenty)
	s.gauge(1, "a=1", "b=2")
	s.gauge(1, "b=2", "a=1")
	assert.Equal(t, 1, count(s), "in any order")
	for _, attributes := range [][]string{{"a=1"}, {"a=2", "b=1"}, {"a=b=", "2="}, {}} {
		s.gauge(1, attributes...)
	}
	s.o.Instance = "c2"
	s.gauge(1, "a=1", "b=2")
	s.o.Workload = "shop/db"
	s.gauge(1, "a=1", "b=2")
	s.send(func(m pmetric.Metric) {
		m.SetName("other")
		s.point(m.SetEmptyGauge().DataPoints(), 1, "a=1", "b=2")
	})
	assert.Equal(t, 8, count(s))

	s = newSource(plenty, Rule{Fits: all, Attributes: []string{"a", "k8s.pod.name"}, ScoreMin: 0.99})
	s.o.Resource.PutStr("k8s.pod.name", "web-0")
	s.gauge(1, "a=1", "b=1")
	s.o.Instance = "c2"
	s.gauge(1, "a=1", "b=2")
	assert.Equal(t, 1, count(s), "only what is named")
	s.o.Resource.PutStr("k8s.pod.name", "web-1")
	s.gauge(1, "a=1")
	assert.Equal(t, 2, count(s))
}

func TestWatcher_limits(t *testing.T) {
	s := newSource(Limits{SeriesMax: 4, WorkloadSeriesMax: 3, BytesMax: 1 << 20})
	for n := range 5 {
		s.gauge(1, fmt.Sprint("a=", n))
	}
	assert.Equal(t, map[string]uint64{"scored": 3, "refused": 2}, s.outcomes(), "whoever has points stays")
	s.o.Workload = "shop/db"
	s.gauge(1)
	s.o.Workload = "shop/mail"
	s.gauge(1)
	assert.Equal(t, map[string]uint64{"scored": 4, "refused": 3}, s.outcomes())
	s.now = s.now.Add(2 * time.Hour)
	s.gauge(1)
	stats := s.w.Stats()
	assert.Equal(t, 4, stats.Series)
	assert.Equal(t, 4*SeriesBytes, stats.Bytes)
	assert.Equal(t, []uint64{1, 0}, []uint64{stats.Evicted, stats.EvictedOfWorkload}, "the oldest of all makes room")
	s = newSource(Limits{SeriesMax: 100, WorkloadSeriesMax: 3, BytesMax: 1 << 20})
	for n := range 5 {
		s.now = s.now.Add(time.Hour)
		s.gauge(1, fmt.Sprint("a=", n))
	}
	stats = s.w.Stats()
	assert.Equal(t, []uint64{0, 2}, []uint64{stats.Evicted, stats.EvictedOfWorkload}, "the oldest of the workload does")
	assert.Equal(t, 3, stats.Series)
	s = newSource(Limits{SeriesMax: 100, WorkloadSeriesMax: 100, BytesMax: 2 * SeriesBytes})
	for n := range 5 {
		s.gauge(1, fmt.Sprint("a=", n))
	}
	assert.Equal(t, 2, s.w.Stats().Series)
}

func TestSeriesBytes(t *testing.T) { assert.LessOrEqual(t, SeriesBytes, 4400) }

func BenchmarkWatcher(b *testing.B) {
	s := newSource(plenty)
	data := pmetric.NewResourceMetrics()
	points := data.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty().SetEmptyGauge().DataPoints()
	const count = 100
	for n := range count {
		s.point(points, float64(n), fmt.Sprint("a=", n), "b=c")
	}
	b.ReportAllocs()
	for b.Loop() {
		s.now = s.now.Add(time.Minute)
		for _, p := range points.All() {
			p.SetTimestamp(pcommon.NewTimestampFromTime(s.now))
		}
		s.w.Resource(&s.o, data, "scope", s.now)
		data.ScopeMetrics().RemoveIf(func(one pmetric.ScopeMetrics) bool { return one.Scope().Name() != "" })
	}
	b.ReportMetric(float64(count)*float64(b.N)/b.Elapsed().Seconds(), "points/s")
	b.ReportMetric(float64(SeriesBytes), "B/series")
}
