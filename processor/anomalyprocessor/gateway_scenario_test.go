// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.uber.org/zap"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/internal/scenariotest"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/delta"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/profile"
)

// gatewayScenario is a file in testdata/gateway: what agents tell a gateway. What comes out stands beside, in a file that ends in .golden.
type gatewayScenario struct {
	About  string         `yaml:"about"`
	Config map[string]any `yaml:"config"`
	Steps  []struct {
		Say string `yaml:"say"`
		// At is when the step begins, after the one before.
		At        time.Duration  `yaml:"at"`
		Deltas    []deltaStep    `yaml:"deltas"`
		Incidents []incidentStep `yaml:"incidents"`
		// Others are records of other events.
		Others []string `yaml:"others"`
		Upkeep bool     `yaml:"upkeep"`
		// Restart ends the gateway before all that, and begins another one with the same storage.
		Restart bool `yaml:"restart"`
	} `yaml:"steps"`
}

// deltaStep is a delta, or with Table bytes that are none.
type deltaStep struct {
	Host, Workload, Version string
	Sequence                int64
	Normal, Forbidden       []uint64
	Table                   []byte
}

// incidentStep is an incident as an agent tells it. Times are from the beginning of the scenario.
type incidentStep struct {
	Host, ID, State, Workload, Version, Level string
	Opened                                    time.Duration
	Score                                     float64
	Steps                                     []struct {
		Time                                              time.Duration
		Action, Object, Sensitivity, Client, Server, Peer string
		Behaviour                                         uint64
		Weight                                            float64
	}
}

func (d *deltaStep) record(to plog.ResourceLogs) {
	to.Resource().Attributes().PutStr(names.HostName, d.Host)
	log := to.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	log.SetEventName(names.EventProfileDelta)
	put := log.Attributes()
	put.PutStr(names.ProfileWorkload, d.Workload)
	if d.Version != "" {
		put.PutStr(names.ProfileVersion, d.Version)
	}
	put.PutInt(names.ProfileSequence, d.Sequence)
	table := d.Table
	if table == nil {
		table = delta.Table{Normal: d.Normal, Forbidden: d.Forbidden}.Encode()
	}
	put.PutEmptyBytes(names.ProfileTable).FromRaw(table)
}

func (i *incidentStep) record(to plog.ResourceLogs) {
	to.Resource().Attributes().PutStr(names.HostName, i.Host)
	log := to.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	log.SetEventName(names.EventIncident)
	log.SetTimestamp(pcommon.NewTimestampFromTime(beginning.Add(i.Opened)))
	log.SetSeverityNumber(severityOf(i.Score, profile.Watching))
	log.Body().SetStr("Incident " + i.ID + ".")
	put := log.Attributes()
	put.PutStr(names.IncidentID, i.ID)
	put.PutStr(names.IncidentState, i.State)
	put.PutDouble(names.IncidentScore, i.Score)
	put.PutStr(names.IncidentOpened, formatTime(beginning.Add(i.Opened)))
	put.PutStr(names.ProfileWorkload, i.Workload)
	putText(put, names.ProfileVersion, i.Version)
	putText(put, names.IncidentRulesLevel, i.Level)
	list := put.PutEmptySlice(names.IncidentSteps)
	for at := range i.Steps {
		step, m := &i.Steps[at], list.AppendEmpty().SetEmptyMap()
		m.PutStr(names.StepTime, formatTime(beginning.Add(step.Time)))
		m.PutStr(names.StepAction, step.Action)
		m.PutStr(names.StepObject, step.Object)
		m.PutStr(names.StepBehaviour, fmt.Sprintf("%016x", step.Behaviour))
		m.PutDouble(names.StepWeight, step.Weight)
		putText(m, names.StepSensitivity, step.Sensitivity)
		if step.Client != "" {
			end := m.PutEmptySlice(names.StepEnds).AppendEmpty().SetEmptyMap()
			end.PutStr(names.EndTime, formatTime(beginning.Add(step.Time)))
			end.PutStr(names.EndClient, step.Client)
			end.PutStr(names.EndServer, step.Server)
			putText(end, names.EndPeer, step.Peer)
		}
	}
}

