// SPDX-License-Identifier: Apache-2.0

package repotest

import (
	"bytes"
	"fmt"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
)

// outsideWords are what makes sense on one machine or in one tracker only. The repository speaks of
// itself: who reads it has nothing else.
func outsideWords() map[string]*regexp.Regexp {
	return map[string]*regexp.Regexp{
		"a folder of one machine":  regexp.MustCompile(`(?m)(?:^|[\s"'=(])/work\b|/tmp/h\b|\.library\b`),
		"a document elsewhere":     regexp.MustCompile(`\bshared/(?:design|reference|hooks)\b`),
		"an entry in a tracker":    regexp.MustCompile(`(?i)\bissues?[ -]#?\d+|\b(?:fix(?:es)?|close[sd]?|resolve[sd]?|see) #\d+`),
		"a module proxy's address": regexp.MustCompile(`\b(?:proxy|sum)\.golang\.org\b`),
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
	words := outsideWords()
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
		"see /work/notes.md":                    true,
		"open(\"/work\")":                       true,
		"internal/work/x":                       false,
		"bpf/include/workload.h":                false,
		"as ../shared/design.md says":           true,
		"internal/shared holds instances":       false,
		"as issue 7 wants":                      true,
		"fixes #12":                             true,
		"an issue with 7 parts":                 false,
		"GOPROXY=https://proxy.golang.org":      true,
		"TODO later":                            true,
		"read_paths: [/etc/shadow, /root/.ssh]": false,
	} {
		assert.Equal(t, want, len(outside(file{"x", []byte(line)}, outsideWords())) > 0, line)
	}
}
