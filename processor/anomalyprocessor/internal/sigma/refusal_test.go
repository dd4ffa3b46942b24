// SPDX-License-Identifier: Apache-2.0

package sigma

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// What can't be understood or evaluated is refused with the line and the reason.
func TestRefusals(t *testing.T) {
	text, err := os.ReadFile("testdata/refusals.yml")
	require.NoError(t, err)
	var cases []struct {
		Text, Detection, Category, Cause, Reason string
		Line                                     int
	}
	require.NoError(t, yaml.Unmarshal(text, &cases))
	for _, c := range cases {
		text := c.Text
		if c.Detection != "" {
			if c.Category == "" {
				c.Category = "process_creation"
			}
			text = ruleText(c.Category, c.Detection)
		}
		got := refused(t, text)
		assert.Equal(t, c.Cause, got.Cause.String(), text)
		assert.Contains(t, got.Reason, c.Reason, text)
		if c.Line > 0 {
			assert.Equal(t, c.Line, got.Line, text)
		}
		assert.Equal(t, "rule.yml", got.File)
	}
}

// list is a YAML list of numbered texts.
func list(count int) string {
	items := make([]string, count)
	for i := range items {
		items[i] = fmt.Sprintf("'x%d'", i)
	}
	return "[" + strings.Join(items, ",") + "]"
}

// Each limit is kept, and names itself.
func TestRefusals_limits(t *testing.T) {
	many := "s: {CommandLine|contains: " + list(600) + "}\ncondition: " + strings.Repeat("s and ", 6) + "s"
	identifiers := strings.Builder{}
	for i := range identifiersMax + 1 {
		fmt.Fprintf(&identifiers, "s%d: {Image: a}\n", i)
	}
	exec := func(detection string) string { return ruleText("process_creation", detection) }
	for name, c := range map[string]struct{ text, reason string }{
		"bytes of a file":       {strings.Repeat("#", fileBytesMax+1), "more than 65536 bytes"},
		"title":                 {"title: " + strings.Repeat("é", titleBytesMax), "the title has more than 1024 bytes"},
		"tags":                  {"title: a\ntags: " + list(metadataItemsMax+1), "tags has 257 items, 256 are allowed"},
		"values of a field":     {exec("s: {Image: " + list(listItemsMax+1) + "}\ncondition: s"), "has 1025 values, 1024 are allowed"},
		"maps in a list":        {exec("s: " + list(listItemsMax+1) + "\ncondition: s"), "has 1025 items, 1024 are allowed"},
		"conditions":            {exec("s: {Image: a}\ncondition: " + list(identifiersMax+1)), "there are 129 conditions"},
		"search identifiers":    {exec(identifiers.String() + "condition: s1"), "has 129 search identifiers, 128 are allowed"},
		"bytes of a value":      {exec("s: {Image: " + strings.Repeat("a", valueBytesMax+1) + "}\ncondition: s"), "has 8193 bytes, 8192 are allowed"},
		"bytes of a condition":  {exec("s: {Image: a}\ncondition: " + strings.Repeat("s and ", 700) + "s"), "has 4201 bytes, 4096 are allowed"},
		"bytes of a regex":      {exec("s: {Image|re: " + strings.Repeat("a", expressionBytesMax+1) + "}\ncondition: s"), "has 1025 bytes, 1024 are allowed"},
		"values of a condition": {exec(many), "compares more than 4096 values"},
		"steps of regexes":      {exec("s: {CommandLine|re: ['(.){200,}a', '(.){200,}b', '(.){200,}c', '(.){200,}d', '(.){200,}e', '(.){200,}f', '(.){200,}g']}\ncondition: s"), "too large together: 4096 steps"},
		"question marks":        {exec("s: {CommandLine: '" + strings.Repeat("?*", 2000) + "'}\ncondition: s"), "compares more than 4096 values"},
		"negations":             {exec("s: {Image: a}\ncondition: " + strings.Repeat("not ", conditionDepthMax+1) + "s"), "nested deeper than 32"},
	} {
		t.Run(name, func(t *testing.T) {
			got := refused(t, c.text)
			assert.Equal(t, OverLimit, got.Cause)
			assert.Contains(t, got.Reason, c.reason)
			assert.LessOrEqual(t, len(got.Title), titleBytesMax)
		})
	}
}
