// SPDX-License-Identifier: Apache-2.0

package k8senrichprocessor

import (
	"context"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// metrics is the processor on a pipeline of metrics.
type metrics struct{ pipeline[pmetric.Metrics] }

// ConsumeMetrics hands on what is known, and lets wait what is not known yet.
func (p *metrics) ConsumeMetrics(ctx context.Context, data pmetric.Metrics) error {
	b := p.begin(ctx)
	defer b.all.release()
	for _, resource := range data.ResourceMetrics().All() {
		b.see(resource.Resource(), nobody)
	}
	data.ResourceMetrics().RemoveIf(func(resource pmetric.ResourceMetrics) bool {
		if b.goesOn(resource.Resource()) {
			return false
		}
		one := pmetric.NewMetrics()
		moved := one.ResourceMetrics().AppendEmpty()
		resource.MoveTo(moved)
		var sizer pmetric.ProtoMarshaler
		b.wait(one, moved.Resource(), nobody, one.DataPointCount(), sizer.MetricsSize(one))
		return true
	})
	if data.ResourceMetrics().Len() == 0 {
		return nil
	}
	return p.next(ctx, data)
}

// nobody yields no records: data points tell of no connections.
func nobody(func(pcommon.Map, pcommon.Timestamp) bool) {}
