// SPDX-License-Identifier: Apache-2.0

// Package scenariotest plays scenarios: files that say what a component gets, beside which stands what comes out of it. It is for tests only, and
// knows no component.
package scenariotest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// Run plays each file of a folder that ends in .yaml, and compares what comes out with the file beside it that ends in .golden; with update it
// writes that. A field that a scenario does not have is an error, and so is a folder without scenarios.
func Run[Scenario any](t *testing.T, folder string, update bool, play func(*testing.T, Scenario) string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		name := strings.TrimSuffix(file, ".yaml")
		t.Run(filepath.Base(name), func(t *testing.T) {
			got := play(t, Read[Scenario](t, file))
			if update {
				require.NoError(t, os.WriteFile(name+".golden", []byte(got), 0o600))
			}
			want, err := os.ReadFile(name + ".golden")
			require.NoError(t, err)
			assert.Equal(t, string(want), got)
		})
	}
}

// Read returns the scenario in a file.
func Read[Scenario any](t testing.TB, file string) Scenario {
	t.Helper()
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	var s Scenario
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	decoder.KnownFields(true)
	require.NoError(t, decoder.Decode(&s))
	return s
}

// RunScripts plays each file of a folder that ends in .txt: a script with a command per line, each followed by what it says, in lines that begin
// with >. What the commands say has to be that, and the same each time; with update it is written. Play is given a script with or without answers
// to a stage of its own, and returns it with them.
func RunScripts(t *testing.T, folder string, update bool, play func(t *testing.T, script string) string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.txt"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			content, err := os.ReadFile(file)
			require.NoError(t, err)
			got := play(t, string(content))
			if update {
				require.NoError(t, os.WriteFile(file, []byte(got), 0o600))
				return
			}
			assert.Equal(t, string(content), got)
			assert.Equal(t, got, play(t, string(content)), "the same again")
		})
	}
}

// Answered returns a script with what its commands say, which had other answers, or none. A command is its words; what it says may have several lines.
func Answered(script string, command func(words []string) string) string {
	var out strings.Builder
	for line := range strings.Lines(script) {
		if strings.HasPrefix(line, ">") {
			continue
		}
		out.WriteString(line)
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		for said := range strings.Lines(command(strings.Fields(line))) {
			fmt.Fprintf(&out, "> %s\n", strings.TrimRight(said, "\n"))
		}
	}
	return out.String()
}
