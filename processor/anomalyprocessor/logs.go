// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
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

// Capabilities says that data is changed if only a part of it goes on.
func (p *logs) Capabilities() consumer.Capabilities {
	return consumer.Capabilities{MutatesData: p.onlyIncidents}
}

// ConsumeLogs judges events and hands them on, and what is to be told of incidents after them.
func (p *logs) ConsumeLogs(ctx context.Context, data plog.Logs) error {
	c := p.core.Unwrap()
	part, reports := c.judge(p, data)
	if p.onlyIncidents {
		keepOnly(data, part)
	}
	var err error
	if !p.onlyIncidents || data.ResourceLogs().Len() > 0 {
		err = p.inner.ConsumeLogs(ctx, data)
	}
	c.send(ctx, reports)
	return err
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
