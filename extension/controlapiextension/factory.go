// SPDX-License-Identifier: Apache-2.0

package controlapiextension

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
)

// componentType is the extension's name in configurations.
const componentType = "control_api"

// NewFactory returns the factory of the extension "control_api".
func NewFactory() extension.Factory {
	return extension.NewFactory(
		component.MustNewType(componentType),
		createDefaultConfig,
		func(_ context.Context, set extension.Settings, config component.Config) (extension.Extension, error) {
			return newServer(config.(*Config), set)
		},
		component.StabilityLevelAlpha,
	)
}
