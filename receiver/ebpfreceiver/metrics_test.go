// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"fmt"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// counts returns the newest values of all sums of one cgroup, by name and distinguishing attribute.
func (l *live) counts(path string) map[string]int64 { return l.countsOf(names.CgroupPath, path) }

// countsOf returns those of what has an attribute.
func (l *live) countsOf(attribute, value string) map[string]int64 {
	values := map[string]int64{}
	for _, batch := range l.metrics.AllMetrics() {
		for _, resource := range batch.ResourceMetrics().All() {
			if v, ok := resource.Resource().Attributes().Get(attribute); !ok || v.Str() != value {
				continue
			}
			for _, m := range resource.ScopeMetrics().At(0).Metrics().All() {
				addSum(l.t, values, m)
			}
		}
	}
	return values
}

// assertCounts waits until the sums of one cgroup whose names start with a prefix are what is wanted.
func (l *live) assertCounts(path, prefix string, want map[string]int64) {
	l.t.Helper()
	got := map[string]int64{}
	require.Eventually(l.t, func() bool {
		for name, value := range l.counts(path) {
			if strings.HasPrefix(name, prefix) {
				got[name] = value
			}
		}
		return assert.ObjectsAreEqual(want, got)
	}, patience, 50*time.Millisecond, "%v", got)
}

func addSum(t testing.TB, values map[string]int64, m pmetric.Metric) {
	t.Helper()
	require.Equal(t, pmetric.MetricTypeSum, m.Type())
	require.True(t, m.Sum().IsMonotonic())
	require.Equal(t, pmetric.AggregationTemporalityCumulative, m.Sum().AggregationTemporality())
	require.NotEmpty(t, m.Unit())
	for _, point := range m.Sum().DataPoints().All() {
		require.Less(t, point.StartTimestamp(), point.Timestamp())
		name := m.Name()
		point.Attributes().Range(func(_ string, v pcommon.Value) bool {
			name += " " + v.AsString()
			return true
		})
		require.GreaterOrEqual(t, point.IntValue(), values[name], "%s went backwards", name)
		values[name] = point.IntValue()
	}
}

func TestMetrics_countWhatWasDone(t *testing.T) {
	l := startLive(t, func(c *Config) { c.MetricsInterval = metricsIntervalMin })
	folder, path := ownCgroup(t)
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, "hello!\n")
			_, _ = io.Copy(io.Discard, c)
			_ = c.Close()
		}
	}()
	script := fmt.Sprintf(`echo $$ > %s/cgroup.procs
exec /bin/busybox sh -c '
for i in 1 2 3; do /bin/busybox true; done
/bin/nothing
for i in a b c d; do echo > $i; done
echo >> a; chmod 600 a; mv b e; rm c d; ln -s a f; ln a g
echo hey | /bin/busybox nc 127.0.0.1 %d
/bin/busybox nc %s
exit 0'`, folder, portOf(listener.Addr()), strings.ReplaceAll(refusingPort(t), ":", " "))
	command := exec.Command("/bin/sh", "-c", script)
	command.Dir = t.TempDir()
	output, err := command.CombinedOutput()
	require.NoError(t, err, string(output))

	expected := map[string]int64{
		names.MetricProcessExecFailures:        1,
		names.MetricFileOperations + " create": 4, names.MetricFileOperations + " open": 1,
		names.MetricFileOperations + " mode_change": 1, names.MetricFileOperations + " rename": 1,
		names.MetricFileOperations + " delete": 2, names.MetricFileOperations + " link": 2,
		names.MetricTCPOpened: 1, names.MetricTCPFailed: 1, names.MetricTCPClosed: 1,
		names.MetricTCPIO + " transmit": 4, names.MetricTCPIO + " receive": 7,
	}
	mine := func(r record) bool {
		v, _ := r.Resource.Attributes().Get(names.CgroupPath)
		return v.Str() == path
	}
	l.one(names.EventProcessExit, func(r record) bool { return byPID(command.Process.Pid)(r) && mine(r) })
	expected[names.MetricProcessExecs] = int64(len(l.find(names.EventProcessExec, mine)))
	expected[names.MetricProcessExits] = int64(len(l.find(names.EventProcessExit, mine)))
	require.GreaterOrEqual(t, expected[names.MetricProcessExecs], int64(6))
	// Each process was forked here, but for the shell, which came from elsewhere.
	expected[names.MetricProcessForks] = expected[names.MetricProcessExits] - 1
	assert.Eventually(t, func() bool { return assert.ObjectsAreEqual(expected, l.counts(path)) }, patience, 100*time.Millisecond)
	assert.Equal(t, expected, l.counts(path))
}

