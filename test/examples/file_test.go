// SPDX-License-Identifier: Apache-2.0

//go:build linux

package examples

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// Events are in a file; when that is full, it is kept under another name and a new one begins.
func TestFile(t *testing.T) {
	data := t.TempDir()
	collector := run(t, build(t), "file/config.yaml", "MEERKAT_DATA="+data, "MEERKAT_FILE_MEGABYTES=1", "MEERKAT_FILE_BACKUPS=2")
	file := filepath.Join(data, "events.json")
	mark := execute(t)
	require.Eventually(t, func() bool {
		content, err := os.ReadFile(file)
		return err == nil && strings.Contains(string(content), mark)
	}, patience, 100*time.Millisecond, "it printed:\n%s", collector.Printed)
	for _, event := range recordsIn(t, file, names.EventProcessExec) {
		_, found := event.Attributes().Get(names.ProcessExecutablePath)
		assert.True(t, found)
	}

	backups := func() []string {
		files, err := filepath.Glob(filepath.Join(data, "events-*.json"))
		require.NoError(t, err)
		return files
	}
	require.Eventually(t, func() bool {
		for range 50 {
			execute(t)
		}
		return len(backups()) == 2
	}, patience, 100*time.Millisecond, "no file is rotated; it printed:\n%s", collector.Printed)
	collector.Stop()
	assert.NotContains(t, collector.Printed.String(), "\terror\t")
	for _, backup := range backups() {
		info, err := os.Stat(backup)
		require.NoError(t, err)
		assert.LessOrEqual(t, info.Size(), int64(1<<20))
	}
}
