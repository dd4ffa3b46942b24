// SPDX-License-Identifier: Apache-2.0

//go:build linux

package emit_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "write what comes out into the scenarios, instead of comparing it")

// Scenarios are sequences of raw records that a kernel wrote, and what becomes of them. A scenario is a
// txtar archive whose files are steps, taken in order:
//
//	boot                  when the machine started, which sets the clock; again for a clock that jumps
//	options               "fork" and "environment NAME": what is configured
//	cgroups               "id path" of cgroups that were there before
//	containers            "namespace/id" of containers that containerd keeps state of
//	bundle namespace/id   the OCI configuration of one of them, as far as it matters
//	process snapshot      what the iterator wrote, as one stream
//	TRACER KIND           one record of a ring buffer; the kind is checked
//	TRACER corrupt        one that can't be decoded
//	TRACER seen           an entry of the map of repeats: key, then count
//	file seen             an entry of the map of repeats: key, then count
//	udp flow closed       an entry of the map of flows: key, then flow
//	dns time              the time, for questions that are not answered; in nanoseconds
//	TRACER logs           the records that have come out since the last such step, as OTLP/JSON
//	TRACER skipped        why records could not be decoded since the last such step
//
// Bytes are written as by hexdump -C. The recorder makes all of it but the results, which come from
// running the tests with -update.
const scenarioFolder = "testdata/scenarios"

func TestScenarios(t *testing.T) {
	for _, path := range scenarioPaths(t) {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive := readScenario(t, path)
			r := newReplay(t)
			for i := range archive.Files {
				r.step(&archive.Files[i])
			}
			r.end()
			if *update {
				require.NoError(t, os.WriteFile(path, txtar.Format(archive), 0o644))
			}
		})
	}
}

func scenarioPaths(t testing.TB) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(scenarioFolder, "*.txtar"))
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	return paths
}

func readScenario(t testing.TB, path string) *txtar.Archive {
	t.Helper()
	archive, err := txtar.ParseFile(path)
	require.NoError(t, err)
	require.NotEmpty(t, archive.Comment, "%s does not say what it is about", path)
	return archive
}

// dump writes bytes as hexdump -C does.
func dump(b []byte) []byte { return []byte(hex.Dump(b)) }

// undump is the reverse of dump.
func undump(t testing.TB, text []byte) []byte {
	t.Helper()
	var b []byte
	for line := range bytes.Lines(text) {
		line, _, _ = bytes.Cut(line, []byte("|"))
		fields := bytes.Fields(line)
		if len(fields) == 0 {
			continue
		}
		decoded, err := hex.DecodeString(string(bytes.Join(fields[1:], nil)))
		require.NoError(t, err, "%s", line)
		b = append(b, decoded...)
	}
	return b
}

func TestDump_isReversible(t *testing.T) {
	for length := range 70 {
		b := bytes.Repeat([]byte{'|', 0, 0xff}, 30)[:length]
		require.True(t, bytes.Equal(b, undump(t, dump(b))), "%d bytes", length)
	}
}

// attribute matches a simple attribute that json.Indent has spread over six lines.
var attribute = regexp.MustCompile(`\{\s+"key": ("(?:[^"\\]|\\.)*"),\s+"value": \{\s+("\w+": (?:"(?:[^"\\]|\\.)*"|[^\s"{}\[\]]+))\s+\}\s+\}`)

// asJSON is OTLP/JSON that people can read: an attribute takes a line.
func asJSON(t testing.TB, logs plog.Logs) []byte {
	t.Helper()
	compact, err := (&plog.JSONMarshaler{}).MarshalLogs(logs)
	require.NoError(t, err)
	var indented bytes.Buffer
	require.NoError(t, json.Indent(&indented, compact, "", " "))
	indented.WriteByte('\n')
	return attribute.ReplaceAll(indented.Bytes(), []byte(`{"key": $1, "value": {$2}}`))
}

// parseBoot reads the content of a step "boot".
func parseBoot(t testing.TB, content []byte) time.Duration {
	t.Helper()
	boot, err := time.Parse(time.RFC3339Nano, strings.TrimSpace(string(content)))
	require.NoError(t, err)
	return time.Duration(boot.UnixNano())
}

// lines are those of a step that are not empty.
func lines(content []byte) []string {
	return strings.FieldsFunc(string(content), func(r rune) bool { return r == '\n' })
}

func formatLines(lines []string) []byte {
	var b bytes.Buffer
	for _, line := range lines {
		fmt.Fprintln(&b, line)
	}
	return b.Bytes()
}
