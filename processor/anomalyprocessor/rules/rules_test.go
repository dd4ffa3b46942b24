// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/sigma"
)

// load loads the rules, none of which may be refused.
func load(t testing.TB) *sigma.Set {
	t.Helper()
	set, report := sigma.Load(sigma.Source{Name: "built-in", Files: Files})
	require.Empty(t, report.Refused)
	return set
}

// fill makes an event of a category of values by the names of fields.
func fill(t *testing.T, event *sigma.Event, category sigma.Category, values map[string]any) {
	t.Helper()
	fields := make(map[string]sigma.Field)
	for _, field := range sigma.Fields() {
		fields[field.String()] = field
	}
	event.Reset(category)
	for name, value := range values {
		field, known := fields[name]
		require.True(t, known, name)
		require.True(t, sigma.MappingOf(field).In(category), "no event of %s has %s", category, name)
		switch value := value.(type) {
		case string:
			event.SetText(field, value)
		case int:
			event.SetNumber(field, int64(value))
		case bool:
			event.SetTruth(field, value)
		}
	}
}

// Each rule matches what it is about, and not what looks like it.
func TestRules(t *testing.T) {
	text, err := os.ReadFile("testdata/events.yml")
	require.NoError(t, err)
	var events map[string]struct{ Fires, Misses []map[string]any }
	require.NoError(t, yaml.Unmarshal(text, &events))
	set := load(t)
	var event sigma.Event
	for number := range set.Len() {
		rule := set.Rule(number)
		name := strings.TrimSuffix(rule.File, ".yml")
		t.Run(name, func(t *testing.T) {
			require.NotEmpty(t, events[name].Fires)
			require.NotEmpty(t, events[name].Misses)
			for _, values := range events[name].Fires {
				fill(t, &event, rule.Category, values)
				assert.Contains(t, set.Match(&event, nil), number, "%v", values)
			}
			for _, values := range events[name].Misses {
				fill(t, &event, rule.Category, values)
				assert.NotContains(t, set.Match(&event, nil), number, "%v", values)
			}
		})
		delete(events, name)
	}
	assert.Empty(t, events, "events of rules that don't exist")
}

// Each rule says who may use it, what it is about in ATT&CK's terms, and when it is wrong.
func TestRules_sayWhatTheyAre(t *testing.T) {
	set := load(t)
	for number := range set.Len() {
		rule := set.Rule(number)
		text, err := Files.ReadFile(rule.File)
		require.NoError(t, err)
		assert.Contains(t, string(text), "\nlicense: Apache-2.0\n", rule.File)
		assert.NotEmpty(t, rule.ID, rule.File)
		assert.NotEmpty(t, rule.Description, rule.File)
		assert.NotEmpty(t, rule.FalsePositives, rule.File)
		assert.NotEmpty(t, rule.Techniques, rule.File)
		assert.NotEmpty(t, rule.Tactics, rule.File)
		assert.Greater(t, rule.Level, sigma.Informational, rule.File)
		assert.Len(t, rule.Tags, len(rule.Techniques)+len(rule.Tactics), rule.File)
	}
}
