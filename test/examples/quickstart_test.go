// SPDX-License-Identifier: Apache-2.0

//go:build linux

package examples

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
)

func TestQuickstart(t *testing.T) {
	binary, data := build(t), t.TempDir()
	started := time.Now()
	e := start(t, "../../examples/quickstart/run.sh", binary, "MEERKAT_DATA="+data)

	events := filepath.Join(data, "events.json")
	require.Eventually(t, func() bool {
		// An idle machine has no events.
		_ = exec.Command("/bin/true").Run()
		info, err := os.Stat(events)
		return err == nil && info.Size() > 0
	}, patience, 10*time.Millisecond, "no event was written; it printed:\n%s", e.printed)
	t.Logf("the first event was visible after %s", time.Since(started).Round(10*time.Millisecond))

	require.Eventually(t, func() bool {
		// One may be beyond the events that are told per second, if others build something beside this.
		_ = exec.Command("/bin/true", "meerkat-quickstart").Run()
		return hasArgument(t, events, "meerkat-quickstart")
	}, patience, 200*time.Millisecond)
	require.Eventually(t, func() bool {
		return strings.Contains(get("http://127.0.0.1:9464/metrics"), "meerkat_process_execs_total{")
	}, patience, 200*time.Millisecond)
	for _, tracer := range []string{"process", "file", "tcp", "udp", "dns", "signal", "oom", "crash"} {
		assert.Contains(t, get("http://127.0.0.1:8888/metrics"), `otelcol_ebpf_tracer_state{state="running",tracer="`+tracer+`"} 1`)
	}

	assert.JSONEq(t, `{"name":"root","role":"operator","via":"unix_socket"}`, getOver(t, controlSocket, "http://meerkat/v1/whoami"))

	e.end()
	assert.Contains(t, e.printed.String(), events)
	assert.Contains(t, e.printed.String(), "http://127.0.0.1:9464/metrics")
	assert.NotContains(t, strings.ToLower(e.printed.String()), "error")
}

// hasArgument looks for an event with a command-line argument in a file of OTLP/JSON lines.
func hasArgument(t *testing.T, file, argument string) bool {
	t.Helper()
	for _, logs := range logsOf(t, file) {
		for _, resource := range logs.ResourceLogs().All() {
			for _, record := range resource.ScopeLogs().At(0).LogRecords().All() {
				arguments, ok := record.Attributes().Get("process.command_args")
				if ok && strings.Contains(arguments.AsString(), argument) {
					return true
				}
			}
		}
	}
	return false
}

// logsOf returns what is in a file of OTLP/JSON lines, which need not be there yet. The last line may be incomplete.
func logsOf(t *testing.T, file string) []plog.Logs {
	t.Helper()
	content, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	require.NoError(t, err)
	var all []plog.Logs
	complete := content[:bytes.LastIndexByte(content, '\n')+1]
	for line := range bytes.Lines(complete) {
		logs, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(line)
		require.NoError(t, err)
		all = append(all, logs)
	}
	return all
}
