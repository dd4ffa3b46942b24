// SPDX-License-Identifier: Apache-2.0

package k8senrichprocessor

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/enrich"
	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/hold"
)

// logs is the processor on a pipeline of logs.
type logs struct {
	pipeline[plog.Logs]
	next func(context.Context, plog.Logs) error
}

// ConsumeLogs hands on what is known, and lets wait what is not known yet.
func (p *logs) ConsumeLogs(ctx context.Context, data plog.Logs) error {
	core, now := p.core.Unwrap(), time.Now()
	generation := core.enricher.Generation()
	all := newFindings()
	defer all.release()
	for _, resource := range data.ResourceLogs().All() {
		core.seeLogs(ctx, resource, now, all.add())
	}
	index := 0
	data.ResourceLogs().RemoveIf(func(resource plog.ResourceLogs) bool {
		found := &all.all[index]
		index++
		key := enrich.Key(resource.Resource().Attributes())
		if core.decide(found) && !p.queue.Holds(key) {
			core.write(resource.Resource(), found, hold.Ready)
			return false
		}
		one := plog.NewLogs()
		resource.MoveTo(one.ResourceLogs().AppendEmpty())
		waiting := &finding{}
		core.seeLogs(ctx, one.ResourceLogs().At(0), now, waiting)
		var sizer plog.ProtoMarshaler
		p.queue.Put(hold.Item[held[plog.Logs]]{
			Context: ctx, Key: key, Data: held[plog.Logs]{one, waiting}, Generation: generation, Records: one.LogRecordCount(), Bytes: sizer.LogsSize(one),
		}, now)
		return true
	})
	if data.ResourceLogs().Len() == 0 {
		return nil
	}
	return p.next(ctx, data)
}

// ready tells whether what waits needs not wait any longer.
func (p *logs) ready(item hold.Item[held[plog.Logs]]) bool {
	core := p.core.Unwrap()
	core.seeAgain(item.Context, item.Data.data.ResourceLogs().At(0).Resource(), time.Now(), item.Data.found)
	return core.decide(item.Data.found)
}

// finish writes down what is known of what has waited.
func (p *logs) finish(item hold.Item[held[plog.Logs]], end hold.End) {
	core, resource := p.core.Unwrap(), item.Data.data.ResourceLogs().At(0).Resource()
	core.seeAgain(item.Context, resource, time.Now(), item.Data.found)
	core.decide(item.Data.found)
	core.write(resource, item.Data.found, end)
}

// send hands on what has waited.
func (p *logs) send(item hold.Item[held[plog.Logs]]) error {
	return p.next(item.Context, item.Data.data)
}

// seeLogs finds whose a resource is, and remembers the ends of connections that its records tell of.
func (c *core) seeLogs(ctx context.Context, resource plog.ResourceLogs, now time.Time, f *finding) {
	c.see(ctx, resource.Resource(), now, f)
	for _, scope := range resource.ScopeLogs().All() {
		for _, record := range scope.LogRecords().All() {
			c.seeRecord(record.Attributes(), record.Timestamp(), f)
		}
	}
}
