// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/internal/corpus"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/record"
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

// The corpus of this repository is read as the processor reads records, and measured on the same each time. How good the figures are is not
// for a test to say: they are in docs/detection-measured.md.
func TestSessions(t *testing.T) {
	folder := "../../../../" + corpusDefault
	split, err := corpus.ReadSplit(folder)
	require.NoError(t, err)
	runs, reader, err := readSessions(folder, split.Train)
	require.NoError(t, err)
	assert.Equal(t, split.Train, workloads(runs))
	assert.Greater(t, reader.outcomes[record.Read], 1000)
	assert.Zero(t, reader.outcomes[record.Unresolved], "containers have their names")
	r, err := evaluate(variants()[0], runs, nil)
	require.NoError(t, err)
	assert.Positive(t, r.attacks)
	assert.Positive(t, r.found)
	assert.Positive(t, r.stepsNamed)
	again, err := evaluate(variants()[0], runs, nil)
	require.NoError(t, err)
	var first, second bytes.Buffer
	r.print(&first)
	again.print(&second)
	assert.Equal(t, first.String()+r.details(), second.String()+again.details())
}

// Steps of a slow attack move away from each other, and events with them.
func TestSpread(t *testing.T) {
	at := func(seconds int) time.Time { return time.Unix(1_800_000_000+int64(seconds), 0) }
	x := &execution{steps: []step{{first: at(1)}, {first: at(3)}, {}, {first: at(5)}}}
	for second := range 7 {
		x.events = append(x.events, event{Event: behaviour.Event{Time: at(second)}})
	}
	x.spread(time.Hour)
	var hours []int
	for second, e := range x.events {
		hours = append(hours, int(e.Time.Sub(at(second)).Hours()))
	}
	assert.Equal(t, []int{0, 0, 0, 1, 1, 2, 2}, hours)
	assert.Equal(t, at(5).Add(2*time.Hour), x.steps[3].first)
}

// recordedCorpus returns the corpus that others recorded, or skips: it is not part of the repository.
func recordedCorpus(t *testing.T) []*execution {
	t.Helper()
	path := os.Getenv("MEERKAT_HOST_EVENTS")
	if path == "" {
		path = "../../../../../shared/data/host-events"
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
	assert.GreaterOrEqual(t, r.duringFound, 32)
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
