// SPDX-License-Identifier: Apache-2.0

package k8senrichprocessor

import (
	"context"
	"iter"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// traces is the processor on a pipeline of traces. Spans with a network.peer.address get their far ends.
type traces struct{ pipeline[ptrace.Traces] }

// ConsumeTraces hands on what is known, and lets wait what is not known yet.
func (p *traces) ConsumeTraces(ctx context.Context, data ptrace.Traces) error {
	b := p.begin(ctx)
	defer b.all.release()
	for _, resource := range data.ResourceSpans().All() {
		b.see(resource.Resource(), tracesRecords(resource))
	}
	data.ResourceSpans().RemoveIf(func(resource ptrace.ResourceSpans) bool {
		if b.goesOn(resource.Resource()) {
			return false
		}
		one := ptrace.NewTraces()
		moved := one.ResourceSpans().AppendEmpty()
		resource.MoveTo(moved)
		var sizer ptrace.ProtoMarshaler
		b.wait(one, moved.Resource(), tracesRecords(moved), one.SpanCount(), sizer.TracesSize(one))
		return true
	})
	if data.ResourceSpans().Len() == 0 {
		return nil
	}
	return p.next(ctx, data)
}

// tracesRecords are what may tell of connections, each with its time.
func tracesRecords(resource ptrace.ResourceSpans) iter.Seq2[pcommon.Map, pcommon.Timestamp] {
	return func(yield func(pcommon.Map, pcommon.Timestamp) bool) {
		for _, scope := range resource.ScopeSpans().All() {
			for _, span := range scope.Spans().All() {
				if !yield(span.Attributes(), span.StartTimestamp()) {
					return
				}
			}
		}
	}
}
