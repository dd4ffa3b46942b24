// SPDX-License-Identifier: Apache-2.0

//go:build linux

package examples

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/test/running"
)

// run starts a collector with a configuration of the examples, as their pages say. It has to end well.
func run(t *testing.T, binary, configuration string, environment ...string) *running.Collector {
	t.Helper()
	command := exec.Command(binary, "--config", filepath.Join("../../examples", configuration))
	command.Env = append(os.Environ(), environment...)
	c := running.StartCollector(t, command)
	t.Cleanup(c.Stop)
	return c
}

// execute runs a program with a mark among its arguments that no other has.
func execute(t *testing.T) (mark string) {
	t.Helper()
	mark = fmt.Sprintf("meerkat-example-%d-%d", os.Getpid(), time.Now().UnixNano())
	require.NoError(t, exec.Command("/bin/true", mark).Run())
	return mark
}

// Events arrive at the second collector, and what was sent while that was away does when it is back.
func TestOTLP(t *testing.T) {
	const several = 4
	binary, data, received := build(t), t.TempDir(), t.TempDir()
	file := filepath.Join(received, "received.json")
	arrived := func(marks ...string) bool {
		for _, event := range recordsIn(t, file, names.EventProcessExec) {
			arguments, _ := event.Attributes().Get(names.ProcessCommandArgs)
			if slices.ContainsFunc(marks, func(mark string) bool { return strings.Contains(arguments.AsString(), mark) }) {
				return true
			}
		}
		return false
	}
	backEnd := run(t, binary, "otlp/back-end.yaml", "MEERKAT_DATA="+received)
	collector := run(t, binary, "otlp/config.yaml", "MEERKAT_DATA="+data)
	// Where much is executed, the limit of events per second may hold one back.
	var marks []string
	require.Eventually(t, func() bool {
		marks = append(marks, execute(t))
		return arrived(marks...)
	}, patience, time.Second, "it printed:\n%s", collector.Printed)
	require.Eventually(t, func() bool {
		content, err := os.ReadFile(file)
		return err == nil && strings.Contains(string(content), "meerkat.process.execs")
	}, patience, 100*time.Millisecond, "counts do not arrive")

	backEnd.Stop()
	marks = nil
	require.Eventually(t, func() bool {
		marks = append(marks, execute(t))
		return len(marks) > several && strings.Contains(collector.Printed.String(), "Exporting failed. Will retry")
	}, patience, 500*time.Millisecond, "it does not try")
	assert.False(t, arrived(marks...))
	run(t, binary, "otlp/back-end.yaml", "MEERKAT_DATA="+received)
	// Tries come at growing intervals.
	require.Eventually(t, func() bool { return arrived(marks...) }, several*patience, time.Second, "what was kept is lost; it printed:\n%s",
		collector.Printed)
}
