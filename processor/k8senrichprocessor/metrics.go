// SPDX-License-Identifier: Apache-2.0

package k8senrichprocessor

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/enrich"
	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/hold"
)

// metrics is the processor on a pipeline of metrics. Data points tell of no connections.
type metrics struct {
	pipeline[pmetric.Metrics]
	next func(context.Context, pmetric.Metrics) error
}

// ConsumeMetrics hands on what is known, and lets wait what is not known yet.
func (p *metrics) ConsumeMetrics(ctx context.Context, data pmetric.Metrics) error {
	core, now := p.core.Unwrap(), time.Now()
	generation := core.enricher.Generation()
	all := newFindings()
	defer all.release()
	for _, resource := range data.ResourceMetrics().All() {
		core.see(ctx, resource.Resource(), now, all.add())
	}
	index := 0
	data.ResourceMetrics().RemoveIf(func(resource pmetric.ResourceMetrics) bool {
		found := &all.all[index]
		index++
		key := enrich.Key(resource.Resource().Attributes())
		if core.decide(found) && !p.queue.Holds(key) {
			core.write(resource.Resource(), found, hold.Ready)
			return false
		}
		one := pmetric.NewMetrics()
		resource.MoveTo(one.ResourceMetrics().AppendEmpty())
		waiting := &finding{near: found.near}
		var sizer pmetric.ProtoMarshaler
		p.queue.Put(hold.Item[held[pmetric.Metrics]]{
			Context: ctx, Key: key, Data: held[pmetric.Metrics]{one, waiting}, Generation: generation, Records: one.DataPointCount(), Bytes: sizer.MetricsSize(one),
		}, now)
		return true
	})
	if data.ResourceMetrics().Len() == 0 {
		return nil
	}
	return p.next(ctx, data)
}

// ready tells whether what waits needs not wait any longer.
func (p *metrics) ready(item hold.Item[held[pmetric.Metrics]]) bool {
	core := p.core.Unwrap()
	core.seeAgain(item.Context, item.Data.data.ResourceMetrics().At(0).Resource(), time.Now(), item.Data.found)
	return core.decide(item.Data.found)
}

// finish writes down what is known of what has waited.
func (p *metrics) finish(item hold.Item[held[pmetric.Metrics]], end hold.End) {
	core, resource := p.core.Unwrap(), item.Data.data.ResourceMetrics().At(0).Resource()
	core.seeAgain(item.Context, resource, time.Now(), item.Data.found)
	core.decide(item.Data.found)
	core.write(resource, item.Data.found, end)
}

// send hands on what has waited.
func (p *metrics) send(item hold.Item[held[pmetric.Metrics]]) error {
	return p.next(item.Context, item.Data.data)
}
