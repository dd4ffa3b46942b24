// SPDX-License-Identifier: Apache-2.0

//go:build linux

package emit

import (
	"testing"
	"time"

	"github.com/cilium/ebpf/btf"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/container"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/process"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/tracer"
)

// series is a data point with everything that tells it apart.
type series struct {
	container, metric, unit, attribute string
	value                              int64
	overflow                           bool
}

// flatten lists the data points of a batch, and checks what all of them have in common.
func flatten(t *testing.T, metrics pmetric.Metrics, start, now time.Time) []series {
	t.Helper()
	var all []series
	for _, resource := range metrics.ResourceMetrics().All() {
		attributes := resource.Resource().Attributes().AsRaw()
		container, _ := attributes[names.ContainerID].(string)
		assert.Equal(t, testHost.Name, attributes[names.HostName])
		require.Equal(t, 1, resource.ScopeMetrics().Len())
		scope := resource.ScopeMetrics().At(0)
		assert.Equal(t, testScope.Name, scope.Scope().Name())
		assert.Equal(t, testScope.Version, scope.Scope().Version())
		for _, m := range scope.Metrics().All() {
			require.Equal(t, pmetric.MetricTypeSum, m.Type())
			assert.True(t, m.Sum().IsMonotonic())
			assert.Equal(t, pmetric.AggregationTemporalityCumulative, m.Sum().AggregationTemporality())
			assert.NotEmpty(t, m.Description())
			for _, point := range m.Sum().DataPoints().All() {
				assert.Equal(t, start, point.StartTimestamp().AsTime())
				assert.Equal(t, now, point.Timestamp().AsTime())
				s := series{container: container, metric: m.Name(), unit: m.Unit(), value: point.IntValue()}
				for key, v := range point.Attributes().All() {
					if key == names.MetricOverflow {
						s.overflow = v.Bool()
						continue
					}
					assert.Empty(t, s.attribute)
					s.attribute = key + "=" + v.Str()
				}
				all = append(all, s)
			}
		}
	}
	return all
}

func inContainer(cgroup uint64, id string) *process.Workload {
	return &process.Workload{CgroupID: cgroup, Container: container.Container{ID: id}}
}

func TestMetrics(t *testing.T) {
	start, now := bootedAt, bootedAt.Add(time.Minute)
	m := NewMetrics(testScope, testHost, now)
	m.Since(start)
	web, db := inContainer(1, "web"), inContainer(2, "db")
	m.Append(ProcessCounts(), WorkloadCounts{Workload: web, Values: []uint64{3, 0, 5, 4}})
	m.Append(ProcessCounts(), WorkloadCounts{Workload: db, Values: []uint64{0, 1, 0, 0}})
	// Another tracer's counts of the same workload go to the same resource.
	m.Append(TCPCounts(), WorkloadCounts{Workload: web, Values: []uint64{1, 0, 0, 1, 100, 200}})
	m.Append(FileCounts(), WorkloadCounts{Workload: web, Values: []uint64{7, 0, 0, 2, 0, 0, 1}})
	m.Append(ProcessCounts(), WorkloadCounts{Workload: &process.Workload{}, Overflow: true, Values: []uint64{9, 0, 0, 0}})
	const transmit, receive = names.NetworkIODirection + "=transmit", names.NetworkIODirection + "=receive"
	batch := m.Take()
	assert.Equal(t, []series{
		{"web", names.MetricProcessExecs, "{exec}", "", 3, false},
		{"web", names.MetricProcessForks, "{process}", "", 5, false},
		{"web", names.MetricProcessExits, "{process}", "", 4, false},
		{"web", names.MetricTCPOpened, "{connection}", "", 1, false},
		{"web", names.MetricTCPClosed, "{connection}", "", 1, false},
		{"web", names.MetricTCPIO, "By", transmit, 100, false},
		{"web", names.MetricTCPIO, "By", receive, 200, false},
		{"web", names.MetricFileOperations, "{operation}", names.FileOperation + "=open", 7, false},
		{"web", names.MetricFileOperations, "{operation}", names.FileOperation + "=delete", 2, false},
		{"web", names.MetricFileOperations, "{operation}", names.FileOperation + "=owner_change", 1, false},
		{"db", names.MetricProcessExecFailures, "{exec}", "", 1, false},
		{"", names.MetricProcessExecs, "{exec}", "", 9, true},
	}, flatten(t, batch, start, now))
	// Points of one metric stand in one metric, as OTLP wants it.
	var ofWeb []string
	for _, metric := range batch.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().All() {
		assert.NotContains(t, ofWeb, metric.Name())
		ofWeb = append(ofWeb, metric.Name())
	}
}

func TestMetrics_zerosMakeNoSeries(t *testing.T) {
	m := NewMetrics(testScope, testHost, observedAt)
	m.Since(bootedAt)
	for _, counts := range Counts() {
		m.Append(counts, WorkloadCounts{Workload: inContainer(1, "web"), Values: make([]uint64, len(counts))})
	}
	assert.Zero(t, m.Take().ResourceMetrics().Len(), "not even a resource")
}

// The counts are the fields of the struct that the kernel half keeps per workload, in their order.
func TestCounts_areTheKernelsFields(t *testing.T) {
	for _, described := range tracer.Specs() {
		spec, err := described.Load()
		require.NoError(t, err)
		counts, name := Counts()[described.Name], described.Name+"_workload"
		if spec.Maps["workloads"] == nil {
			assert.Empty(t, counts, name)
			continue
		}
		workload, ok := btf.UnderlyingType(spec.Maps["workloads"].Value).(*btf.Struct)
		require.True(t, ok)
		assert.Equal(t, name, workload.Name)
		require.Len(t, counts, len(workload.Members), name)
		for i, member := range workload.Members {
			assert.Equal(t, member.Name, counts[i].Field, name)
			assert.EqualValues(t, 8*i, member.Offset.Bytes(), name)
		}
	}
}

// Counts of one metric stand next to each other and agree on what it is.
func TestCounts_metricsAreConsistent(t *testing.T) {
	seen := map[string]bool{}
	for _, counts := range Counts() {
		for i, count := range counts {
			assert.NotEmpty(t, count.Metric.Unit)
			if i > 0 && counts[i-1].Metric.Name == count.Metric.Name {
				previous := counts[i-1]
				assert.Equal(t, previous.Attribute, count.Attribute, count.Metric.Name)
				assert.NotEqual(t, previous.Value, count.Value, count.Metric.Name)
				continue
			}
			assert.False(t, seen[count.Metric.Name], "%s comes twice", count.Metric.Name)
			seen[count.Metric.Name] = true
		}
	}
}
