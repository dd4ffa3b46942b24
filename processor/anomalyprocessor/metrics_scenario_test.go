// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/internal/scenariotest"
)

// metricScenario is a file in testdata/metric_scenarios: which metrics and records the processor gets.
type metricScenario struct {
	About  string         `yaml:"about"`
	Known  map[string]any `yaml:"known"`
	Config map[string]any `yaml:"config"`
	Steps  []metricStep   `yaml:"steps"`
}

// metricStep is points of metrics that come Every, For a time, after records that come at once.
type metricStep struct {
	Say     string         `yaml:"say"`
	At      time.Duration  `yaml:"at"`
	Logs    []resourceStep `yaml:"logs"`
	Metrics []metricMade   `yaml:"metrics"`
	For     time.Duration  `yaml:"for"`
	Every   time.Duration  `yaml:"every"`
	Upkeep  bool           `yaml:"upkeep"`
}

// metricMade is a metric whose value goes up and down by Daily each day around Base, with Noise. Of counters it is the rate, of histograms the mean.
type metricMade struct {
	Resource   map[string]any
	Name       string
	Type       string
	Attributes map[string]any
	Base       float64
	Daily      float64
	Noise      float64
	// Restart lets a counter begin anew.
	Restart bool
}

func TestMetricScenarios(t *testing.T) {
	scenariotest.Run(t, "testdata/metric_scenarios", *update, playMetrics)
}

// metricPair is a pipeline of metrics beside two of logs.
type metricPair struct {
	*pair
	pipeline *metrics
	sink     *consumertest.MetricsSink
	noise    *rand.Rand
	counters map[string]*counted
}

// counted is where a counter stands.
type counted struct {
	start, at  time.Time
	count, sum float64
}

func newMetricPair(t testing.TB, config *Config) *metricPair {
	t.Helper()
	p := &metricPair{
		pair: newPair(t, config), sink: new(consumertest.MetricsSink), counters: map[string]*counted{},
		noise: rand.New(rand.NewPCG(1, 2)),
	}
	made, err := (&factory{}).metricsOf(context.Background(), processortest.NewNopSettings(component.MustNewType(componentType)), config, p.sink,
		p.pipelines[0].core)
	require.NoError(t, err)
	p.pipeline = made
	return p
}

func (p *metricPair) start(t testing.TB) {
	t.Helper()
	p.pair.start(t)
	require.NoError(t, p.pipeline.Start(context.Background(), componenttest.NewNopHost()))
}

func (p *metricPair) shutdown(t testing.TB) {
	t.Helper()
	p.pair.shutdown(t)
	require.NoError(t, p.pipeline.Shutdown(context.Background()))
}

func playMetrics(t *testing.T, s metricScenario) string {
	t.Helper()
	config := defaultConfig()
	require.NoError(t, confmap.NewFromStringMap(s.Config).Unmarshal(config))
	require.NoError(t, confmap.Validate(config))
	p := newMetricPair(t, config)
	p.start(t)
	var text strings.Builder
	for _, step := range s.Steps {
		fmt.Fprintf(&text, "# %s\n", step.Say)
		p.now = p.now.Add(step.At)
		if len(step.Logs) > 0 {
			require.NoError(t, p.pipelines[0].ConsumeLogs(context.Background(), logsOf(t, step.Logs, p.now)))
		}
		for end := p.now.Add(step.For); p.now.Before(end); p.now = p.now.Add(step.Every) {
			data := pmetric.NewMetrics()
			for _, m := range step.Metrics {
				p.make(t, data, m, step.Every)
			}
			require.NoError(t, p.pipeline.ConsumeMetrics(context.Background(), data))
		}
		if step.Upkeep {
			p.core.upkeep(context.Background())
		}
		p.writeScores(&text)
		p.write(&text)
	}
	p.shutdown(t)
	fmt.Fprintln(&text, "# shutdown")
	p.write(&text)
	return text.String()
}

// make adds a metric to the data.
func (p *metricPair) make(t *testing.T, data pmetric.Metrics, m metricMade, every time.Duration) {
	t.Helper()
	resource := data.ResourceMetrics().AppendEmpty()
	require.NoError(t, resource.Resource().Attributes().FromRaw(m.Resource))
	metric := resource.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	metric.SetName(m.Name)
	value := m.Base + m.Daily*math.Sin(2*math.Pi*float64(p.now.Unix()%86400)/86400) + m.Noise*p.noise.NormFloat64()
	at, id := pcommon.NewTimestampFromTime(p.now), fmt.Sprint(m.Resource, m.Name, m.Attributes)
	c := p.counters[id]
	if c == nil || m.Restart && p.now.Sub(c.start) > every {
		c = &counted{start: p.now, at: p.now.Add(-every)}
		p.counters[id] = c
	}
	put := func(point interface {
		Attributes() pcommon.Map
		SetTimestamp(pcommon.Timestamp)
		SetStartTimestamp(pcommon.Timestamp)
	}) {
		require.NoError(t, point.Attributes().FromRaw(m.Attributes))
		point.SetTimestamp(at)
		point.SetStartTimestamp(pcommon.NewTimestampFromTime(c.start))
	}
	switch m.Type {
	case "gauge":
		point := metric.SetEmptyGauge().DataPoints().AppendEmpty()
		put(point)
		point.SetDoubleValue(value)
	case "sum":
		c.sum += max(value, 0) * p.now.Sub(c.at).Seconds()
		c.at = p.now
		metric.SetEmptySum().SetIsMonotonic(true)
		metric.Sum().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		point := metric.Sum().DataPoints().AppendEmpty()
		put(point)
		point.SetIntValue(int64(c.sum))
	case "histogram":
		c.count += 100
		c.sum += 100 * value
		metric.SetEmptyHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		point := metric.Histogram().DataPoints().AppendEmpty()
		put(point)
		point.SetCount(uint64(c.count))
		point.SetSum(c.sum)
	default:
		require.Fail(t, "unknown type", m.Type)
	}
}

// writeScores writes which scores came since the last time.
func (p *metricPair) writeScores(text *strings.Builder) {
	passed, scored, above := 0, 0, 0
	highest, what := 0.0, ""
	for _, batch := range p.sink.AllMetrics() {
		for _, resource := range batch.ResourceMetrics().All() {
			for _, scope := range resource.ScopeMetrics().All() {
				for _, metric := range scope.Metrics().All() {
					if metric.Name() != names.AnomalyScore().Name {
						passed++
						continue
					}
					for _, point := range metric.Gauge().DataPoints().All() {
						scored++
						if point.DoubleValue() >= scoreMinDefault {
							above++
						}
						if point.DoubleValue() > highest {
							highest = point.DoubleValue()
							what = fmt.Sprintf("%v at %s", point.Attributes().AsRaw(), point.Timestamp().AsTime().Sub(beginning))
						}
					}
				}
			}
		}
	}
	p.sink.Reset()
	if passed > 0 {
		fmt.Fprintf(text, "metrics: %d points, %d scores, %d of at least %v; highest %.5f %s\n", passed, scored, above, scoreMinDefault, highest, what)
	}
}
