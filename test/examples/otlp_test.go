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
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// run starts a collector with a configuration of the examples, as their pages say.
func run(t *testing.T, binary, configuration string, environment ...string) *example {
	t.Helper()
	e := &example{t: t, printed: &terminal{}, ended: make(chan error, 1)}
	e.command = exec.Command(binary, "--config", filepath.Join("../../examples", configuration))
	e.command.Env = append(os.Environ(), environment...)
	e.command.Stdout, e.command.Stderr = e.printed, e.printed
	e.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	require.NoError(t, e.command.Start())
	go func() { e.ended <- e.command.Wait() }()
	t.Cleanup(e.stop)
	require.Eventually(t, func() bool { return strings.Contains(e.printed.String(), "Everything is ready") }, patience, 50*time.Millisecond,
		"%s does not start; it printed:\n%s", configuration, e.printed)
	return e
}

// stop ends what runs, unless it has ended.
func (e *example) stop() {
	e.interrupt()
	select {
	case err := <-e.ended:
		e.ended <- err // for the next one who asks
		require.NoError(e.t, err, e.printed)
	case <-time.After(patience):
		e.t.Errorf("it does not end; it printed:\n%s", e.printed)
	}
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
	}, patience, time.Second, "it printed:\n%s", collector.printed)
	require.Eventually(t, func() bool {
		content, err := os.ReadFile(file)
		return err == nil && strings.Contains(string(content), "meerkat.process.execs")
	}, patience, 100*time.Millisecond, "counts do not arrive")

	backEnd.stop()
	marks = nil
	require.Eventually(t, func() bool {
		marks = append(marks, execute(t))
		return len(marks) > several && strings.Contains(collector.printed.String(), "Exporting failed. Will retry")
	}, patience, 500*time.Millisecond, "it does not try")
	assert.False(t, arrived(marks...))
	run(t, binary, "otlp/back-end.yaml", "MEERKAT_DATA="+received)
	// Tries come at growing intervals.
	require.Eventually(t, func() bool { return arrived(marks...) }, several*patience, time.Second, "what was kept is lost; it printed:\n%s",
		collector.printed)
}
