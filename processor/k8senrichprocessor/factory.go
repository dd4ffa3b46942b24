// SPDX-License-Identifier: Apache-2.0

package k8senrichprocessor

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processorhelper"

	"github.com/meerkat-otel/meerkat/internal/shared"
)

// componentType is the processor's name in configurations.
const componentType = "k8s_enrich"

// stability of all signals.
const stability = component.StabilityLevelAlpha

// NewFactory returns the factory of the processor "k8s_enrich". The pipelines of all signals share what is known of
// the cluster, per configuration.
func NewFactory() processor.Factory {
	f := &factory{shared.NewInstances[*Config, *core]()}
	return processor.NewFactory(component.MustNewType(componentType), createDefaultConfig,
		processor.WithLogs(f.logs, stability),
		processor.WithMetrics(f.metrics, stability),
		processor.WithTraces(f.traces, stability),
	)
}

type factory struct {
	cores *shared.Instances[*Config, *core]
}

func (f *factory) core(set processor.Settings, config component.Config) *shared.Instance[*core] {
	c := config.(*Config)
	return f.cores.Get(c, func() *core { return newCore(c, set.TelemetrySettings) })
}

func (f *factory) logs(ctx context.Context, set processor.Settings, config component.Config, next consumer.Logs) (processor.Logs, error) {
	unchanged := func(_ context.Context, data plog.Logs) (plog.Logs, error) { return data, nil }
	inner, err := processorhelper.NewLogs(ctx, set, config, next, unchanged)
	if err != nil {
		return nil, err
	}
	p := &logs{}
	p.init(f.core(set, config), "logs", inner, inner.ConsumeLogs)
	return p, nil
}

func (f *factory) metrics(ctx context.Context, set processor.Settings, config component.Config, next consumer.Metrics) (processor.Metrics, error) {
	unchanged := func(_ context.Context, data pmetric.Metrics) (pmetric.Metrics, error) { return data, nil }
	inner, err := processorhelper.NewMetrics(ctx, set, config, next, unchanged)
	if err != nil {
		return nil, err
	}
	p := &metrics{}
	p.init(f.core(set, config), "metrics", inner, inner.ConsumeMetrics)
	return p, nil
}

func (f *factory) traces(ctx context.Context, set processor.Settings, config component.Config, next consumer.Traces) (processor.Traces, error) {
	unchanged := func(_ context.Context, data ptrace.Traces) (ptrace.Traces, error) { return data, nil }
	inner, err := processorhelper.NewTraces(ctx, set, config, next, unchanged)
	if err != nil {
		return nil, err
	}
	p := &traces{}
	p.init(f.core(set, config), "traces", inner, inner.ConsumeTraces)
	return p, nil
}
