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
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// incidentRecord is an incident of a host with one ordinary step and one connection.
func incidentRecord(host, id string) plog.Logs {
	data := plog.NewLogs()
	step := incidentStep{Host: host, ID: id, State: stateUpdated, Workload: "shop/web", Version: "00000000000000aa", Level: "low", Score: 20}
	step.Steps = append(step.Steps, struct {
		Time                                              time.Duration
		Action, Object, Sensitivity, Client, Server, Peer string
		Behaviour                                         uint64
		Weight                                            float64
	}{Action: "connect", Object: "o", Client: "10.0.0.1:1", Server: "10.0.0.2:2", Peer: "p", Sensitivity: "shell", Behaviour: 1, Weight: 9})
	step.record(data.ResourceLogs().AppendEmpty())
	return data
}

func deltaRecord(host string, sequence int64, normal ...uint64) plog.Logs {
	data := plog.NewLogs()
	(&deltaStep{Host: host, Workload: "shop/web", Version: "00000000000000aa", Sequence: sequence, Normal: normal}).record(data.ResourceLogs().AppendEmpty())
	return data
}

func TestGateway_lifecycle(t *testing.T) {
	require.NoError(t, newGatewayPipe(t, defaultConfig()).Shutdown(context.Background()), "without start")
	p := newGatewayPipe(t, defaultConfig())
	p.start(t)
	require.NoError(t, p.Shutdown(context.Background()))
	require.NoError(t, p.Shutdown(context.Background()))
	require.NoError(t, p.ConsumeLogs(t.Context(), incidentRecord("a", "late")), "what comes after it passes")
	assert.Len(t, gatewayIncidents(p.sink), 1)
	assert.True(t, p.Capabilities().MutatesData)
}

// Pipelines with one configuration share what is known; agents and gateways come from one factory.
func TestGateway_factory(t *testing.T) {
	config := defaultConfig()
	config.Mode = modeGateway
	set := processortest.NewNopSettings(component.MustNewType(componentType))
	next := &refusing{}
	f := NewFactory()
	one, err := f.CreateLogs(t.Context(), set, config, next)
	require.NoError(t, err)
	two, err := f.CreateLogs(t.Context(), set, config, next)
	require.NoError(t, err)
	assert.Same(t, one.(*gatewayLogs).core, two.(*gatewayLogs).core)
	made, err := f.CreateLogs(t.Context(), set, defaultConfig(), next)
	require.NoError(t, err)
	assert.IsType(t, &logs{}, made)
}

// What the pipeline behind did not take is told again.
func TestGateway_refused(t *testing.T) {
	config := defaultConfig()
	config.Mode = modeGateway
	next := &refusing{}
	made, err := newGatewayFactory().logs(t.Context(), processortest.NewNopSettings(component.MustNewType(componentType)), config, next)
	require.NoError(t, err)
	g := made.(*gatewayLogs).core.Unwrap()
	now := time.Now()
	g.now, g.upkeepEvery = func() time.Time { return now }, 24*time.Hour
	require.NoError(t, made.Start(t.Context(), componenttest.NewNopHost()))
	require.NoError(t, made.ConsumeLogs(t.Context(), incidentRecord("a", "i")))
	next.refuses = true
	require.Error(t, made.ConsumeLogs(t.Context(), incidentRecord("b", "i")), "joined: the chain is refused too")
	now = now.Add(time.Hour)
	g.upkeep(t.Context())
	assert.Positive(t, g.tally.refused.Load())
	assert.Len(t, gatewayIncidents(&next.LogsSink), 1)
	next.refuses = false
	g.upkeep(t.Context())
	assert.Len(t, gatewayIncidents(&next.LogsSink), 3, "that on a, with the id of the chain, and the chain")
	g.upkeep(t.Context())
	assert.Len(t, gatewayIncidents(&next.LogsSink), 3)
	next.refuses = true
	require.NoError(t, made.Shutdown(context.Background()))
}

