// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"slices"
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

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/internal/scenariotest"
	"github.com/meerkat-otel/meerkat/internal/shared"
)

var update = flag.Bool("update", false, "write the results of the scenarios instead of comparing them")

// beginning is when scenarios begin.
var beginning = time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)

// scenario is a file in testdata/scenarios: which records the processor gets. What it makes of them stands beside, in a file that ends in .golden.
type scenario struct {
	About string `yaml:"about"`
	// Known are resources and processes that records refer to, by anchors of YAML.
	Known  map[string]any `yaml:"known"`
	Config map[string]any `yaml:"config"`
	Steps  []step         `yaml:"steps"`
}

// step is records that come at once, or a time in which none comes.
type step struct {
	Say string `yaml:"say"`
	// At is when the step begins, after the end of the one before.
	At time.Duration `yaml:"at"`
	// Pipeline is which one the records come through, 0 or 1.
	Pipeline int            `yaml:"pipeline"`
	Logs     []resourceStep `yaml:"logs"`
	// The records come Repeat times, each time Every later.
	Repeat int           `yaml:"repeat"`
	Every  time.Duration `yaml:"every"`
	// Restart ends the processor before all that, and begins another one with the same storage.
	Restart bool `yaml:"restart"`
	// Upkeep lets the processor look after its incidents.
	Upkeep bool `yaml:"upkeep"`
}

type resourceStep struct {
	Resource map[string]any
	Records  []struct {
		Event      string
		At         time.Duration
		Process    map[string]any
		Attributes map[string]any
	}
}

func TestScenarios(t *testing.T) { scenariotest.Run(t, "testdata/scenarios", *update, play) }

// config is what the scenario configures.
func (s *scenario) config(t testing.TB) *Config {
	t.Helper()
	config := createDefaultConfig().(*Config)
	require.NoError(t, confmap.NewFromStringMap(s.Config).Unmarshal(config))
	require.NoError(t, confmap.Validate(config))
	return config
}

// pair are two pipelines with one configuration, by a clock of the test's own.
type pair struct {
	config    *Config
	host      component.Host
	pipelines [2]*logs
	sinks     [2]*consumertest.LogsSink
	core      *core
	now       time.Time
}

func newPair(t testing.TB, config *Config) *pair {
	t.Helper()
	p := &pair{config: config, host: componenttest.NewNopHost(), now: beginning}
	for at := range p.sinks {
		p.sinks[at] = new(consumertest.LogsSink)
	}
	p.create(t)
	return p
}

func (p *pair) create(t testing.TB) {
	t.Helper()
	f := &factory{shared.NewInstances[*Config, *core]()}
	set := processortest.NewNopSettings(component.MustNewType(componentType))
	set.ID = component.MustNewID(componentType)
	for at := range p.pipelines {
		made, err := f.logs(context.Background(), set, p.config, p.sinks[at])
		require.NoError(t, err)
		p.pipelines[at] = made.(*logs)
	}
	p.core = p.pipelines[0].core.Unwrap()
	require.Same(t, p.core, p.pipelines[1].core.Unwrap())
	p.core.now = func() time.Time { return p.now }
	p.core.upkeepEvery, p.core.soonEvery = 24*time.Hour, 24*time.Hour // tests say when
}

func (p *pair) start(t testing.TB) {
	t.Helper()
	for _, pipeline := range p.pipelines {
		require.NoError(t, pipeline.Start(context.Background(), p.host))
	}
}

// restart ends the processor, and begins another one with the same configuration and storage.
func (p *pair) restart(t testing.TB) {
	t.Helper()
	p.shutdown(t)
	p.create(t)
	p.start(t)
}

func (p *pair) shutdown(t testing.TB) {
	t.Helper()
	for _, pipeline := range p.pipelines {
		require.NoError(t, pipeline.Shutdown(context.Background()))
	}
}

