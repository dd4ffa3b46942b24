// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/internal/shared"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/watch"
)

func metricConfig() *Config {
	config := defaultConfig()
	config.Metrics = []MetricConfig{{Name: "app.*", Raise: true}}
	return config
}

// gauge is a data point of a workload.
func gauge(workload, name string, value float64, at time.Time) pmetric.Metrics {
	data := pmetric.NewMetrics()
	resource := data.ResourceMetrics().AppendEmpty()
	put := resource.Resource().Attributes().PutStr
	put(names.EnrichmentStatus, "resolved")
	put(names.K8sNamespaceName, "shop")
	put(names.K8sDeploymentName, workload)
	put(names.ContainerID, "c1")
	metric := resource.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	metric.SetName(name)
	point := metric.SetEmptyGauge().DataPoints().AppendEmpty()
	point.SetTimestamp(pcommon.NewTimestampFromTime(at))
	point.SetDoubleValue(value)
	return data
}

// feed sends what is ordinary for ten days, every five minutes.
func (p *metricPair) feed(t *testing.T, workload string) {
	t.Helper()
	for n := range 10 * 288 {
		p.now = p.now.Add(5 * time.Minute)
		require.NoError(t, p.pipeline.ConsumeMetrics(t.Context(), gauge(workload, "app.load", float64(n%2), p.now)))
	}
}

func TestMetrics_lifecycle(t *testing.T) {
	ctx := context.Background()
	f := NewFactory()
	set := processortest.NewNopSettings(component.MustNewType(componentType))
	unstarted, err := f.CreateMetrics(ctx, set, metricConfig(), consumertest.NewNop())
	require.NoError(t, err)
	require.NoError(t, unstarted.Shutdown(ctx))
	config := metricConfig()
	one, err := f.CreateMetrics(ctx, set, config, consumertest.NewNop())
	require.NoError(t, err)
	other, err := f.CreateLogs(ctx, set, config, consumertest.NewNop())
	require.NoError(t, err)
	assert.True(t, one.Capabilities().MutatesData)
	require.NoError(t, one.Start(ctx, componenttest.NewNopHost()))
	require.NoError(t, other.Start(ctx, componenttest.NewNopHost()))
	require.NoError(t, one.ConsumeMetrics(ctx, gauge("web", "app.load", 1, beginning)))
	for range 2 {
		require.NoError(t, one.Shutdown(ctx))
		require.NoError(t, other.Shutdown(ctx))
	}
}

// Without a metric that is to be scored, data passes as it is.
func TestMetrics_off(t *testing.T) {
	p := newMetricPair(t, defaultConfig())
	p.start(t)
	assert.False(t, p.pipeline.Capabilities().MutatesData)
	require.NoError(t, p.pipeline.ConsumeMetrics(t.Context(), gauge("web", "app.load", 1, p.now)))
	p.shutdown(t)
	assert.Equal(t, []pmetric.Metrics{gauge("web", "app.load", 1, p.now)}, p.sink.AllMetrics())
}

// All that is not the score passes as it was.
func TestMetrics_unchanged(t *testing.T) {
	p := newMetricPair(t, metricConfig())
	p.start(t)
	data := gauge("web", "app.load", 1, p.now)
	gauge("web", "other", 1, p.now).ResourceMetrics().MoveAndAppendTo(data.ResourceMetrics())
	want := pmetric.NewMetrics()
	data.CopyTo(want)
	require.NoError(t, p.pipeline.ConsumeMetrics(t.Context(), data))
	p.shutdown(t)
	got := p.sink.AllMetrics()[0]
	added := 0
	for _, resource := range got.ResourceMetrics().All() {
		resource.ScopeMetrics().RemoveIf(func(scope pmetric.ScopeMetrics) bool {
			if scope.Scope().Name() == scopeName {
				added++
			}
			return scope.Scope().Name() == scopeName
		})
	}
	assert.Equal(t, 1, added)
	assert.Equal(t, want, got)
}

func TestMetrics_refused(t *testing.T) {
	p := newMetricPair(t, metricConfig())
	p.start(t)
	p.feed(t, "web")
	require.NoError(t, p.pipeline.ConsumeMetrics(t.Context(), gauge("web", "app.load", 900, p.now.Add(time.Minute))))
	inner := p.pipelines[0].inner
	p.pipelines[0].inner = fullLogs{inner}
	p.core.upkeep(t.Context())
	assert.Equal(t, uint64(1), p.core.tally.refused.Load())
	p.pipelines[0].inner = inner
	p.core.upkeep(t.Context())
	assert.Equal(t, []string{stateOpened}, states(p.sinks[0]))
	p.core.upkeep(t.Context())
	assert.Len(t, states(p.sinks[0]), 1)
	for n := range raisedFindingsMax + 2 {
		found := watch.Finding{Workload: "shop/deployment/web", Metric: "app.other", At: p.now, Score: 0.999 + float64(n)/1e5}
		p.core.raised.add(found, pcommon.NewResource(), p.now)
	}
	p.core.upkeep(t.Context())
	assert.Len(t, states(p.sinks[0]), 1, "not yet")
	p.now = p.now.Add(p.core.config.UpdateInterval)
	p.core.upkeep(t.Context())
	p.now = p.now.Add(raisedQuiet)
	p.core.upkeep(t.Context())
	p.core.upkeep(t.Context())
	assert.Equal(t, []string{stateOpened, stateUpdated, stateClosed}, states(p.sinks[0]))
	last := p.sinks[0].AllLogs()[2].ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes()
	list, _ := last.Get(names.IncidentMetrics)
	assert.Equal(t, raisedFindingsMax, list.Slice().Len())
	events, _ := last.Get(names.IncidentEvents)
	assert.Equal(t, int64(raisedFindingsMax+3), events.Int())
	p.shutdown(t)
}

