// SPDX-License-Identifier: Apache-2.0

package scenariotest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Old answers go, comments and empty lines stay, and an answer may have several lines, or none.
func TestAnswered(t *testing.T) {
	got := Answered("# about\n\nsay a b\n> old\n> older\nnothing\n", func(words []string) string {
		if words[0] == "say" {
			return strings.Join(words[1:], "\n")
		}
		return ""
	})
	assert.Equal(t, "# about\n\nsay a b\n> a\n> b\nnothing\n", got)
}

// What comes out is compared with the file beside, which is written if that is wanted.
func TestRun(t *testing.T) {
	type scenario struct {
		About string `yaml:"about"`
	}
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "one.yaml"), []byte("about: It is told.\n"), 0o600))
	play := func(_ *testing.T, s scenario) string { return s.About }
	Run(t, folder, true, play)
	Run(t, folder, false, play)
	golden, err := os.ReadFile(filepath.Join(folder, "one.golden"))
	require.NoError(t, err)
	assert.Equal(t, "It is told.", string(golden))
}

func TestRunScripts(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "one.txt")
	require.NoError(t, os.WriteFile(file, []byte("greet\n"), 0o600))
	play := func(_ *testing.T, script string) string {
		return Answered(script, func([]string) string { return "hello" })
	}
	RunScripts(t, folder, true, play)
	RunScripts(t, folder, false, play)
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, "greet\n> hello\n", string(content))
}
