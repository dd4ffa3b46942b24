// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/internal/shared"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/delta"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/profile"
)

// tellingAgent is an agent whose workloads have learned so many files each.
func tellingAgent(t *testing.T, tel *componenttest.Telemetry, next *refusing, workloads, files int) *core {
	t.Helper()
	config := defaultConfig()
	config.Fleet.Enabled = true
	f := &factory{shared.NewInstances[*Config, *core]()}
	set := processor.Settings{ID: component.MustNewID(componentType), TelemetrySettings: tel.NewTelemetrySettings()}
	made, err := f.logs(t.Context(), set, config, next)
	require.NoError(t, err)
	c := made.(*logs).core.Unwrap()
	c.upkeepEvery = 24 * time.Hour
	require.NoError(t, made.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, made.Shutdown(context.Background())) })
	for w := range workloads {
		data := plog.NewLogs()
		resource := data.ResourceLogs().AppendEmpty()
		require.NoError(t, resource.Resource().Attributes().FromRaw(map[string]any{
			names.HostID: "h1", names.HostName: "one", names.EnrichmentStatus: "resolved", names.K8sNamespaceName: "shop",
			names.K8sDeploymentName: fmt.Sprint("w", w), names.ContainerImageRepoDigests: []any{"r@sha256:1"},
		}))
		records := resource.ScopeLogs().AppendEmpty().LogRecords()
		for n := range files {
			log := records.AppendEmpty()
			log.SetEventName(names.EventFileOpen)
			log.SetTimestamp(1_767_614_400_000_000_000)
			require.NoError(t, log.Attributes().FromRaw(map[string]any{
				names.ProcessPID: 7, names.ProcessExecutablePath: "/bin/a", names.FileAccess: "read",
				names.FilePath: fmt.Sprintf("/srv/part%c/part%c/part%c", 'a'+n%12, 'a'+n/12%12, 'a'+n/144),
			}))
		}
		require.NoError(t, made.ConsumeLogs(t.Context(), data))
	}
	c.profiles.Each(func(p *profile.Profile) { p.EndLearning() })
	next.Reset()
	return c
}

func deltasIn(sink *consumertest.LogsSink) []plog.LogRecord {
	var all []plog.LogRecord
	for _, batch := range sink.AllLogs() {
		for _, resource := range batch.ResourceLogs().All() {
			log := resource.ScopeLogs().At(0).LogRecords().At(0)
			if log.EventName() == names.EventProfileDelta {
				all = append(all, log)
			}
		}
	}
	return all
}

func TestTeller(t *testing.T) {
	tel := componenttest.NewTelemetry()
	defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
	next := &refusing{}
	c := tellingAgent(t, tel, next, 1, 50)
	now := beginning
	c.now = func() time.Time { return now }
	c.upkeep(t.Context())
	assert.Empty(t, deltasIn(&next.LogsSink), "it is too early")
	var last int64
	told := map[uint64]int{}
	for turn := range 288 {
		now = now.Add(c.config.Fleet.Interval)
		c.upkeep(t.Context())
		deltas := deltasIn(&next.LogsSink)
		if turn == 0 {
			require.Len(t, deltas, 1)
			assert.Equal(t, "h1", attributeText(next.AllLogs()[0].ResourceLogs().At(0).Resource().Attributes(), names.HostID))
			assert.Equal(t, "shop/deployment/w0", attributeText(deltas[0].Attributes(), names.ProfileWorkload))
			assert.Len(t, attributeText(deltas[0].Attributes(), names.ProfileVersion), 16)
			assert.Equal(t, "50 behaviours are normal for shop/deployment/w0", deltas[0].Body().Str())
		}
		for _, log := range deltas {
			sequence, _ := log.Attributes().Get(names.ProfileSequence)
			if last != 0 {
				assert.Equal(t, last+1, sequence.Int())
			}
			last = sequence.Int()
			table, _ := log.Attributes().Get(names.ProfileTable)
			rows, err := delta.Decode(table.Bytes().AsRaw())
			require.NoError(t, err)
			for _, behaviour := range rows.Normal {
				told[behaviour]++
			}
		}
		next.Reset()
	}
	assert.Len(t, told, 50)
	for behaviour, times := range told {
		assert.GreaterOrEqual(t, times, 1, behaviour)
		assert.LessOrEqual(t, times, 2, "at once, and once a day")
	}
	assert.Positive(t, collect(t, tel, names.AnomalyDeltas(), names.Outcome)["sent"])

	next.refuses = true
	now = now.Add(24 * time.Hour)
	for range 288 {
		now = now.Add(c.config.Fleet.Interval)
		c.upkeep(t.Context())
	}
	assert.Positive(t, collect(t, tel, names.AnomalyDeltas(), names.Outcome)["refused"])
	next.refuses = false
}