// fullLogs is a pipeline that takes nothing.
type fullLogs struct{ processor.Logs }

func (fullLogs) ConsumeLogs(context.Context, plog.Logs) error { return errors.New("full") }

func TestMetrics_raisedBound(t *testing.T) {
	p := newMetricPair(t, metricConfig())
	p.start(t)
	for n := range raisedMax + 3 {
		workload := fmt.Sprint("web", n)
		for at := range 2100 {
			require.NoError(t, p.pipeline.ConsumeMetrics(t.Context(), gauge(workload, "app.load", float64(at%2), p.now.Add(time.Duration(at)*5*time.Minute))))
		}
		require.NoError(t, p.pipeline.ConsumeMetrics(t.Context(), gauge(workload, "app.load", 900, p.now.Add(2200*5*time.Minute))))
		p.sink.Reset()
	}
	assert.Len(t, p.core.raised.open, raisedMax)
	assert.Equal(t, uint64(3), p.core.raised.full.Load())
	p.shutdown(t)
}

// An incident by metrics needs a pipeline of logs to be told in.
func TestMetrics_nobodyToTell(t *testing.T) {
	logged, logs := observer.New(zap.WarnLevel)
	set := processortest.NewNopSettings(component.MustNewType(componentType))
	set.Logger = zap.New(logged)
	f := &factory{shared.NewInstances[*Config, *core]()}
	made, err := f.metrics(t.Context(), set, metricConfig(), consumertest.NewNop())
	require.NoError(t, err)
	require.NoError(t, made.Start(t.Context(), componenttest.NewNopHost()))
	assert.Equal(t, 1, logs.FilterMessageSnippet("raise has no effect").Len())
	require.NoError(t, made.Shutdown(t.Context()))
}

// Several pipelines send while incidents are told and figures are read.
func TestMetrics_concurrent(t *testing.T) {
	p := newMetricPair(t, metricConfig())
	p.start(t)
	var wait sync.WaitGroup
	for n := range 4 {
		wait.Go(func() {
			for at := range 300 {
				when := beginning.Add(time.Duration(at) * time.Minute)
				assert.NoError(t, p.pipeline.ConsumeMetrics(t.Context(), gauge(fmt.Sprint("web", n%2), "app.load", float64(at), when)))
				assert.NoError(t, p.pipelines[0].ConsumeLogs(t.Context(), reverseShell(fmt.Sprint("web", n%2), int64(at+1), when)))
			}
		})
	}
	wait.Go(func() {
		for range 50 {
			p.core.upkeep(t.Context())
			p.core.watcher.Stats()
		}
	})
	wait.Wait()
	p.shutdown(t)
}

// Whatever strangers send, it passes, and is scored between 0 and 1 if at all.
func TestMetrics_hostile(t *testing.T) {
	p := newMetricPair(t, metricConfig())
	p.start(t)
	for _, value := range hostileValues() {
		for _, number := range []float64{0, math.NaN(), math.Inf(-1), math.MaxFloat64, -1e18, math.SmallestNonzeroFloat64} {
			for _, at := range []uint64{0, 1, math.MaxInt64, math.MaxUint64} {
				data := gauge("web", "app.load", number, p.now)
				resource := data.ResourceMetrics().At(0)
				value(resource.Resource().Attributes().PutEmpty(names.K8sDeploymentName))
				metric := resource.ScopeMetrics().At(0).Metrics().At(0)
				point := metric.Gauge().DataPoints().At(0)
				point.SetTimestamp(pcommon.Timestamp(at))
				value(point.Attributes().PutEmpty("a"))
				sum := resource.ScopeMetrics().At(0).Metrics().AppendEmpty()
				sum.SetName("app.sum")
				point.CopyTo(sum.SetEmptySum().DataPoints().AppendEmpty())
				sum.Sum().SetIsMonotonic(true)
				sum.Sum().SetAggregationTemporality(pmetric.AggregationTemporality(at))
				resource.ScopeMetrics().At(0).Metrics().AppendEmpty().SetName("app.empty")
				require.NoError(t, p.pipeline.ConsumeMetrics(t.Context(), data))
			}
		}
	}
	stats := p.core.watcher.Stats()
	assert.LessOrEqual(t, stats.Series, p.core.config.Limits.Series.WorkloadSeriesMax*len(hostileValues()))
	p.shutdown(t)
	for _, batch := range p.sink.AllMetrics() {
		for _, scope := range batch.ResourceMetrics().At(0).ScopeMetrics().All() {
			if scope.Scope().Name() == scopeName {
				for _, point := range scope.Metrics().At(0).Gauge().DataPoints().All() {
					require.True(t, point.DoubleValue() >= 0 && point.DoubleValue() <= 1)
				}
			}
		}
	}
}
