// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processorhelper"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/internal/shared"
)

// gatewayFactory makes the processor in the mode of a gateway.
type gatewayFactory struct {
	gateways *shared.Instances[*Config, *gateway]
}

func newGatewayFactory() *gatewayFactory {
	return &gatewayFactory{shared.NewInstances[*Config, *gateway]()}
}

// or makes the one or the other, as the configuration says.
func (f *gatewayFactory) or(agent processor.CreateLogsFunc) processor.CreateLogsFunc {
	return func(ctx context.Context, set processor.Settings, config component.Config, next consumer.Logs) (processor.Logs, error) {
		if config.(*Config).Mode == modeGateway {
			return f.logs(ctx, set, config, next)
		}
		return agent(ctx, set, config, next)
	}
}

func (f *gatewayFactory) logs(ctx context.Context, set processor.Settings, config component.Config, next consumer.Logs) (processor.Logs, error) {
	c := config.(*Config)
	inner, err := processorhelper.NewLogs(ctx, set, config, next, c.handOn)
	if err != nil {
		return nil, err
	}
	instance := f.gateways.Get(c, func() *gateway { return newGateway(c, set.TelemetrySettings).named(set.ID) })
	return &gatewayLogs{core: instance, inner: inner}, nil
}

// gatewayLogs is the processor of a gateway on a pipeline of logs.
type gatewayLogs struct {
	core  *shared.Instance[*gateway]
	inner processor.Logs
}

// Start starts what all pipelines share, and then this one.
func (p *gatewayLogs) Start(ctx context.Context, host component.Host) error {
	if err := p.core.Start(ctx, host); err != nil {
		return err
	}
	if err := p.inner.Start(ctx, host); err != nil {
		return err
	}
	g := p.core.Unwrap()
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.first == nil {
		g.first = p.inner
	}
	return nil
}

// Shutdown tells what was not told yet.
func (p *gatewayLogs) Shutdown(ctx context.Context) error {
	if err := p.core.Shutdown(ctx); err != nil {
		return err
	}
	return p.inner.Shutdown(ctx)
}

// Capabilities says that incidents are changed.
func (p *gatewayLogs) Capabilities() consumer.Capabilities {
	return consumer.Capabilities{MutatesData: true}
}

// ConsumeLogs takes in what agents tell, and hands on all that is not for the gateway alone.
func (p *gatewayLogs) ConsumeLogs(ctx context.Context, data plog.Logs) error {
	g := p.core.Unwrap()
	if !concerns(data) {
		return p.inner.ConsumeLogs(ctx, data)
	}
	g.mu.Lock()
	g.take(p, data)
	reports := g.due(g.now())
	g.mu.Unlock()
	var err error
	if data.ResourceLogs().Len() > 0 {
		err = p.inner.ConsumeLogs(ctx, data)
	}
	g.send(ctx, reports)
	return err
}

// concerns tells whether there is anything in it for a gateway.
func concerns(data plog.Logs) bool {
	for _, resource := range data.ResourceLogs().All() {
		for _, scope := range resource.ScopeLogs().All() {
			for _, log := range scope.LogRecords().All() {
				if event := log.EventName(); event == names.EventIncident || event == names.EventProfileDelta {
					return true
				}
			}
		}
	}
	return false
}

// take takes in all records, and removes those that do not go on.
func (g *gateway) take(p *gatewayLogs, data plog.Logs) {
	data.ResourceLogs().RemoveIf(func(resource plog.ResourceLogs) bool {
		before := resource.ScopeLogs().Len()
		resource.ScopeLogs().RemoveIf(func(scope plog.ScopeLogs) bool {
			before := scope.LogRecords().Len()
			scope.LogRecords().RemoveIf(func(log plog.LogRecord) bool { return g.takeRecord(p, resource.Resource(), log) })
			return before > 0 && scope.LogRecords().Len() == 0
		})
		return before > 0 && resource.ScopeLogs().Len() == 0
	})
}

// takeRecord tells whether a record does not go on.
func (g *gateway) takeRecord(p *gatewayLogs, resource pcommon.Resource, log plog.LogRecord) bool {
	switch log.EventName() {
	case names.EventProfileDelta:
		return g.learn(resource, log) && !g.config.Fleet.ForwardDeltas
	case names.EventIncident:
		return g.judge(p, resource, log)
	}
	return false
}
