// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/meerkat-otel/meerkat/internal/corpus"
	"github.com/meerkat-otel/meerkat/internal/names"
)

const (
	data         = "data"
	dataBytesMax = 6 << 20
	workloadsMin = 8
	attacksMin   = 25
	// attacksOfTestMin is how many of them are of workloads for the report only.
	attacksOfTestMin = 15
	sessionsMin      = 20
	eventsEachMin    = 500
)

func readAll(t *testing.T) map[string][]*corpus.Session {
	t.Helper()
	split, err := corpus.ReadSplit(data)
	require.NoError(t, err)
	all := map[string][]*corpus.Session{}
	for _, workload := range slices.Concat(split.Train, split.Test) {
		require.NotContains(t, all, workload, "no workload is on both sides of the split, or twice on one")
		sessions, err := corpus.Read(data, workload)
		require.NoError(t, err, workload)
		all[workload] = sessions
	}
	return all
}

// eachLog calls a function with each record of a session.
func eachLog(s *corpus.Session, do func(pcommon.Resource, plog.LogRecord)) {
	for _, resource := range s.Logs.ResourceLogs().All() {
		for _, scope := range resource.ScopeLogs().All() {
			for _, log := range scope.LogRecords().All() {
				do(resource.Resource(), log)
			}
		}
	}
}

func keyOf(attributes pcommon.Map) (key corpus.Process) {
	if created, err := time.Parse(time.RFC3339Nano, textOf(attributes, names.ProcessCreationTime)); err == nil {
		key = corpus.Process{PID: numberOf(attributes, names.ProcessPID), Created: created.UnixNano()}
	}
	return key
}

// What is committed is complete: each attack has its steps, each label its process.
func TestCorpus_labels(t *testing.T) {
	all := readAll(t)
	split, err := corpus.ReadSplit(data)
	require.NoError(t, err)
	attacks, err := readAttacks(".")
	require.NoError(t, err)
	recordedAttacks, inTest := map[string]*corpus.Session{}, 0
	for workload, sessions := range all {
		for _, s := range sessions {
			assert.Equal(t, workload, s.Workload)
			if s.Phase == corpus.Attack {
				recordedAttacks[s.Attack] = s
				if slices.Contains(split.Test, workload) {
					inTest++
				}
			}
		}
	}
	assert.GreaterOrEqual(t, len(recordedAttacks), attacksMin)
	assert.GreaterOrEqual(t, inTest, attacksOfTestMin)
	for _, a := range attacks {
		s := recordedAttacks[a.name]
		if assert.NotNil(t, s, "attack %s was not recorded: make record-corpus", a.name) {
			assertSteps(t, a, s)
		}
	}
	assert.Len(t, recordedAttacks, len(attacks))
}

func assertSteps(t *testing.T, a *attack, s *corpus.Session) {
	t.Helper()
	assert.Equal(t, a.Gap, s.Gap, a.name)
	require.Len(t, s.Steps, len(a.Steps), a.name)
	there := map[corpus.Process]bool{}
	eachLog(s, func(_ pcommon.Resource, log plog.LogRecord) { there[keyOf(log.Attributes())] = true })
	for at, step := range s.Steps {
		assert.Equal(t, a.Steps[at].Name, step.Name, a.name)
		assert.NotEmpty(t, step.Technique, "%s: %s", a.name, step.Name)
		assert.NotEmpty(t, step.Processes, "%s: %s", a.name, step.Name)
		assert.Positive(t, step.First, "%s: %s", a.name, step.Name)
		for _, p := range step.Processes {
			assert.True(t, there[p], "%s: %s: process %d is in no event", a.name, step.Name, p.PID)
		}
	}
}

