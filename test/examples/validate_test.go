// SPDX-License-Identifier: Apache-2.0

//go:build linux

package examples

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every configuration of the examples is one that the binary takes, whether or not a test runs it.
func TestConfigurations(t *testing.T) {
	binary, certificates := build(t), t.TempDir()
	output, err := exec.Command("../../examples/gateway/certificates.sh", certificates).CombinedOutput()
	require.NoError(t, err, string(output))
	files, err := filepath.Glob("../../examples/*/*.yaml")
	require.NoError(t, err)
	validated := 0
	for _, file := range files {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		// Others are of Prometheus, Loki or the builder, or for a binary that the test of the example builds.
		ofAnother := strings.Contains(file, "/kafka/") || strings.Contains(file, "/existing-collector/")
		if !strings.Contains(string(content), "\nreceivers:") || !strings.Contains(string(content), "\n  pipelines:") || ofAnother {
			continue
		}
		command := exec.Command(binary, "validate", "--config", file)
		command.Env = append(os.Environ(), "CERTIFICATES="+certificates, "MEERKAT_DATA="+t.TempDir())
		output, err := command.CombinedOutput()
		assert.NoError(t, err, "%s: %s", file, output)
		validated++
	}
	assert.Greater(t, validated, 5)
}
