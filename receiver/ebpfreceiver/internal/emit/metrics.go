// SPDX-License-Identifier: Apache-2.0

package emit

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/process"
)

// Count describes one count that a tracer keeps per workload in the kernel. The order of a tracer's
// counts is that of the fields in its workload struct.
type Count struct {
	// Field is the name in the kernel's struct.
	Field  string
	Metric names.Metric
	// Attribute and Value tell counts of one metric apart, such as the two directions of bytes.
	Attribute, Value string
}

// WorkloadCounts are the values of one workload, in the order of the counts.
type WorkloadCounts struct {
	Workload *process.Workload
	// Overflow marks the counts of workloads beyond the bound.
	Overflow bool
	Values   []uint64
}

// Metrics builds one batch of cumulative sums.
type Metrics struct {
	scope   Scope
	host    Host
	start   pcommon.Timestamp
	now     pcommon.Timestamp
	metrics pmetric.Metrics
	groups  map[uint64]pmetric.ScopeMetrics
}

// NewMetrics starts a batch.
func NewMetrics(scope Scope, host Host, now time.Time) *Metrics {
	return &Metrics{
		scope: scope, host: host,
		now:     pcommon.NewTimestampFromTime(now),
		metrics: pmetric.NewMetrics(),
		groups:  map[uint64]pmetric.ScopeMetrics{},
	}
}

// Since tells since when the counts have been counted that are appended next.
func (m *Metrics) Since(start time.Time) { m.start = pcommon.NewTimestampFromTime(start) }

// Append adds the counts of one workload. Counts that are still zero make no series.
func (m *Metrics) Append(counts []Count, w WorkloadCounts) {
	var open pmetric.Metric
	for i, count := range counts {
		if w.Values[i] == 0 {
			continue
		}
		if open == (pmetric.Metric{}) || open.Name() != count.Metric.Name {
			open = m.newSum(count, w)
		}
		point := open.Sum().DataPoints().AppendEmpty()
		point.SetStartTimestamp(m.start)
		point.SetTimestamp(m.now)
		point.SetIntValue(int64(w.Values[i]))
		if count.Attribute != "" {
			point.Attributes().PutStr(count.Attribute, count.Value)
		}
		if w.Overflow {
			point.Attributes().PutBool(names.MetricOverflow, true)
		}
	}
}

func (m *Metrics) newSum(count Count, w WorkloadCounts) pmetric.Metric {
	metric := m.group(w.Workload).Metrics().AppendEmpty()
	metric.SetName(count.Metric.Name)
	metric.SetUnit(count.Metric.Unit)
	metric.SetDescription(count.Metric.Brief)
	sum := metric.SetEmptySum()
	sum.SetIsMonotonic(true)
	sum.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	return metric
}

func (m *Metrics) group(w *process.Workload) pmetric.ScopeMetrics {
	if group, ok := m.groups[w.CgroupID]; ok {
		return group
	}
	resource := m.metrics.ResourceMetrics().AppendEmpty()
	m.host.put(resource.Resource().Attributes())
	putWorkload(resource.Resource().Attributes(), w)
	group := resource.ScopeMetrics().AppendEmpty()
	group.Scope().SetName(m.scope.Name)
	group.Scope().SetVersion(m.scope.Version)
	m.groups[w.CgroupID] = group
	return group
}

// Of returns the metrics of a workload, to which others may be appended.
func (m *Metrics) Of(w *process.Workload) pmetric.MetricSlice { return m.group(w).Metrics() }

// Take returns the batch.
func (m *Metrics) Take() pmetric.Metrics { return m.metrics }