// The corpus has what its description promises, and is small.
func TestCorpus_size(t *testing.T) {
	all := readAll(t)
	workloads, err := readWorkloads(".")
	require.NoError(t, err)
	assert.GreaterOrEqual(t, len(all), workloadsMin)
	for _, w := range workloads {
		sessions := all[w.name]
		phases, versions, events := map[string]int{}, map[string]map[int]bool{}, 0
		for _, s := range sessions {
			phases[s.Phase]++
			if versions[s.Phase] == nil {
				versions[s.Phase] = map[int]bool{}
			}
			versions[s.Phase][s.Version] = true
			events += s.Logs.LogRecordCount()
			assert.Positive(t, s.Logs.LogRecordCount(), "%s: a session without events", w.name)
		}
		assert.GreaterOrEqual(t, len(sessions), sessionsMin, w.name)
		assert.GreaterOrEqual(t, events, eventsEachMin, w.name)
		for _, phase := range []string{corpus.Train, corpus.Calibrate, corpus.Test, corpus.Drift, corpus.Attack} {
			assert.Positive(t, phases[phase], "%s has no session for %s", w.name, phase)
		}
		assert.Equal(t, map[int]bool{2: true}, versions[corpus.Drift], w.name)
		assert.Equal(t, map[int]bool{1: true}, versions[corpus.Test], w.name)
	}
	files, err := os.ReadDir(data)
	require.NoError(t, err)
	size := int64(0)
	for _, f := range files {
		info, err := f.Info()
		require.NoError(t, err)
		size += info.Size()
	}
	assert.Less(t, size, int64(dataBytesMax))
}

// Nothing in the events tells of the machine that recorded them, or which of them are labelled.
func TestCorpus_tellsNothingElse(t *testing.T) {
	own, err := os.Hostname()
	require.NoError(t, err)
	marks := [][]byte{[]byte(stepVariable), []byte("X-Step"), []byte(workFolder)}
	if len(own) > len("localhost") {
		marks = append(marks, []byte(own))
	}
	if id, err := os.ReadFile("/etc/machine-id"); err == nil && len(id) > 16 {
		marks = append(marks, bytes.TrimSpace(id))
	}
	if here, err := filepath.Abs("../.."); err == nil && here != "/" {
		marks = append(marks, []byte(here+"/"))
	}
	for workload, sessions := range readAll(t) {
		for at, s := range sessions {
			eachLog(s, func(resource pcommon.Resource, log plog.LogRecord) {
				if textOf(resource.Attributes(), names.HostName) != hostName || textOf(resource.Attributes(), names.HostID) != hostID {
					t.Fatalf("%s, session %d: it is of another host", workload, at)
				}
				for _, name := range dropped {
					if _, ok := log.Attributes().Get(name); ok {
						t.Fatalf("%s, session %d: it has %s", workload, at, name)
					}
				}
			})
			message, err := (&plog.ProtoMarshaler{}).MarshalLogs(s.Logs)
			require.NoError(t, err)
			for _, mark := range marks {
				assert.False(t, bytes.Contains(message, mark), "%s, session %d: %q is in it", workload, at, mark)
			}
		}
	}
}

func TestFill(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	filled := fill(r, "{word} {word} {word2} {number} {other} {print $2}")
	assert.Regexp(t, `^([a-z]+) [a-z]+ [a-z]+ [0-9]+ \{other\} \{print \$2\}$`, filled)
	again := fill(rand.New(rand.NewPCG(1, 2)), "{word} {word} {word2} {number} {other} {print $2}")
	assert.Equal(t, filled, again)
}

func TestThroughDoor(t *testing.T) {
	web, db := &workload{Via: "http"}, &workload{Via: "sql"}
	assert.Equal(t, "GET /?a=id%3B+ls", throughDoor(web, "GET /?a={run}", task{step: 2, Run: "id; ls"}))
	assert.Equal(t, "copy to program 'export CORPUS_STEP=2; echo ''a'''", throughDoor(db, "copy to program '{run}'", task{step: 2, Run: "echo 'a'"}))
}

func TestStepMarks(t *testing.T) {
	for text, want := range map[string]string{
		"export CORPUS_STEP=2; id": "id", "sh -c export CORPUS_STEP=12; id > /tmp/out": "sh -c id > /tmp/out", "unset CORPUS_STEP; ls": "ls", "ls": "ls",
	} {
		assert.Equal(t, want, stepMarks.ReplaceAllString(text, ""))
	}
}
