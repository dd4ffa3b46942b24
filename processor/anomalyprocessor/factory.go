// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processorhelper"

	"github.com/meerkat-otel/meerkat/internal/eventname"
	"github.com/meerkat-otel/meerkat/internal/shared"
)

// componentType is the processor's name in configurations.
const componentType = "anomaly"

const stability = component.StabilityLevelDevelopment

// NewFactory returns the factory of the processor "anomaly". Pipelines with one configuration share what is learned.
func NewFactory() processor.Factory {
	f, g := &factory{shared.NewInstances[*Config, *core]()}, newGatewayFactory()
	return processor.NewFactory(component.MustNewType(componentType), createDefaultConfig, processor.WithLogs(g.or(f.logs), stability),
		processor.WithMetrics(f.metrics, stability))
}

// handOn is all that becomes of logs on their way on: they get the names of events as attributes, if that is configured.
func (c *Config) handOn(_ context.Context, data plog.Logs) (plog.Logs, error) {
	if c.EventNameAttribute {
		eventname.AsAttribute(data)
	}
	return data, nil
}

type factory struct {
	cores *shared.Instances[*Config, *core]
}

func (f *factory) logs(ctx context.Context, set processor.Settings, config component.Config, next consumer.Logs) (processor.Logs, error) {
	c := config.(*Config)
	inner, err := processorhelper.NewLogs(ctx, set, config, next, c.handOn)
	if err != nil {
		return nil, err
	}
	instance := f.cores.Get(c, func() *core { return newCore(c, set.TelemetrySettings).named(set.ID) })
	pipeline := &logs{core: instance, inner: inner, onlyIncidents: c.Forward == forwardIncidents}
	instance.Unwrap().first.CompareAndSwap(nil, pipeline)
	return pipeline, nil
}