// Pipelines, upkeep and the reading of metrics at once.
func TestGateway_atOnce(t *testing.T) {
	config := defaultConfig()
	config.Mode = modeGateway
	tel := componenttest.NewTelemetry()
	defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
	set := processor.Settings{ID: component.MustNewID(componentType), TelemetrySettings: tel.NewTelemetrySettings()}
	made, err := newGatewayFactory().logs(t.Context(), set, config, &refusing{})
	require.NoError(t, err)
	require.NoError(t, made.Start(t.Context(), componenttest.NewNopHost()))
	g := made.(*gatewayLogs).core.Unwrap()
	var all sync.WaitGroup
	for at := range 4 {
		all.Go(func() {
			for n := range 20 {
				host := fmt.Sprint(at)
				assert.NoError(t, made.ConsumeLogs(context.Background(), deltaRecord(host, int64(n+1), uint64(n), 1)))
				assert.NoError(t, made.ConsumeLogs(context.Background(), incidentRecord(host, fmt.Sprint(n%5))))
				g.upkeep(context.Background())
			}
		})
	}
	all.Wait()
	require.NoError(t, made.Shutdown(context.Background()))
}

// Whatever values strangers give to the attributes that are read, every record passes, and nothing is suppressed.
func TestGateway_hostile(t *testing.T) {
	p := newGatewayPipe(t, defaultConfig())
	p.start(t)
	values := append(hostileValues(), func(v pcommon.Value) { v.SetDouble(math.NaN()) }, func(v pcommon.Value) { v.SetDouble(math.Inf(1)) },
		func(v pcommon.Value) { v.SetInt(math.MinInt64) }, func(v pcommon.Value) { v.SetEmptySlice().AppendEmpty().SetStr("x") })
	for at, value := range values {
		for _, name := range []string{
			names.IncidentID, names.IncidentState, names.IncidentScore, names.IncidentOpened, names.IncidentSteps, names.ProfileWorkload, names.ProfileVersion,
			names.IncidentRulesLevel, names.IncidentSuppressed, names.IncidentChainID, names.IncidentFleetScore, names.IncidentStepsOmitted,
		} {
			data := incidentRecord("h", fmt.Sprint(at))
			value(data.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes().PutEmpty(name))
			require.NoError(t, p.ConsumeLogs(t.Context(), data))
		}
		for _, name := range []string{
			names.StepTime, names.StepAction, names.StepObject, names.StepBehaviour, names.StepWeight, names.StepSensitivity, names.StepEnds, names.StepMalicious,
			names.StepHosts, names.EndClient, names.EndServer, names.EndTime, names.EndPeer,
		} {
			data := incidentRecord("h", fmt.Sprint("s", at))
			steps, _ := data.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes().Get(names.IncidentSteps)
			value(steps.Slice().At(0).Map().PutEmpty(name))
			if ends, ok := steps.Slice().At(0).Map().Get(names.StepEnds); ok && ends.Type() == pcommon.ValueTypeSlice && ends.Slice().Len() > 0 {
				if end := ends.Slice().At(0); end.Type() == pcommon.ValueTypeMap {
					value(end.Map().PutEmpty(name))
				}
			}
			require.NoError(t, p.ConsumeLogs(t.Context(), data))
		}
		for _, name := range []string{names.ProfileWorkload, names.ProfileVersion, names.ProfileSequence, names.ProfileTable} {
			data := deltaRecord("h", int64(at+1), 1)
			value(data.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes().PutEmpty(name))
			require.NoError(t, p.ConsumeLogs(t.Context(), data))
		}
	}
	for _, log := range gatewayIncidents(p.sink) {
		assert.GreaterOrEqual(t, log.SeverityNumber(), plog.SeverityNumberWarn)
	}
	assert.Positive(t, p.core.tally.unreadable.Load())
	assert.Positive(t, p.core.tally.tooLarge.Load())
	assert.Positive(t, p.core.tally.deltaUnreadable.Load())
	require.NoError(t, p.Shutdown(context.Background()))
}

// A stranger's record of any bytes harms nothing.
func FuzzGateway(f *testing.F) {
	marshal := func(data plog.Logs) []byte {
		bytes, err := (&plog.ProtoMarshaler{}).MarshalLogs(data)
		require.NoError(f, err)
		return bytes
	}
	f.Add(marshal(incidentRecord("a", "i")))
	f.Add(marshal(deltaRecord("a", 1, 1, 2, 3)))
	p := newGatewayPipe(f, defaultConfig())
	p.start(f)
	f.Cleanup(func() { assert.NoError(f, errors.Join(p.Shutdown(context.Background()))) })
	f.Fuzz(func(t *testing.T, bytes []byte) {
		data, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(bytes)
		if err != nil {
			return
		}
		require.NoError(t, p.ConsumeLogs(context.Background(), data))
		p.core.upkeep(context.Background())
		p.sink.Reset()
	})
}
