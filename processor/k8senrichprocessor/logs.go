// SPDX-License-Identifier: Apache-2.0

package k8senrichprocessor

import (
	"context"
	"iter"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// logs is the processor on a pipeline of logs.
type logs struct{ pipeline[plog.Logs] }

// ConsumeLogs hands on what is known, and lets wait what is not known yet.
func (p *logs) ConsumeLogs(ctx context.Context, data plog.Logs) error {
	b := p.begin(ctx)
	defer b.all.release()
	for _, resource := range data.ResourceLogs().All() {
		b.see(resource.Resource(), logsRecords(resource))
	}
	data.ResourceLogs().RemoveIf(func(resource plog.ResourceLogs) bool {
		if b.goesOn(resource.Resource()) {
			return false
		}
		one := plog.NewLogs()
		moved := one.ResourceLogs().AppendEmpty()
		resource.MoveTo(moved)
		var sizer plog.ProtoMarshaler
		b.wait(one, moved.Resource(), logsRecords(moved), one.LogRecordCount(), sizer.LogsSize(one))
		return true
	})
	if data.ResourceLogs().Len() == 0 {
		return nil
	}
	return p.next(ctx, data)
}

// logsRecords are what may tell of connections, each with its time.
func logsRecords(resource plog.ResourceLogs) iter.Seq2[pcommon.Map, pcommon.Timestamp] {
	return func(yield func(pcommon.Map, pcommon.Timestamp) bool) {
		for _, scope := range resource.ScopeLogs().All() {
			for _, record := range scope.LogRecords().All() {
				if !yield(record.Attributes(), record.Timestamp()) {
					return
				}
			}
		}
	}
}
