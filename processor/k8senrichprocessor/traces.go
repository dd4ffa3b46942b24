// SPDX-License-Identifier: Apache-2.0

package k8senrichprocessor

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/enrich"
	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/hold"
)

// traces is the processor on a pipeline of traces. Spans with a network.peer.address get their far ends.
type traces struct {
	pipeline[ptrace.Traces]
	next func(context.Context, ptrace.Traces) error
}

// ConsumeTraces hands on what is known, and lets wait what is not known yet.
func (p *traces) ConsumeTraces(ctx context.Context, data ptrace.Traces) error {
	core, now := p.core.Unwrap(), time.Now()
	generation := core.enricher.Generation()
	all := newFindings()
	defer all.release()
	for _, resource := range data.ResourceSpans().All() {
		core.seeSpans(ctx, resource, now, all.add())
	}
	index := 0
	data.ResourceSpans().RemoveIf(func(resource ptrace.ResourceSpans) bool {
		found := &all.all[index]
		index++
		key := enrich.Key(resource.Resource().Attributes())
		if core.decide(found) && !p.queue.Holds(key) {
			core.write(resource.Resource(), found, hold.Ready)
			return false
		}
		one := ptrace.NewTraces()
		resource.MoveTo(one.ResourceSpans().AppendEmpty())
		waiting := &finding{}
		core.seeSpans(ctx, one.ResourceSpans().At(0), now, waiting)
		var sizer ptrace.ProtoMarshaler
		p.queue.Put(hold.Item[held[ptrace.Traces]]{
			Context: ctx, Key: key, Data: held[ptrace.Traces]{one, waiting}, Generation: generation, Records: one.SpanCount(), Bytes: sizer.TracesSize(one),
		}, now)
		return true
	})
	if data.ResourceSpans().Len() == 0 {
		return nil
	}
	return p.next(ctx, data)
}

// ready tells whether what waits needs not wait any longer.
func (p *traces) ready(item hold.Item[held[ptrace.Traces]]) bool {
	core := p.core.Unwrap()
	core.seeAgain(item.Context, item.Data.data.ResourceSpans().At(0).Resource(), time.Now(), item.Data.found)
	return core.decide(item.Data.found)
}

// finish writes down what is known of what has waited.
func (p *traces) finish(item hold.Item[held[ptrace.Traces]], end hold.End) {
	core, resource := p.core.Unwrap(), item.Data.data.ResourceSpans().At(0).Resource()
	core.seeAgain(item.Context, resource, time.Now(), item.Data.found)
	core.decide(item.Data.found)
	core.write(resource, item.Data.found, end)
}

// send hands on what has waited.
func (p *traces) send(item hold.Item[held[ptrace.Traces]]) error {
	return p.next(item.Context, item.Data.data)
}

// seeSpans finds whose a resource is, and remembers the ends of connections that its records tell of.
func (c *core) seeSpans(ctx context.Context, resource ptrace.ResourceSpans, now time.Time, f *finding) {
	c.see(ctx, resource.Resource(), now, f)
	for _, scope := range resource.ScopeSpans().All() {
		for _, span := range scope.Spans().All() {
			c.seeRecord(span.Attributes(), span.StartTimestamp(), f)
		}
	}
}