// gatewayPipe is a pipeline of a gateway, by a clock of the test's own.
type gatewayPipe struct {
	*gatewayLogs
	core   *gateway
	sink   *consumertest.LogsSink
	now    time.Time
	host   component.Host
	config *Config
	// logger is what the gateway writes to, nil for nothing.
	logger *zap.Logger
}

func newGatewayPipe(t testing.TB, config *Config) *gatewayPipe {
	t.Helper()
	config.Mode = modeGateway
	require.NoError(t, confmap.Validate(config))
	p := &gatewayPipe{sink: new(consumertest.LogsSink), now: beginning, host: componenttest.NewNopHost(), config: config}
	p.create(t)
	return p
}

func (p *gatewayPipe) create(t testing.TB) {
	t.Helper()
	set := processortest.NewNopSettings(component.MustNewType(componentType))
	set.ID = component.MustNewID(componentType)
	if p.logger != nil {
		set.Logger = p.logger
	}
	made, err := newGatewayFactory().logs(context.Background(), set, p.config, p.sink)
	require.NoError(t, err)
	p.gatewayLogs = made.(*gatewayLogs)
	p.core = p.gatewayLogs.core.Unwrap()
	p.core.upkeepEvery = 24 * time.Hour // tests say when
	p.core.now = func() time.Time { return p.now }
}

// restart ends the gateway, and begins another one with the same configuration and storage.
func (p *gatewayPipe) restart(t testing.TB) {
	t.Helper()
	require.NoError(t, p.Shutdown(context.Background()))
	p.create(t)
	p.start(t)
}

func (p *gatewayPipe) start(t testing.TB) {
	t.Helper()
	require.NoError(t, p.Start(context.Background(), p.host))
}

func TestGatewayScenarios(t *testing.T) {
	scenariotest.Run(t, "testdata/gateway", *update, playGateway)
}

// playGateway returns what comes out of a gateway.
func playGateway(t *testing.T, s gatewayScenario) string {
	t.Helper()
	config := createDefaultConfig().(*Config)
	require.NoError(t, confmap.NewFromStringMap(s.Config).Unmarshal(config))
	p := newGatewayPipe(t, config)
	if config.Storage != nil {
		p.host = newStorage(t, t.TempDir())
	}
	p.start(t)
	var text strings.Builder
	for _, step := range s.Steps {
		fmt.Fprintf(&text, "# %s\n", step.Say)
		p.now = p.now.Add(step.At)
		if step.Restart {
			p.restart(t)
		}
		data := plog.NewLogs()
		for at := range step.Deltas {
			step.Deltas[at].record(data.ResourceLogs().AppendEmpty())
		}
		for at := range step.Incidents {
			step.Incidents[at].record(data.ResourceLogs().AppendEmpty())
		}
		for _, other := range step.Others {
			data.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().SetEventName(other)
		}
		require.NoError(t, p.ConsumeLogs(context.Background(), data))
		if step.Upkeep {
			p.core.upkeep(context.Background())
		}
		p.write(&text)
	}
	require.NoError(t, p.Shutdown(context.Background()))
	fmt.Fprintln(&text, "# shutdown")
	p.write(&text)
	return text.String()
}

// write writes what has come out since the last time.
func (p *gatewayPipe) write(text *strings.Builder) {
	for _, batch := range p.sink.AllLogs() {
		for _, resource := range batch.ResourceLogs().All() {
			for _, log := range resource.ScopeLogs().At(0).LogRecords().All() {
				if log.EventName() == names.EventIncident {
					writeIncident(text, 0, resource.Resource(), log)
				} else {
					fmt.Fprintf(text, "passed: %s\n", log.EventName())
				}
			}
		}
	}
	p.sink.Reset()
	fmt.Fprintln(text)
}
