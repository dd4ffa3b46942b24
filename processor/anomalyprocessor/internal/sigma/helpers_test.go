// SPDX-License-Identifier: Apache-2.0

package sigma

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

// ruleText is a rule for a category, with a detection that is indented by nothing.
func ruleText(category, detection string) string {
	lines := strings.Split(strings.TrimRight(detection, "\n"), "\n")
	return "title: test\nlogsource: {product: linux, category: " + category + "}\ndetection:\n  " + strings.Join(lines, "\n  ") + "\n"
}

// loadTexts loads rules from files with these contents.
func loadTexts(files map[string]string) (*Set, Report) {
	folder := fstest.MapFS{}
	for name, text := range files {
		folder[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return Load(Source{"test", folder})
}

// refused loads one rule that has to be refused.
func refused(t *testing.T, text string) Refused {
	t.Helper()
	set, report := loadTexts(map[string]string{"rule.yml": text})
	require.Zero(t, set.Len(), "the rule is accepted:\n%s", text)
	require.Len(t, report.Refused, 1)
	return report.Refused[0]
}

// fill makes an event of values by the names of fields.
func fill(t testing.TB, event *Event, category string, values map[string]any) {
	t.Helper()
	known, ok := categoryOf(category)
	require.True(t, ok, category)
	event.Reset(known)
	for name, value := range values {
		field, known := byLowerName[strings.ToLower(name)]
		require.True(t, known, name)
		switch value := value.(type) {
		case string:
			event.SetText(field, value)
		case int:
			event.SetNumber(field, int64(value))
		case bool:
			event.SetTruth(field, value)
		default:
			require.Fail(t, "a value of another type", "%s: %v", name, value)
		}
	}
}
