// SPDX-License-Identifier: Apache-2.0

package workloadpartitionerextension

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
)

// componentType is the extension's name in configurations.
const componentType = "workload_partitioner"

// Config has nothing to set: what a workload is does not depend on who asks.
type Config struct{}

// NewFactory returns the factory of the extension "workload_partitioner".
func NewFactory() extension.Factory {
	return extension.NewFactory(
		component.MustNewType(componentType),
		func() component.Config { return &Config{} },
		func(_ context.Context, set extension.Settings, _ component.Config) (extension.Extension, error) {
			return &partitioner{logger: set.Logger}, nil
		},
		component.StabilityLevelDevelopment,
	)
}
