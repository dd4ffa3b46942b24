// SPDX-License-Identifier: Apache-2.0

package incident

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// restart is what a restart does with a tracker.
func restart(t *testing.T, tracker *Tracker, onlyRaised bool) *Tracker {
	t.Helper()
	written, err := json.Marshal(tracker.Snapshot(onlyRaised))
	require.NoError(t, err)
	var read Snapshot
	require.NoError(t, json.Unmarshal(written, &read))
	restored, err := Restore(read)
	require.NoError(t, err)
	again, err := json.Marshal(restored.Snapshot(onlyRaised))
	require.NoError(t, err)
	assert.JSONEq(t, string(written), string(again))
	return restored
}

// A restart after each command of a scenario changes nothing of what it says, once the workload is learned.
func TestSnapshot_scenarios(t *testing.T) {
	names, err := filepath.Glob("testdata/scenarios/*.txt")
	require.NoError(t, err)
	for _, name := range names {
		content, err := os.ReadFile(name)
		require.NoError(t, err)
		s, restarts := newStage(t), 0
		var out strings.Builder
		for line := range strings.Lines(string(content)) {
			out.WriteString(s.play(line))
			// Jobs that lead to nothing yet are forgotten.
			ofJobs := strings.HasSuffix(name, "named.txt") || strings.HasSuffix(name, "cousins.txt")
			if s.tracker.learned && (!ofJobs || strings.HasPrefix(line, "incidents")) {
				s.tracker = restart(t, s.tracker, false)
				restarts++
			}
		}
		assert.Equal(t, string(content), out.String(), name)
		if !strings.Contains(name, "learning_amid") {
			assert.Greater(t, restarts, 3, name)
		}
	}
}

// While everything is new, only what was raised or is sensitive is worth being kept.
func TestSnapshot_learning(t *testing.T) {
	s := newStage(t)
	s.hint = Hint{Bits: 5}
	s.play("start 10 1 /usr/bin/python3\n")
	require.Len(t, s.tracker.Open(), 1)
	assert.Empty(t, restart(t, s.tracker, false).Open())
	s.play("start 20 1 /bin/sh\n")
	assert.Len(t, restart(t, s.tracker, false).Open(), 1)
	s.tracker.Open()[0].Raised = true
	s.tracker = restart(t, s.tracker, true)
	require.Len(t, s.tracker.Open(), 1)
	assert.Contains(t, s.play("start 13 10 /bin/odd\n"), "#1")
	assert.Empty(t, trained(t).tracker.Snapshot(false).Processes, "without an incident nothing leads to one")
}

func TestSnapshot_onlyRaised(t *testing.T) {
	s := trained(t)
	s.play("start 20 10 /bin/sh\nstart 21 99 /bin/odd\n")
	open := s.tracker.Open()
	require.Len(t, open, 2)
	open[0].Raised = true
	kept := restart(t, s.tracker, true).Open()
	require.Len(t, kept, 1)
	assert.Equal(t, open[0].Number, kept[0].Number)
}

func TestRestore_complains(t *testing.T) {
	for complaint, written := range map[string]string{
		"number 0 of 5":         `{"opened": 5, "incidents": [{}]}`,
		"number 6 of 5":         `{"opened": 5, "incidents": [{"number": 6}]}`,
		"number 1 of 5 twice":   `{"opened": 5, "incidents": [{"number": 1}, {"number": 1}]}`,
		`action "dance"`:        `{"opened": 5, "incidents": [{"number": 1, "behaviours": [{"action": "dance"}]}]}`,
		`sensitivity "nervous"`: `{"opened": 5, "incidents": [{"number": 1, "behaviours": [{"action": "exec", "sensitivity": "nervous"}]}]}`,
		"a weight of 1e+300":    `{"opened": 5, "incidents": [{"number": 1, "behaviours": [{"action": "exec", "weight": 1e300}]}]}`,
		"behaviour 7 twice":     `{"opened": 5, "incidents": [{"number": 1, "behaviours": [{"id": 7, "action": "exec"}, {"id": 7, "action": "exec"}]}]}`,
	} {
		var s Snapshot
		require.NoError(t, json.Unmarshal([]byte(written), &s), complaint)
		_, err := Restore(s)
		require.ErrorIs(t, err, ErrSnapshot, complaint)
		assert.ErrorContains(t, err, complaint)
	}
	for complaint, written := range map[string]string{
		"1 weights of 2 behaviours": `{"ids": [1, 2], "weights": [1]}`,
		"a weight of -1":            `{"ids": [1], "weights": [-1]}`,
		`action "dance"`:            `{"actions": {"dance": 1}}`,
	} {
		var s SignatureSnapshot
		require.NoError(t, json.Unmarshal([]byte(written), &s), complaint)
		_, err := s.Restore()
		require.ErrorIs(t, err, ErrSnapshot, complaint)
		assert.ErrorContains(t, err, complaint)
	}
}