// All that is told in one interval has the room of one table; the rest comes later, of all workloads.
func TestTeller_room(t *testing.T) {
	tel := componenttest.NewTelemetry()
	defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
	next := &refusing{}
	c := tellingAgent(t, tel, next, 10, 1500)
	now := beginning
	c.now = func() time.Time { return now }
	c.upkeep(t.Context())
	told := map[string]int{}
	for range 4 {
		now = now.Add(c.config.Fleet.Interval)
		c.upkeep(t.Context())
		bytes := 0
		for _, log := range deltasIn(&next.LogsSink) {
			table, _ := log.Attributes().Get(names.ProfileTable)
			bytes += table.Bytes().Len()
			told[attributeText(log.Attributes(), names.ProfileWorkload)]++
		}
		assert.LessOrEqual(t, bytes, deltaBytesMax)
		next.Reset()
	}
	assert.Len(t, told, 10)
	assert.Positive(t, collect(t, tel, names.AnomalyFleetLimits(), names.Bound)["delta"])
}

// A profile of which nobody says on which host it is counts for none.
func TestTeller_noHost(t *testing.T) {
	config := defaultConfig()
	config.Fleet.Enabled = true
	p := newPair(t, config)
	p.start(t)
	require.NoError(t, p.pipelines[0].ConsumeLogs(t.Context(), reverseShell("web", 7, beginning)))
	p.core.profiles.Each(func(p *profile.Profile) { p.EndLearning() })
	p.core.upkeep(t.Context())
	p.now = p.now.Add(config.Fleet.Interval)
	p.core.upkeep(t.Context())
	assert.Empty(t, deltasIn(p.sinks[0]))
	assert.Equal(t, uint64(1), p.core.fleet.homeless.Load())
	p.shutdown(t)
}

// What a gateway does is told, under the names that are described.
func TestGatewayTelemetry(t *testing.T) {
	tel := componenttest.NewTelemetry()
	defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
	config := defaultConfig()
	config.Mode = modeGateway
	set := processor.Settings{ID: component.MustNewID(componentType), TelemetrySettings: tel.NewTelemetrySettings()}
	made, err := newGatewayFactory().logs(t.Context(), set, config, new(consumertest.LogsSink))
	require.NoError(t, err)
	require.NoError(t, made.Start(t.Context(), componenttest.NewNopHost()))
	for _, data := range []plog.Logs{
		deltaRecord("a", 1, 1), deltaRecord("a", 1, 1), deltaRecord("a", 3, 1), deltaRecord("a", -1, 1), incidentRecord("a", "i"), incidentRecord("b", "i"), incidentRecord("c", ""),
	} {
		require.NoError(t, made.ConsumeLogs(t.Context(), data))
	}
	assert.Equal(t, map[string]int64{"taken": 2, "repeated": 1, "missed": 1, "unreadable": 1, "other_version": 0},
		collect(t, tel, names.AnomalyDeltas(), names.Outcome))
	assert.Equal(t, map[string]int64{"passed": 2, "suppressed": 0, "dropped": 0, "unreadable": 1, "too_large": 0, "made": 1, "refused": 0},
		collect(t, tel, names.AnomalyFleetIncidents(), names.Outcome))
	assert.Len(t, collect(t, tel, names.AnomalyFleetLimits(), names.Bound), 5)
	assert.Equal(t, map[string]int64{"": 2}, collect(t, tel, names.AnomalyFleetBehaviours(), ""))
	assert.Positive(t, collect(t, tel, names.AnomalyFleetBytes(), "")[""])
	assert.Equal(t, map[string]int64{"": 2}, collect(t, tel, names.AnomalyFleetOpen(), ""))
	assert.Equal(t, map[string]int64{"": 1}, collect(t, tel, names.AnomalyFleetChains(), ""))
	require.NoError(t, made.Shutdown(context.Background()))
}
