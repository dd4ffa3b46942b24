// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor"

	"github.com/meerkat-otel/meerkat/internal/shared"
)

// logs is the processor on a pipeline of logs.
type logs struct {
	core *shared.Instance[*core]
	// inner is the Collector's own part of a processor. It only counts, and hands on.
	inner         processor.Logs
	onlyIncidents bool
	refused       refused
}

// Start starts what all pipelines share, and then this one.
func (p *logs) Start(ctx context.Context, host component.Host) error {
	if err := p.core.Start(ctx, host); err != nil {
		return err
	}
	return p.inner.Start(ctx, host)
}

// Shutdown tells what was not told yet.
func (p *logs) Shutdown(ctx context.Context) error {
	if err := p.core.Shutdown(ctx); err != nil {
		return err
	}
	return p.inner.Shutdown(ctx)
}

// Capabilities says that data is changed if only a part of it goes on, or with the names of events as attributes.
func (p *logs) Capabilities() consumer.Capabilities {
	return consumer.Capabilities{MutatesData: p.onlyIncidents || p.core.Unwrap().config.EventNameAttribute}
}

// ConsumeLogs judges events and hands them on, and what is to be told of incidents after them.
func (p *logs) ConsumeLogs(ctx context.Context, data plog.Logs) error {
	c := p.core.Unwrap()
	fingerprint := fingerprintOf(data)
	found, again := p.refused.again(fingerprint)
	if again {
		c.tally.again.Add(1)
	} else {
		found = c.judge(p, data)
	}
	err := p.forward(ctx, data, found)
	if err != nil && !consumererror.IsPermanent(err) {
		p.refused.add(fingerprint, judged{part: found.part, earlier: found.earlier})
	}
	c.send(ctx, found.reports)
	if len(found.reports) > 0 {
		c.joins.upkeep(ctx, c.now(), false)
	}
	return err
}

// forward hands on events: all, or those that are part of an incident, the earlier ones first.
func (p *logs) forward(ctx context.Context, data plog.Logs, found judged) error {
	if !p.onlyIncidents {
		return p.inner.ConsumeLogs(ctx, data)
	}
	keepOnly(data, found.part)
	if len(found.earlier) > 0 {
		all := plog.NewLogs()
		for _, earlier := range found.earlier {
			for _, resource := range earlier.ResourceLogs().All() {
				resource.CopyTo(all.ResourceLogs().AppendEmpty()) // they are needed again if this is refused
			}
		}
		data.ResourceLogs().MoveAndAppendTo(all.ResourceLogs())
		data = all
	}
	if data.ResourceLogs().Len() == 0 {
		return nil
	}
	return p.inner.ConsumeLogs(ctx, data)
}

// keepOnly leaves the records that are part of an incident; part has a truth for each in their order.
func keepOnly(data plog.Logs, part []bool) {
	at := 0
	data.ResourceLogs().RemoveIf(func(resource plog.ResourceLogs) bool {
		resource.ScopeLogs().RemoveIf(func(scope plog.ScopeLogs) bool {
			scope.LogRecords().RemoveIf(func(plog.LogRecord) bool {
				at++
				return !part[at-1]
			})
			return scope.LogRecords().Len() == 0
		})
		return resource.ScopeLogs().Len() == 0
	})
}
