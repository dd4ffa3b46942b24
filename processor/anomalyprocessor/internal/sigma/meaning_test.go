// SPDX-License-Identifier: Apache-2.0

package sigma

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// meaning is one case of what the specification says.
type meaning struct {
	About     string
	Category  string
	Detection string
	Matches   []map[string]any
	Misses    []map[string]any
}

// What the specification says about values, modifiers and conditions holds.
func TestMeaning(t *testing.T) {
	files, err := filepath.Glob("testdata/meaning/*.yml")
	require.NoError(t, err)
	require.Len(t, files, 3)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var cases []meaning
		require.NoError(t, yaml.Unmarshal(text, &cases))
		for _, c := range cases {
			t.Run(c.About, c.run)
		}
	}
}

func (m meaning) run(t *testing.T) {
	if m.Category == "" {
		m.Category = "process_creation"
	}
	require.NotEmpty(t, m.Matches)
	require.NotEmpty(t, m.Misses)
	set, report := loadTexts(map[string]string{"rule.yml": ruleText(m.Category, m.Detection)})
	require.Empty(t, report.Refused)
	var event Event
	for _, values := range m.Matches {
		fill(t, &event, m.Category, values)
		assert.Equal(t, []int{0}, set.Match(&event, nil), "does not match %v", values)
	}
	for _, values := range m.Misses {
		fill(t, &event, m.Category, values)
		assert.Empty(t, set.Match(&event, nil), "matches %v", values)
	}
}
