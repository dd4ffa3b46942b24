// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
)

const line = `{"run": 1, "workload": "web", "phase": "train", "chain": "", "t": 1795504878.5, "pid": 7, "ppid": 0, "exe": "/usr/bin/python3", ` +
	`"parent": "?", "kind": "KIND", "object": "OBJECT", "args": "ARGS", "evil": 0}` + "\n"

func lineOf(kind, object, args string) string {
	return strings.NewReplacer("KIND", kind, "OBJECT", object, "ARGS", args).Replace(line)
}

func TestReadLines(t *testing.T) {
	runs, err := readLines(strings.NewReader(lineOf("exec", "/usr/bin/python3", "python3 /srv/corpus/app.py web [evil]") +
		lineOf("write", recorderNotes, "") + lineOf("connect", "127.0.0.1:5432", "") +
		strings.Replace(lineOf("remove", "/srv/a", ""), `"evil": 0`, `"evil": 1`, 1)))
	require.NoError(t, err)
	require.Len(t, runs, 1)
	events := runs[0].events
	require.Len(t, events, 3, "the recorder's notes are left out")
	assert.Empty(t, events[0].Arguments, "what the recorder was told is left out")
	assert.Empty(t, events[0].ParentExecutable)
	assert.Equal(t, "127.0.0.1", events[1].Address.String())
	assert.Equal(t, behaviour.Delete, events[2].Action)
	assert.Equal(t, events[0].Process, events[2].Process)
	assert.True(t, runs[0].evil[events[2].Process])
}

func TestReadLines_complains(t *testing.T) {
	for complaint, text := range map[string]string{
		"line 1: unexpected end": "{",
		`kind "dance"`:           lineOf("dance", "/x", ""),
		"line 1: not an ip":      lineOf("connect", "nowhere", ""),
	} {
		_, err := readLines(strings.NewReader(text))
		assert.ErrorContains(t, err, complaint)
	}
	_, err := readCorpus(t.TempDir())
	require.ErrorContains(t, err, "no .jsonl.gz files")
	_, err = readCorpus("/nonexistent")
	assert.ErrorContains(t, err, "say where it is with -corpus")
}

// recordedCorpus returns the corpus, or skips: it is not part of the repository.
func recordedCorpus(t *testing.T) []*execution {
	t.Helper()
	path := os.Getenv("MEERKAT_HOST_EVENTS")
	if path == "" {
		path = "../../../../" + corpusDefault
	}
	runs, err := readCorpus(path)
	if errors.Is(err, fs.ErrNotExist) && os.Getenv("MEERKAT_HOST_EVENTS") == "" {
		t.Skipf("the recorded corpus is not there, it is not part of the repository: %v", err)
	}
	require.NoError(t, err)
	return runs
}

// The goals on the recorded corpus are reached, and the same each time.
func TestGoals(t *testing.T) {
	runs := recordedCorpus(t)
	r, err := evaluate(variants()[0], runs, nil)
	require.NoError(t, err)
	assert.GreaterOrEqual(t, r.found, 39)
	assert.LessOrEqual(t, r.falseBenign, 1)
	assert.Zero(t, r.falseBare, "nothing is raised for want of metadata")
	assert.LessOrEqual(t, r.driftRaised, 4)
	assert.Zero(t, r.joined)
	assert.GreaterOrEqual(t, r.precision(), 0.80)
	assert.GreaterOrEqual(t, r.recall(), 0.90)
	assert.GreaterOrEqual(t, r.duringFound, 36)
	for _, size := range r.bytes {
		assert.LessOrEqual(t, size, 256<<10)
	}
	var thirty bytes.Buffer
	require.NoError(t, month(&thirty, runs))
	assert.Contains(t, thirty.String(), " 0 incidents,")
	assert.Contains(t, thirty.String(), "Of 40 attacks after that, 40 are found")
	again, err := evaluate(variants()[0], runs, nil)
	require.NoError(t, err)
	var first, second bytes.Buffer
	r.print(&first)
	again.print(&second)
	assert.Equal(t, first.String(), second.String())
}
