// SPDX-License-Identifier: Apache-2.0

package k8senrichprocessor

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/internal/shared"
)

// collect reads the sums and levels of a metric, by one of its attributes.
func collect(t *testing.T, tel *componenttest.Telemetry, m names.Metric, by string) map[string]int64 {
	t.Helper()
	got, err := tel.GetMetric(m.Name)
	require.NoError(t, err, m.Name)
	assert.Equal(t, m.Unit, got.Unit)
	var points []metricdata.DataPoint[int64]
	switch data := got.Data.(type) {
	case metricdata.Sum[int64]:
		points = data.DataPoints
	case metricdata.Gauge[int64]:
		points = data.DataPoints
	}
	values := map[string]int64{}
	for _, point := range points {
		for _, kv := range point.Attributes.ToSlice() {
			assert.Contains(t, m.Attributes, string(kv.Key), m.Name)
		}
		value, _ := point.Attributes.Value("")
		if by != "" {
			value, _ = point.Attributes.Value(attribute.Key(by))
		}
		values[value.AsString()] += point.Value
	}
	return values
}

// What the processor finds, keeps and can't keep is told, under the names that are described.
func TestTelemetry(t *testing.T) {
	tel := componenttest.NewTelemetry()
	defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
	config := createDefaultConfig().(*Config)
	config.Source, config.NodeName, config.Scope = sourceAPIServer, "node1", scopeCluster
	config.Wait.RecordsMax, config.Limits.PodsMax = 2, 1
	f := &factory{shared.NewInstances[*Config, *core]()}
	id := component.MustNewID(componentType)
	made, err := f.logs(t.Context(), processor.Settings{ID: id, TelemetrySettings: tel.NewTelemetrySettings()}, config, new(sink))
	require.NoError(t, err)
	p := made.(*logs)
	core := p.core.Unwrap()
	core.sources = nil
	require.NoError(t, p.Start(t.Context(), componenttest.NewNopHost()))
	core.inventory.PutPod(benchPod(7), beginning)
	core.inventory.PutPod(benchPod(8), beginning)
	core.inventory.SetCompleted(true)
	require.NoError(t, p.ConsumeLogs(t.Context(), benchBatch(func(r plog.LogRecord, _ int) {
		r.Attributes().PutStr(names.ConnectionSide, "client")
		r.Attributes().PutStr(names.ServerAddress, podAddress(7).String())
	})))

	resources := collect(t, tel, names.EnrichResources(), names.Status)
	assert.Equal(t, map[string]int64{"resolved": 1, "unresolved": benchWorkloads - 1}, resources)
	assert.Equal(t, map[string]int64{"container_id": 1, "none": benchWorkloads - 1}, collect(t, tel, names.EnrichResources(), names.FoundBy))
	assert.Equal(t, map[string]int64{"": 1, "queue_full": benchWorkloads - 1}, collect(t, tel, names.EnrichResources(), names.Reason))
	assert.Equal(t, map[string]int64{"resolved": benchRecords}, collect(t, tel, names.EnrichFarEnds(), names.Status))
	assert.Equal(t, map[string]int64{"logs": 0}, collect(t, tel, names.EnrichWaiting(), names.Signal))
	assert.Equal(t, map[string]int64{"logs": 0}, collect(t, tel, names.EnrichWaitingBytes(), names.Signal))
	assert.Equal(t, int64(benchRecords-benchRecords/benchWorkloads), collect(t, tel, names.EnrichWaited(), names.WaitingEnded)["no_room"])
	assert.Equal(t, map[string]int64{"logs": 0}, collect(t, tel, names.EnrichLost(), names.Signal))
	assert.Equal(t, int64(1), collect(t, tel, names.EnrichObjects(), names.ObjectKind)["pod"])
	assert.Positive(t, collect(t, tel, names.EnrichBytes(), "")[""])
	assert.Equal(t, map[string]int64{"pod": 1}, collect(t, tel, names.EnrichRefused(), names.ObjectKind))
	assert.Equal(t, int64(0), collect(t, tel, names.EnrichTranslations(), names.Outcome)["translated"])
	require.NoError(t, p.Shutdown(context.Background()))
}
