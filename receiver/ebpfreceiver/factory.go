// SPDX-License-Identifier: Apache-2.0

package ebpfreceiver

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"

	"github.com/meerkat-otel/meerkat/internal/shared"
)

// componentType is the receiver's name in configurations.
const componentType = "ebpf"

// stability of both signals.
const stability = component.StabilityLevelAlpha

// NewFactory returns the factory of the receiver "ebpf". The pipelines of logs and metrics share one
// instance per configuration.
func NewFactory() receiver.Factory {
	instances := shared.NewInstances[*Config, *ebpfReceiver]()
	get := func(set receiver.Settings, config component.Config) *shared.Instance[*ebpfReceiver] {
		c := config.(*Config)
		return instances.Get(c, func() *ebpfReceiver { return newReceiver(c, set) })
	}
	return receiver.NewFactory(
		component.MustNewType(componentType),
		createDefaultConfig,
		receiver.WithLogs(func(_ context.Context, set receiver.Settings, config component.Config, next consumer.Logs) (receiver.Logs, error) {
			instance := get(set, config)
			instance.Unwrap().nextLogs = next
			return instance, nil
		}, stability),
		receiver.WithMetrics(func(_ context.Context, set receiver.Settings, config component.Config, next consumer.Metrics) (receiver.Metrics, error) {
			instance := get(set, config)
			instance.Unwrap().nextMetrics = next
			return instance, nil
		}, stability),
	)
}
