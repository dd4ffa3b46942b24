// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.uber.org/zap/zaptest"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// live is a receiver that observes the kernel that the test runs on.
type live struct {
	t       *testing.T
	logs    *consumertest.LogsSink
	metrics *consumertest.MetricsSink
	stops   []func(context.Context) error
	shared  *ebpfReceiver
}

// startLive starts a receiver with both signals, and stops it when the test ends.
func startLive(t *testing.T, change func(*Config)) *live {
	t.Helper()
	l := &live{t: t, logs: new(consumertest.LogsSink), metrics: new(consumertest.MetricsSink)}
	factory := NewFactory()
	config := factory.CreateDefaultConfig().(*Config)
	change(config)
	settings := receivertest.NewNopSettings(component.MustNewType(componentType))
	settings.Logger = zaptest.NewLogger(t)
	logs, err := factory.CreateLogs(t.Context(), settings, config, l.logs)
	require.NoError(t, err)
	metrics, err := factory.CreateMetrics(t.Context(), settings, config, l.metrics)
	require.NoError(t, err)
	l.stops = []func(context.Context) error{logs.Shutdown, metrics.Shutdown}
	require.NoError(t, logs.Start(t.Context(), componenttest.NewNopHost()))
	require.NoError(t, metrics.Start(t.Context(), componenttest.NewNopHost()))
	l.shared = logs.(interface{ Unwrap() *ebpfReceiver }).Unwrap()
	t.Cleanup(l.stop)
	return l
}

func (l *live) stop() {
	for _, stop := range l.stops {
		require.NoError(l.t, stop(context.Background()))
	}
	l.stops = nil
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
const patience = 20 * time.Second

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
