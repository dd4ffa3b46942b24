// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// With nothing but incidents going on, what came before an incident was raised goes on with it.
func TestEvidence_earlier(t *testing.T) {
	config := quick()
	config.Forward, config.EventNameAttribute = forwardIncidents, true
	w := newWorld(t, config)
	web := deployment("web")
	w.learns(web, ordinaryTimes)
	odd := server.starts(200, "/usr/bin/odd")
	w.happens(web, executes(odd, "odd"))
	require.Empty(t, w.sinks[0].AllLogs(), "one new thing is no incident")
	w.now = w.now.Add(time.Second)
	w.happens(web, reads(odd, "/etc/shadow"), creates(odd, "/etc/cron.d/x"))
	w.ends()
	var events []string
	for _, batch := range w.sinks[0].AllLogs() {
		for _, resource := range batch.ResourceLogs().All() {
			for _, record := range resource.ScopeLogs().At(0).LogRecords().All() {
				events = append(events, record.EventName())
				again, _ := record.Attributes().Get(names.EventNameAttribute)
				assert.Equal(t, record.EventName(), again.Str())
				name, _ := resource.Resource().Attributes().Get(names.K8sDeploymentName)
				assert.Equal(t, "web", name.Str())
			}
		}
	}
	assert.Equal(t, []string{names.EventProcessExec, names.EventFileOpen, names.EventFileCreate, names.EventIncident},
		slices.DeleteFunc(events, func(name string) bool { return name == "" }))
	assert.Zero(t, w.core.evidence.bytes.Load())
}

// Copies have their bounds, and what belongs to nothing is dropped.
func TestEvidence_bounded(t *testing.T) {
	config := quick()
	config.Forward = forwardIncidents
	w := newWorld(t, config)
	web := deployment("web")
	w.learns(web, ordinaryTimes)
	odd := server.starts(200, "/usr/bin/odd")
	for range evidenceRecordsMax + 10 {
		w.happens(web, executes(odd, "odd"))
	}
	assert.Equal(t, uint64(10), w.core.evidence.omitted.Load())
	assert.Positive(t, w.core.evidence.bytes.Load())
	w.now = w.now.Add(time.Hour)
	w.core.upkeep(t.Context())
	assert.Zero(t, w.core.evidence.bytes.Load(), "it was no incident")
	w.ends()
}
