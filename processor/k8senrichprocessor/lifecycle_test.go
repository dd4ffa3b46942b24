// SPDX-License-Identifier: Apache-2.0

package k8senrichprocessor

import (
	"context"
	"errors"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/internal/shared"
	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/inventory"
)

// three are the processors of all signals with one configuration, whose cluster the test tells of.
type three struct {
	logs    processor.Logs
	metrics processor.Metrics
	traces  processor.Traces
	core    *core
}

func newThree(t *testing.T, next interface {
	consumer.Logs
	consumer.Metrics
	consumer.Traces
}, change func(*Config)) *three {
	t.Helper()
	config := createDefaultConfig().(*Config)
	config.Source, config.NodeName = sourceAPIServer, "node1"
	change(config)
	f := &factory{shared.NewInstances[*Config, *core]()}
	set := processortest.NewNopSettings(component.MustNewType(componentType))
	var p three
	var err error
	p.logs, err = f.logs(t.Context(), set, config, next)
	require.NoError(t, err)
	p.metrics, err = f.metrics(t.Context(), set, config, next)
	require.NoError(t, err)
	p.traces, err = f.traces(t.Context(), set, config, next)
	require.NoError(t, err)
	p.core = p.logs.(*logs).core.Unwrap()
	p.core.sources = nil
	return &p
}

func (p *three) all() []component.Component {
	return []component.Component{p.logs, p.metrics, p.traces}
}

func (p *three) start(t *testing.T) {
	t.Helper()
	for _, c := range p.all() {
		require.NoError(t, c.Start(t.Context(), componenttest.NewNopHost()))
	}
}

func (p *three) shutdown(t *testing.T) {
	t.Helper()
	for _, c := range p.all() {
		require.NoError(t, c.Shutdown(context.Background()))
	}
}

// consume gives every signal data of one container.
func (p *three) consume(t *testing.T, ctx context.Context, attributes map[string]any) {
	t.Helper()
	l, m, s := plog.NewLogs(), pmetric.NewMetrics(), ptrace.NewTraces()
	resourceOfLogs, resourceOfMetrics, resourceOfSpans := l.ResourceLogs().AppendEmpty(), m.ResourceMetrics().AppendEmpty(), s.ResourceSpans().AppendEmpty()
	resourceOfLogs.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	resourceOfMetrics.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty().SetEmptyGauge().DataPoints().AppendEmpty()
	resourceOfSpans.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	require.NoError(t, resourceOfLogs.Resource().Attributes().FromRaw(attributes))
	require.NoError(t, resourceOfMetrics.Resource().Attributes().FromRaw(attributes))
	require.NoError(t, resourceOfSpans.Resource().Attributes().FromRaw(attributes))
	require.NoError(t, p.logs.ConsumeLogs(ctx, l))
	require.NoError(t, p.metrics.ConsumeMetrics(ctx, m))
	require.NoError(t, p.traces.ConsumeTraces(ctx, s))
}

// sink keeps what comes out of all three.
type sink struct {
	consumertest.LogsSink
	consumertest.MetricsSink
	consumertest.TracesSink
}

func (*sink) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

// pods returns the name of the pod that each signal's data is of.
func (s *sink) pods() []string {
	var found []string
	add := func(attributes map[string]any) { found = append(found, attributes[names.K8sPodName].(string)) }
	for _, data := range s.AllLogs() {
		add(data.ResourceLogs().At(0).Resource().Attributes().AsRaw())
	}
	for _, data := range s.AllMetrics() {
		add(data.ResourceMetrics().At(0).Resource().Attributes().AsRaw())
	}
	for _, data := range s.AllTraces() {
		add(data.ResourceSpans().At(0).Resource().Attributes().AsRaw())
	}
	return found
}

func TestLifecycle(t *testing.T) {
	withoutStart := newThree(t, new(sink), func(*Config) {})
	withoutStart.shutdown(t)
	p := newThree(t, new(sink), func(*Config) {})
	p.start(t)
	p.shutdown(t)
	p.shutdown(t)
}

// What waits at the end goes on.
func TestLifecycle_shutdownWithAFullQueue(t *testing.T) {
	next := new(sink)
	p := newThree(t, next, func(c *Config) { c.Wait.RecordsMax = 3 })
	p.start(t)
	for range 5 {
		p.consume(t, t.Context(), map[string]any{names.ContainerID: "c1", names.K8sPodUID: "aaaa"})
	}
	assert.Equal(t, 2, next.LogRecordCount())
	p.shutdown(t)
	assert.Equal(t, 5, next.LogRecordCount())
	assert.Equal(t, 5, next.DataPointCount())
	assert.Equal(t, 5, next.SpanCount())
}

// refusing takes nothing.
type refusing struct{ sink }

func (*refusing) ConsumeLogs(context.Context, plog.Logs) error          { return errors.New("full") }
func (*refusing) ConsumeMetrics(context.Context, pmetric.Metrics) error { return errors.New("full") }
func (*refusing) ConsumeTraces(context.Context, ptrace.Traces) error    { return errors.New("full") }

// What the pipeline does not take is counted.
func TestLifecycle_refusedAtTheEnd(t *testing.T) {
	p := newThree(t, new(refusing), func(*Config) {})
	p.start(t)
	p.consume(t, t.Context(), map[string]any{names.ContainerID: "c1", names.K8sPodUID: "aaaa"})
	p.shutdown(t)
	for signal, stats := range p.core.tally.waiting() {
		assert.Equal(t, uint64(1), stats.Lost, signal)
		assert.Zero(t, stats.Records, signal)
	}
}

// Every signal is enriched, whatever its pod is found by.
func TestProcessor_foundBy(t *testing.T) {
	from := func(address string) context.Context {
		return client.NewContext(t.Context(), client.Info{Addr: &net.TCPAddr{IP: net.ParseIP(address), Port: 4000}})
	}
	for name, c := range map[string]struct {
		ctx        context.Context
		attributes map[string]any
	}{
		"container_id": {t.Context(), map[string]any{names.ContainerID: "c1"}},
		"pod_uid":      {t.Context(), map[string]any{names.K8sPodUID: "aaaa"}},
		"pod_ip":       {t.Context(), map[string]any{names.K8sPodIP: podAddress(7).String()}},
		"connection":   {from(podAddress(7).String()), map[string]any{"telemetry.sdk.name": "opentelemetry"}},
	} {
		t.Run(name, func(t *testing.T) {
			next := new(sink)
			p := newThree(t, next, func(*Config) {})
			p.start(t)
			pod := benchPod(7)
			pod.UID, pod.Containers = "aaaa", []inventory.Container{{Name: "main", ID: "c1"}}
			p.core.inventory.PutPod(pod, beginning)
			p.consume(t, c.ctx, c.attributes)
			p.shutdown(t)
			assert.Equal(t, []string{pod.Name, pod.Name, pod.Name}, next.pods())
			nears, _ := p.core.tally.found()
			for found := range nears {
				assert.Equal(t, name, string(found.source))
			}
		})
	}
}