// ownMetric returns the points of a metric that the receiver reports about itself, by their attributes.
func (l *live) ownMetric(m names.Metric) map[string]float64 {
	l.t.Helper()
	got, err := l.own.GetMetric(m.Name)
	require.NoError(l.t, err)
	assert.Equal(l.t, m.Unit, got.Unit)
	assert.Equal(l.t, m.Brief, got.Description)
	points := map[string]float64{}
	switch data := got.Data.(type) {
	case metricdata.Sum[int64]:
		for _, p := range data.DataPoints {
			points[labels(p)] = float64(p.Value)
		}
	case metricdata.Gauge[int64]:
		for _, p := range data.DataPoints {
			points[labels(p)] = float64(p.Value)
		}
	case metricdata.Gauge[float64]:
		for _, p := range data.DataPoints {
			points[labels(p)] = p.Value
		}
	case metricdata.Sum[float64]:
		for _, p := range data.DataPoints {
			points[labels(p)] = p.Value
		}
	default:
		l.t.Fatalf("%s has data of type %T", m.Name, data)
	}
	return points
}

// labels joins the values of a point's attributes in the order of their keys.
func labels[N int64 | float64](p metricdata.DataPoint[N]) string {
	var all []string
	for _, attribute := range p.Attributes.ToSlice() {
		all = append(all, attribute.Value.String())
	}
	return strings.Join(all, " ")
}

func TestTelemetry_tellsWhatBecameOfEvents(t *testing.T) {
	l := startLive(t, func(c *Config) { c.ProgramStatistics = true })
	d := t.TempDir()
	shell(t, d, `for i in 1 2 3; do echo > again; done; /bin/true`)
	l.one(names.EventFileCreate, at(filepath.Join(d, "again")))
	l.balance("process")

	events := l.ownMetric(names.ReceiverEvents())
	for _, key := range []string{
		"exec offered process", "exec delivered process", "fork filtered process", "exit delivered process",
		"create delivered file", "open aggregated file",
	} {
		assert.Positive(t, events[key], key)
	}
	lost := l.ownMetric(names.ReceiverEventsLost())
	for _, stage := range []string{"ring", "map", "decode", "queue", "pipeline"} {
		value, reported := lost["exec "+stage+" process"]
		assert.True(t, reported, stage)
		assert.Zero(t, value, stage)
	}
	states := l.ownMetric(names.ReceiverTracerState())
	expected, runs := map[string]float64{}, byDefault(nil)
	for _, d := range catalogue() {
		state := "stopped "
		if _, ok := runs[d.spec.Name]; ok {
			state = "running "
		}
		expected[state+d.spec.Name] = 1
	}
	assert.Equal(t, expected, states)
	assert.InDelta(t, ringBufferBytesDefault, l.ownMetric(names.ReceiverRingSize())["file"], 0)
	assert.Positive(t, l.ownMetric(names.ReceiverMapBytes())["file"])
	assert.Positive(t, l.ownMetric(names.ReceiverMapBytes())[sharedByTracers])
	assert.Positive(t, l.ownMetric(names.ReceiverTracerAttachTime())["file"])
	assert.Positive(t, l.ownMetric(names.ReceiverProgramRuns())["syscall_exit "+sharedByTracers])
	assert.Positive(t, l.ownMetric(names.ReceiverProgramRuns())["process_exec process"])
	assert.Positive(t, l.ownMetric(names.ReceiverProgramTime())["process_exec process"])
	assert.Contains(t, l.ownMetric(names.ReceiverProgramMissed()), "process_exec process")
	assert.Greater(t, l.ownMetric(names.ReceiverProcesses())[""], 1.0)
	assert.Positive(t, l.ownMetric(names.ReceiverWorkloads())[""])
	for _, m := range []names.Metric{
		names.ReceiverEventsInFlight(), names.ReceiverEventsTruncated(), names.ReceiverEventsNotDeduplicated(),
		names.ReceiverRecordsUnknown(), names.ReceiverEventsUnidentified(), names.ReceiverRingWaiting(),
		names.ReceiverProcessesEvicted(), names.ReceiverWorkloadsUnknown(), names.ReceiverDNSMessages(),
		names.ReceiverDNSPending(), names.ReceiverDNSNames(), names.ReceiverDNSNamesEvicted(),
	} {
		assert.NotEmpty(t, l.ownMetric(m), m.Name)
	}
}
