// SPDX-License-Identifier: Apache-2.0

//go:build linux

package examples

import (
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// modulesIn are the modules with their versions that a manifest of the builder names.
func modulesIn(t *testing.T, manifest string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(manifest)
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(text, &map[string]any{}))
	found := map[string]string{}
	for _, match := range regexp.MustCompile(`(?m)^  - gomod: (\S+) (\S+)$`).FindAllStringSubmatch(string(text), -1) {
		found[match[1]] = match[2]
	}
	require.NotEmpty(t, found)
	return found
}

// The manifest of others is built of what our own is built of.
func TestExistingCollector_versions(t *testing.T) {
	ours, theirs := modulesIn(t, "../../builder-config.yaml"), modulesIn(t, "../../examples/existing-collector/manifest.yaml")
	core := ours["go.opentelemetry.io/collector/receiver/otlpreceiver"]
	others := 0
	for module, version := range theirs {
		if known, ok := ours[module]; ok {
			assert.Equal(t, known, version, module)
			continue
		}
		others++
		assert.Equal(t, core, version, "%s should be of the Collector that we are built with", module)
	}
	assert.GreaterOrEqual(t, others, 3, "it is an example of a Collector with components that ours does not have")
	assert.Contains(t, theirs, "github.com/meerkat-otel/meerkat")
}