// Whoever adds a field has to say what becomes of it in a restart: keep it in a snapshot, or name it here.
func TestSnapshot_knowsAllFields(t *testing.T) {
	for of, fields := range map[reflect.Type][]string{
		reflect.TypeFor[Tracker](): {"processes", "open", "learned",
			"stats",           // only the number of the last incident: what was counted was counted
			"touches",         // made anew
			"Room", "settled", // of this run
			"swept",       // found out again
			"executables", // those of the processes
		},
		reflect.TypeFor[process](): {"key", "parent", "incident", "unusual", "ended", "executed", "touched", "seen", "executable", "began", "started", "odd",
			"named", // what an incident names
		},
		reflect.TypeFor[Named]():     {"Process", "Parent", "Executable", "First", "Role"},
		reflect.TypeFor[Node]():      {"Process", "Parent", "Executable", "First"},
		reflect.TypeFor[Signature](): {"weights", "actions", "destinations"},
		reflect.TypeFor[Behaviour](): {"ID", "Keys", "Weight", "Expected", "Sensitivity", "Action", "Process", "First", "Count", "Destination",
			"Object", "Explanation", "Variants", "Excuses", "Ends", "Forbidden", "lookedUp"},
		reflect.TypeFor[Incident](): {"Number", "Opened", "Last", "Raised", "RaisedAt", "Nodes", "Behaviours", "MoreNodes", "MoreBehaviours", "MoreVariants", "files",
			"Named", "MoreNamed",
			"index", // made anew
			"hinted",
			"small",  // it has grown as far as it could
			"closed", // those are not kept
			"into",   // nor are those that are parts of others
		},
	} {
		for field := range of.Fields() {
			assert.True(t, slices.Contains(fields, field.Name), "%s.%s: what becomes of it in a restart?", of, field.Name)
		}
	}
}

func FuzzRestore(f *testing.F) {
	s := trained(&testing.T{})
	s.play("start 20 10 /bin/sh\ndo 20 write /tmp/x\ndo 20 connect 203.0.113.9:80\nstart 21 99 /bin/odd\n")
	written, err := json.Marshal(s.tracker.Snapshot(false))
	require.NoError(f, err)
	f.Add(written)
	f.Add([]byte(`{"opened": 1, "incidents": [{"number": 1}], "processes": [{"process": {"pid": 1}, "parent": {"pid": 1}, "incident": 1}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var read Snapshot
		if len(data) > 1<<16 || json.Unmarshal(data, &read) != nil {
			return
		}
		restored, err := Restore(read)
		if err != nil {
			return
		}
		s := trained(t)
		s.tracker = restart(t, restored, false)
		s.play("start 20 10 /bin/sh\ndo 20 write /tmp/x\nincidents\nexpire\n")
		for _, i := range s.tracker.Open() {
			signature, err := json.Marshal(SignatureOf(i).Snapshot())
			require.NoError(t, err)
			var again SignatureSnapshot
			require.NoError(t, json.Unmarshal(signature, &again))
			_, err = again.Restore()
			require.NoError(t, err)
		}
	})
}