// play returns what comes out of the processor.
func play(t *testing.T, s scenario) string {
	t.Helper()
	p := newPair(t, s.config(t))
	if p.config.Storage != nil {
		p.host = newStorage(t, t.TempDir())
	}
	p.start(t)
	var text strings.Builder
	for _, step := range s.Steps {
		fmt.Fprintf(&text, "# %s\n", step.Say)
		p.step(t, &step)
		p.write(&text)
	}
	p.shutdown(t)
	fmt.Fprintln(&text, "# shutdown")
	p.write(&text)
	return text.String()
}

func (p *pair) step(t testing.TB, step *step) {
	t.Helper()
	p.now = p.now.Add(step.At)
	if step.Restart {
		p.restart(t)
	}
	for n := range max(step.Repeat, 1) {
		if n > 0 {
			p.now = p.now.Add(step.Every)
		}
		if len(step.Logs) > 0 {
			require.NoError(t, p.pipelines[step.Pipeline].ConsumeLogs(context.Background(), logsOf(t, step.Logs, p.now)))
		}
	}
	if step.Upkeep {
		p.core.upkeep(context.Background())
	}
}

// write writes what has come out since the last time.
func (p *pair) write(text *strings.Builder) {
	for at, sink := range p.sinks {
		passed := 0
		for _, batch := range sink.AllLogs() {
			for _, resource := range batch.ResourceLogs().All() {
				for _, log := range resource.ScopeLogs().At(0).LogRecords().All() {
					if log.EventName() == names.EventIncident {
						writeIncident(text, at, resource.Resource(), log)
					} else {
						passed++
					}
				}
			}
		}
		if passed > 0 {
			fmt.Fprintf(text, "pipeline %d: %d events\n", at, passed)
		}
		sink.Reset()
	}
	fmt.Fprintln(text)
}

func writeIncident(text *strings.Builder, pipeline int, resource pcommon.Resource, log plog.LogRecord) {
	fmt.Fprintf(text, "pipeline %d: %s of %s, observed %s, severity %s\n", pipeline, log.EventName(), log.Timestamp().AsTime().Sub(beginning),
		log.ObservedTimestamp().AsTime().Sub(beginning), log.SeverityNumber())
	fmt.Fprintf(text, "  %s\n  resource\n", log.Body().Str())
	writeAttributes(text, "    ", resource.Attributes().AsRaw())
	fmt.Fprintln(text, "  attributes")
	writeAttributes(text, "    ", log.Attributes().AsRaw())
}

func writeAttributes(text *strings.Builder, indent string, raw map[string]any) {
	for _, name := range slices.Sorted(maps.Keys(raw)) {
		list, ok := raw[name].([]any)
		if !ok || name != names.IncidentSteps {
			fmt.Fprintf(text, "%s%s = %v\n", indent, name, raw[name])
			continue
		}
		fmt.Fprintf(text, "%s%s\n", indent, name)
		for _, one := range list {
			fmt.Fprintf(text, "%s  -\n", indent)
			writeAttributes(text, indent+"    ", one.(map[string]any))
		}
	}
}

func logsOf(t testing.TB, steps []resourceStep, now time.Time) plog.Logs {
	t.Helper()
	data := plog.NewLogs()
	for _, s := range steps {
		resource := data.ResourceLogs().AppendEmpty()
		require.NoError(t, resource.Resource().Attributes().FromRaw(s.Resource))
		records := resource.ScopeLogs().AppendEmpty().LogRecords()
		for _, r := range s.Records {
			record := records.AppendEmpty()
			record.SetEventName(r.Event)
			record.SetTimestamp(pcommon.NewTimestampFromTime(now.Add(r.At)))
			all := maps.Clone(r.Process)
			if all == nil {
				all = map[string]any{}
			}
			maps.Copy(all, r.Attributes)
			require.NoError(t, record.Attributes().FromRaw(all))
		}
	}
	return data
}
