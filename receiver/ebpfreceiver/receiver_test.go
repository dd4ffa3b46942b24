// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// live is a receiver that observes the kernel that the test runs on.
type live struct {
	// api is that of startControlled.
	api  api
	t    testing.TB
	host *statusHost
	// own is where the receiver reports about itself.
	own     *componenttest.Telemetry
	logs    *logsSink
	metrics *consumertest.MetricsSink
	stops   []func(context.Context) error
	log     sync.Map // messages that the receiver logged
	shared  *ebpfReceiver
}

// logsSink is a pipeline that keeps what it gets, and can be slow or refuse.
type logsSink struct {
	consumertest.LogsSink
	busy sync.Mutex
	// refuse, if set, decides about each batch before it is taken.
	refuse func() error
}

// Capabilities implements consumer.Logs.
func (*logsSink) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

// ConsumeLogs implements consumer.Logs.
func (s *logsSink) ConsumeLogs(ctx context.Context, logs plog.Logs) error {
	s.busy.Lock()
	defer s.busy.Unlock()
	if s.refuse != nil {
		if err := s.refuse(); err != nil {
			return err
		}
	}
	return s.LogsSink.ConsumeLogs(ctx, logs)
}

// hold makes the pipeline block until release is called.
func (s *logsSink) hold() (release func()) {
	s.busy.Lock()
	return sync.OnceFunc(s.busy.Unlock)
}

// statusHost is a host that remembers what a component says of its state.
type statusHost struct {
	component.Host
	mu     sync.Mutex
	events []*componentstatus.Event
}

// Report implements componentstatus.Reporter.
func (h *statusHost) Report(event *componentstatus.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, event)
}

// last is the newest event, nil if there is none.
func (h *statusHost) last() *componentstatus.Event {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.events) == 0 {
		return nil
	}
	return h.events[len(h.events)-1]
}

// only enables the tracers that are named and no other.
func only(tracers ...string) func(*Config) {
	return func(c *Config) {
		for name, section := range c.Tracers.sections() {
			section.Enabled = slices.Contains(tracers, name)
		}
	}
}

// newLive makes a receiver for both signals and starts nothing.
func newLive(t testing.TB, change func(*Config)) (l *live, signals []component.Component) {
	t.Helper()
	l = &live{
		t: t, logs: new(logsSink), metrics: new(consumertest.MetricsSink),
		host: &statusHost{Host: componenttest.NewNopHost()}, own: componenttest.NewTelemetry(),
	}
	factory := NewFactory()
	config := factory.CreateDefaultConfig().(*Config)
	// Much of what is observed the test does itself, and more often than anybody would.
	config.Filters.OwnActivity = true
	config.Filters.EventsPerSecondMax = 0
	change(config)
	settings := receivertest.NewNopSettings(component.MustNewType(componentType))
	settings.ID = component.NewID(settings.ID.Type())
	settings.TelemetrySettings = l.own.NewTelemetrySettings()
	settings.Logger = zaptest.NewLogger(t, zaptest.WrapOptions(zap.Hooks(func(entry zapcore.Entry) error {
		assert.NotEqual(t, "Events are not accounted for", entry.Message, "in every test")
		l.said(entry.Message)
		return nil
	})))
	logs, err := factory.CreateLogs(t.Context(), settings, config, l.logs)
	require.NoError(t, err)
	metrics, err := factory.CreateMetrics(t.Context(), settings, config, l.metrics)
	require.NoError(t, err)
	l.shared = logs.(interface{ Unwrap() *ebpfReceiver }).Unwrap()
	t.Cleanup(func() { require.NoError(t, l.own.Shutdown(context.WithoutCancel(t.Context()))) })
	return l, []component.Component{logs, metrics}
}

// startLive starts a receiver with both signals, and stops it when the test ends.
func startLive(t testing.TB, change func(*Config)) *live {
	t.Helper()
	return startLiveOn(t, componenttest.NewNopHost(), change)
}

// startLiveOn is startLive in a collector with extensions.
func startLiveOn(t testing.TB, host component.Host, change func(*Config)) *live {
	t.Helper()
	l, signals := newLive(t, change)
	l.host.Host = host
	for _, signal := range signals {
		l.stops = append(l.stops, signal.Shutdown)
	}
	t.Cleanup(l.stop)
	for _, signal := range signals {
		require.NoError(t, signal.Start(t.Context(), l.host))
	}
	return l
}

func (l *live) stop() {
	for _, stop := range l.stops {
		require.NoError(l.t, stop(context.Background()))
	}
	l.stops = nil
}

func (l *live) said(message string) { l.log.Store(message, true) }

// hasSaid reports whether the receiver has logged a message.
func (l *live) hasSaid(message string) bool {
	_, ok := l.log.Load(message)
	return ok
}

// record is a log record with the resource that it stands under.
type record struct {
	plog.LogRecord
	Resource pcommon.Resource
}

func (r record) str(name string) string {
	v, ok := r.Attributes().Get(name)
	if !ok {
		return ""
	}
	return v.AsString()
}

func (r record) num(name string) int64 {
	v, _ := r.Attributes().Get(name)
	return v.Int()
}

// find returns the records that match, in the order in which they arrived.
func (l *live) find(event string, match func(record) bool) []record {
	var found []record
	for _, logs := range l.logs.AllLogs() {
		for _, resource := range logs.ResourceLogs().All() {
			for _, scope := range resource.ScopeLogs().All() {
				for _, r := range scope.LogRecords().All() {
					candidate := record{LogRecord: r, Resource: resource.Resource()}
					if r.EventName() == event && match(candidate) {
						found = append(found, candidate)
					}
				}
			}
		}
	}
	return found
}

// patience is how long a test waits for an event: long, since machines are shared, and never part of
// what is asserted.
const patience = time.Minute

// one waits for exactly one record that matches.
func (l *live) one(event string, match func(record) bool) record {
	l.t.Helper()
	var found []record
	require.Eventually(l.t, func() bool {
		found = l.find(event, match)
		return len(found) > 0
	}, patience, 10*time.Millisecond, "no %s arrived", event)
	require.Len(l.t, found, 1, event)
	return found[0]
}

// byPID matches records of one process.
func byPID(pid int) func(record) bool {
	return func(r record) bool { return r.num(names.ProcessPID) == int64(pid) }
}
