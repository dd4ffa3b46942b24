// SPDX-License-Identifier: Apache-2.0

package repotest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// runBuilder runs the OpenTelemetry Collector Builder that internal/tools pins.
func runBuilder(t *testing.T, folder string, arguments ...string) {
	t.Helper()
	// Go keeps the program in its cache.
	program := strings.TrimSpace(run(t, root, "go", "tool", "-modfile=internal/tools/go.mod", "-n", "builder"))
	c := command(t, folder, program, arguments...)
	// It leaves an empty folder behind each time.
	c.Env = append(c.Env, "TMPDIR="+t.TempDir())
	output(t, c)
}

// generateDistribution writes the Go files of our manifest into a folder.
func generateDistribution(t *testing.T, folder string) {
	t.Helper()
	runBuilder(t, root, "--config", manifestName, "--output-path", folder, "--skip-get-modules", "--skip-compilation")
}

// ourReceiverAlone is a manifest of somebody who wants nothing of ours but the receiver.
const ourReceiverAlone = `
dist: {module: example.com/collector, name: collector, output_path: ./built, build_tags: grpcnotrace}
receivers:
  - gomod: %[1]s v%[2]s
    import: %[1]s/receiver/ebpfreceiver
    path: %[3]s
exporters:
  - gomod: go.opentelemetry.io/collector/exporter/debugexporter %[4]s
providers:
  - gomod: go.opentelemetry.io/collector/confmap/provider/envprovider %[5]s
  - gomod: go.opentelemetry.io/collector/confmap/provider/fileprovider %[5]s
`

const configuration = `
receivers: {ebpf: {metrics_interval: %s}}
exporters: {debug: {}}
service:
  pipelines:
    logs: {receivers: [ebpf], exporters: [debug]}
    metrics: {receivers: [ebpf], exporters: [debug]}
`

// The stock builder takes one component of ours, from a folder outside of the repository.
func TestBuilder_ourReceiverAlone(t *testing.T) {
	folder := t.TempDir()
	write := func(name, format string, arguments ...any) {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), fmt.Appendf(nil, format, arguments...), 0o600))
	}
	checkout, err := filepath.Abs(root)
	require.NoError(t, err)
	versions := readGoMod(t, ".").versions()
	write("manifest.yaml", ourReceiverAlone, module, readManifest(t).Dist.Version, checkout,
		versions["go.opentelemetry.io/collector/exporter/debugexporter"],
		versions["go.opentelemetry.io/collector/confmap/provider/fileprovider"])
	runBuilder(t, folder, "--config", "manifest.yaml")

	collector := filepath.Join(folder, "built/collector")
	assert.Equal(t, []string{"ebpf", "debug", "env", "file"}, componentNames(run(t, folder, collector, "components")))

	write("good.yaml", configuration, "10s")
	run(t, folder, collector, "validate", "--config", "good.yaml")
	write("bad.yaml", configuration, "1ms")
	refused := command(t, folder, collector, "validate", "--config", "bad.yaml")
	complaint, err := refused.CombinedOutput()
	require.Error(t, err, "a value out of its range was taken")
	assert.Contains(t, string(complaint), "receivers::ebpf: metrics_interval")
}
