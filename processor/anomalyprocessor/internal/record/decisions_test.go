// SPDX-License-Identifier: Apache-2.0

package record

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/internal/names"
)

var update = flag.Bool("update", false, "renew docs/detection-events.md")

// Whoever adds an event has to decide what becomes of it.
func TestDecisions_areOfAllEvents(t *testing.T) {
	var described, decided []string
	for _, tracer := range names.Tracers() {
		for _, event := range tracer.Events {
			described = append(described, event.Name)
		}
	}
	for _, event := range slices.Concat(names.ControlEvents(), names.ReceiverEventRecords(), names.AnomalyEvents()) {
		described = append(described, event.Name)
	}
	for _, d := range Decisions() {
		decided = append(decided, d.Event)
		assert.NotEmpty(t, d.Why, d.Event)
		_, isRead := kinds[d.Event]
		assert.Equal(t, d.Fate == Judged || d.Fate == ContextOnly && d.Event != names.EventReceiverLoss, isRead, d.Event)
	}
	assert.Equal(t, described, decided, "in the order in which docs/telemetry.md has them")
	assert.Subset(t, decided, keysOf(kinds))
}

func keysOf[T any](all map[string]T) []string {
	var keys []string
	for key := range all {
		keys = append(keys, key)
	}
	return keys
}

const page = "../../../../docs/detection-events.md"

func TestDecisions_page(t *testing.T) {
	text := &strings.Builder{}
	text.WriteString("# Events in detection\n\n<!-- Made from processor/anomalyprocessor/internal/record by make generate: change it there. -->\n\n" +
		"What the processor `anomaly` does with each event. Events that are judged are compared with what their workload normally does; a\n" +
		"surprise alone is no incident. Context is not judged, and used. [Rules](../processor/anomalyprocessor/rules/README.md) see what they are\n" +
		"about in any case. What the events are: [telemetry.md](telemetry.md).\n\n| event | | why |\n| --- | --- | --- |\n")
	for _, d := range Decisions() {
		fmt.Fprintf(text, "| `%s` | %s | %s |\n", d.Event, d.Fate, d.Why)
	}
	if *update {
		require.NoError(t, os.WriteFile(page, []byte(text.String()), 0o644))
		return
	}
	content, err := os.ReadFile(page)
	require.NoError(t, err)
	assert.Equal(t, text.String(), string(content), "run: make generate")
}
