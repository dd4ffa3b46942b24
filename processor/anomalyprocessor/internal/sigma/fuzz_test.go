// SPDX-License-Identifier: Apache-2.0

package sigma

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// seeds are the detections of the tests, as rules.
func seeds(f *testing.F) []string {
	f.Helper()
	files, err := filepath.Glob("testdata/meaning/*.yml")
	require.NoError(f, err)
	var texts []string
	for _, file := range append(files, "testdata/refusals.yml") {
		content, err := os.ReadFile(file)
		require.NoError(f, err)
		var cases []struct{ Text, Detection string }
		require.NoError(f, yaml.Unmarshal(content, &cases))
		for _, c := range cases {
			if c.Detection != "" {
				c.Text = ruleText("process_creation", c.Detection)
			}
			texts = append(texts, c.Text)
		}
	}
	shapes, err := filepath.Glob("testdata/shapes/*.yml")
	require.NoError(f, err)
	for _, file := range shapes {
		content, err := os.ReadFile(file)
		require.NoError(f, err)
		texts = append(texts, string(content))
	}
	return append(texts, goodRule)
}

// Whatever is in a file, it is a rule or refused with a reason, and a rule answers for any event.
func FuzzLoad(f *testing.F) {
	for _, seed := range seeds(f) {
		f.Add(seed, "/bin/SH", "sh -c é")
	}
	var event Event
	f.Fuzz(func(t *testing.T, text, image, commandLine string) {
		set, report := loadTexts(map[string]string{"rule.yml": text})
		require.Equal(t, 1, set.Len()+len(report.Refused))
		for _, refused := range report.Refused {
			require.NotEmpty(t, refused.Reason)
			require.LessOrEqual(t, len(refused.Title), titleBytesMax)
		}
		for category := range categoryCount {
			event.Reset(category)
			require.LessOrEqual(t, len(set.Match(&event, nil)), 1)
			event.SetText(FieldImage, image)
			event.SetText(FieldTargetFilename, image)
			event.SetText(FieldCommandLine, commandLine)
			event.SetText(FieldDestinationIP, commandLine)
			event.SetNumber(FieldDestinationPort, int64(len(commandLine)))
			require.LessOrEqual(t, len(set.Match(&event, nil)), 1)
		}
		for _, matches := range set.matches {
			require.LessOrEqual(t, matches.tests(), testsPerRuleMax)
		}
	})
}

// A value with wildcards matches what the regular expression matches that says the same, by whatever way it is
// compared; and a program that is looked up by its name is found.
func FuzzPattern(f *testing.F) {
	for _, seed := range [][2]string{
		{"a*b", "aab"}, {"*/sh", "/bin/sh"}, {"/bin/sh", "/BIN/sh"}, {`a\*b?`, "a*bc"}, {"*a*bc*", "xaybcz"}, {"ab*ba", "aba"},
		{"*--very-long-option*", "x --VERY-long-option=1"}, {"É*", "é"}, {"", ""}, {`\\*`, `\`}, {"a*/*sh", "a/zsh"},
	} {
		f.Add(seed[0], seed[1], false)
		f.Add(seed[0], seed[1], true)
	}
	var event Event
	f.Fuzz(func(t *testing.T, value, text string, cased bool) {
		if !utf8.ValidString(value) || strings.ContainsRune(value, utf8.RuneError) || len(value)+len(text) > 4096 {
			t.Skip()
		}
		pieces := parseWildcards(value)
		compiled := newTexts(FieldImage, []pattern{compilePattern(pieces, !cased)}, false, cased)
		event.Reset(ProcessCreation)
		event.SetText(FieldImage, text)
		want := expressionOf(pieces, !cased).Match(event.text(FieldImage, cased))
		require.Equal(t, want, compiled.holds(&event), "%q like %q", text, value)
		if programs, known := programsOf(compiled); known && want {
			require.True(t, slices.Contains(programs, string(event.lastElement(FieldImage))), "%q in %q", text, programs)
		}
	})
}
