// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
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
		value, _ := point.Attributes.Value(attribute.Key(by))
		values[value.AsString()] += point.Value
	}
	return values
}

// What the processor does is told, under the names that are described.
func TestTelemetry(t *testing.T) {
	tel := componenttest.NewTelemetry()
	defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "broken.yml"), []byte("title: a"), 0o600))
	config := defaultConfig()
	config.Rules.Folders = []string{folder}
	config.Limits.WorkloadsMax = 1
	config.Allow = []AllowConfig{{Workload: "shop/deployment/allowed"}}
	f := &factory{shared.NewInstances[*Config, *core]()}
	set := processor.Settings{ID: component.MustNewID(componentType), TelemetrySettings: tel.NewTelemetrySettings()}
	p, err := f.logs(t.Context(), set, config, new(consumertest.LogsSink))
	require.NoError(t, err)
	require.NoError(t, p.Start(t.Context(), componenttest.NewNopHost()))
	send := func(workload string, change func(plog.LogRecord)) {
		data := reverseShell(workload, 7, beginning)
		change(data.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0))
		require.NoError(t, p.ConsumeLogs(t.Context(), data))
	}
	assert.Equal(t, map[string]int64{"warn": 0, "error": 0, "fatal": 0}, collect(t, tel, names.AnomalyIncidents(), names.Severity),
		"the first incident is an increase")
	send("one", func(plog.LogRecord) {})
	send("allowed", func(plog.LogRecord) {})
	send("one", func(log plog.LogRecord) { log.SetEventName(names.EventProcessExit) })
	send("one", func(log plog.LogRecord) { log.SetEventName(names.EventTCPClose) })
	send("one", func(log plog.LogRecord) { log.Attributes().Remove(names.ProcessPID) })
	send("one", func(log plog.LogRecord) { log.Attributes().PutStr(names.IdentityStatus, "stale") })
	send("two", func(plog.LogRecord) {})

	assert.Equal(t, map[string]int64{"judged": 2, "allowed": 1, "not_judged": 1, "context": 1, "unreadable": 1, "unresolved": 1},
		collect(t, tel, names.AnomalyEventsSeen(), names.Outcome))
	assert.Equal(t, map[string]int64{"": 2}, collect(t, tel, names.AnomalySurprising(), ""))
	assert.Equal(t, map[string]int64{"opened": 2, "closed": 1}, collect(t, tel, names.AnomalyIncidents(), names.State))
	assert.Equal(t, map[string]int64{"warn": 3, "error": 0, "fatal": 0}, collect(t, tel, names.AnomalyIncidents(), names.Severity))
	assert.Equal(t, map[string]int64{"": 0}, collect(t, tel, names.AnomalyMerged(), ""))
	assert.Equal(t, map[string]int64{"": 0}, collect(t, tel, names.AnomalyIncidentsLost(), ""))
	assert.Equal(t, map[string]int64{"learning": 1, "watching": 0, "drifting": 0}, collect(t, tel, names.AnomalyProfiles(), names.State))
	assert.Positive(t, collect(t, tel, names.AnomalyProfileBytes(), "")[""])
	limits := collect(t, tel, names.AnomalyLimits(), names.Bound)
	assert.Equal(t, int64(1), limits["workloads"])
	assert.Len(t, limits, 16)
	assert.Greater(t, collect(t, tel, names.AnomalyRules(), "")[""], int64(10))
	assert.Equal(t, map[string]int64{"broken": 1}, collect(t, tel, names.AnomalyRulesRefused(), names.Reason))
	assert.NotEmpty(t, collect(t, tel, names.AnomalyRuleHits(), names.Rule))
	assert.Equal(t, map[string]int64{"benign": 0, "malicious": 0}, collect(t, tel, names.AnomalyVerdicts(), names.Verdict))
	assert.Equal(t, map[string]int64{"replaced": 0, "kept": 0}, collect(t, tel, names.AnomalyRuleReloads(), names.Outcome))
	assert.Equal(t, map[string]int64{"": 0}, collect(t, tel, names.AnomalyChangesLost(), ""))
	require.NoError(t, p.Shutdown(context.Background()))
}
