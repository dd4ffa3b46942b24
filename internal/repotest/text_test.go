// SPDX-License-Identifier: Apache-2.0

package repotest

import (
	"bytes"
	"fmt"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// outsideWords are what makes sense on one machine or in one tracker only. The repository speaks of
// itself: who reads it has nothing else.
func outsideWords(checkout string) map[string]*regexp.Regexp {
	return map[string]*regexp.Regexp{
		"a folder of one machine":  regexp.MustCompile("(?m)(?:^|[\\s\"'`=(])" + regexp.QuoteMeta(checkout) + `\b`),
		"an entry in a tracker":    regexp.MustCompile(`(?i)\bissues?[ -]#?\d+|\b(?:fix(?:es)?|close[sd]?|resolve[sd]?|see) #\d+`),
		"where modules come from":  regexp.MustCompile(`\bGO(?:PROXY|SUMDB)=`),
		"a task that is left over": regexp.MustCompile(`\b(?:TODO|FIXME|XXX)\b`),
	}
}

// outside returns the places of a file that name something outside of the repository.
func outside(f file, words map[string]*regexp.Regexp) []string {
	var found []string
	for what, expression := range words {
		for _, at := range expression.FindAllIndex(f.content, -1) {
			line := bytes.Count(f.content[:at[0]+1], []byte("\n")) + 1
			found = append(found, fmt.Sprintf("%s:%d: %q is %s: say it without", f.name, line, bytes.TrimSpace(f.content[at[0]:at[1]]), what))
		}
	}
	return found
}

func TestText(t *testing.T) {
	checkout, err := filepath.Abs(root)
	require.NoError(t, err)
	words := outsideWords(checkout)
	for _, f := range files(t) {
		// This file has to name what it looks for. Bytes that are no text say nothing.
		if f.name == "internal/repotest/text_test.go" || bytes.IndexByte(f.content, 0) >= 0 {
			continue
		}
		for _, found := range outside(f, words) {
			t.Error(found)
		}
	}
}

func TestText_findsWhatIsOutside(t *testing.T) {
	for line, want := range map[string]bool{
		"see /src/meerkat/notes.md":             true,
		"cd /src/meerkat":                       true,
		"/src/meerkats":                         false,
		"as issue 7 wants":                      true,
		"fixes #12":                             true,
		"an issue with 7 parts":                 false,
		"GOPROXY=off":                           true,
		"TODO later":                            true,
		"read_paths: [/etc/shadow, /root/.ssh]": false,
	} {
		assert.Equal(t, want, len(outside(file{"x", []byte(line)}, outsideWords("/src/meerkat"))) > 0, line)
	}
}
