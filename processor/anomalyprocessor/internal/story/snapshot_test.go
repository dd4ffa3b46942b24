// SPDX-License-Identifier: Apache-2.0

package story

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/incident"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/sigma"
)

// written is what a tracker with these open incidents writes.
func written(open ...*incident.Incident) incident.Snapshot {
	var s incident.Snapshot
	for _, i := range open {
		s.Incidents = append(s.Incidents, incident.OpenSnapshot{Number: i.Number})
	}
	return s
}

func origin(value any) json.RawMessage {
	data, _ := json.Marshal(value)
	return data
}

func originOf(data json.RawMessage) (any, error) {
	var text string
	err := json.Unmarshal(data, &text)
	return text, err
}

var rules = map[string]*sigma.Rule{"r1": {ID: "r1"}, "r2": {ID: "r2"}}

func source(open ...*incident.Incident) Source {
	return Source{Open: open, Origin: originOf, Rule: func(key string) *sigma.Rule { return rules[key] }}
}

// restart is what a restart does with a book whose tracker has these open incidents.
func restart(t *testing.T, b *Book, open ...*incident.Incident) *Book {
	t.Helper()
	data, err := json.Marshal(b.Snapshot(written(open...), origin))
	require.NoError(t, err)
	var read Snapshot
	require.NoError(t, json.Unmarshal(data, &read))
	restored, err := Restore(b.workload, read, source(open...))
	require.NoError(t, err)
	return restored
}

// All that is told of a story is the same after a restart, and it goes on as the same one.
func TestSnapshot(t *testing.T) {
	b := NewBook("w")
	first, second, quiet := raised(1, start, 1, 2, 3), raised(2, start, 1, 2), raised(3, start, 9)
	quiet.Raised = false
	s := b.Add(first, &Event{UID: "a", Instance: "c1", Rules: []*sigma.Rule{rules["r1"]}}, true)
	s.Origin = "pipeline"
	require.Same(t, s, b.Add(second, &Event{UID: "b", Instance: "c2", Rules: []*sigma.Rule{rules["r2"], {ID: "gone"}}}, true))
	require.Nil(t, b.Add(quiet, &Event{UID: "c"}, true))
	require.Equal(t, "opened", s.Tell(start))

	restored := restart(t, restart(t, b, first, second, quiet), first, second, quiet)
	require.Len(t, restored.Stories(), 1)
	same := restored.Stories()[0]
	assert.Equal(t, s.ID, same.ID)
	assert.Equal(t, "pipeline", same.Origin)
	assert.Equal(t, s.Opened(), same.Opened())
	assert.Equal(t, s.Last(), same.Last())
	assert.Equal(t, steps(s), steps(same))
	assert.Equal(t, uint64(1), same.Merged())
	facts := same.Facts()
	assert.Equal(t, []*sigma.Rule{rules["r1"], rules["r2"]}, facts.Rules)
	assert.Equal(t, uint64(1), facts.MoreRules, "a rule that is gone")
	assert.Zero(t, restored.Stats().Omitted, "counted before the restart")

	assert.False(t, same.Due(start.Add(time.Hour), time.Minute), "nothing is new")
	grow(second, start.Add(time.Second), 4)
	assert.Same(t, same, restored.Add(second, &Event{UID: "d"}, true))
	assert.Equal(t, "updated", same.Tell(start.Add(time.Minute)))
	quiet.Raised = true
	other := restored.Add(quiet, &Event{UID: "e"}, true)
	assert.Equal(t, []string{"c", "e"}, other.Facts().UIDs)
}

// What was over is remembered: the same again is the same story, and what was not told is told.
func TestSnapshot_closed(t *testing.T) {
	b := NewBook("w")
	s := b.Add(raised(1, start, 1, 2, 3), &Event{}, true)
	s.Origin = "pipeline"
	b.Tidy(start) // its incident is in no tracker, so it stays a member, and is not kept
	restored := restart(t, b)
	same := restored.Stories()[0]
	assert.True(t, same.Pending())
	assert.Equal(t, "closed", same.Tell(start))

	s.steps, s.moreSteps = fold(s.steps, s.moreSteps, raised(1, start, 1, 2, 3))
	s.processes, s.moreProcesses = foldProcesses(nil, 5, named())
	s.signatures = append(s.signatures, incident.SignatureOf(raised(1, start, 1, 2, 3)))
	s.members, s.closed, s.last = nil, true, start
	s.Unsent.Store(true)
	restored = restart(t, b)
	same = restored.Stories()[0]
	assert.Equal(t, []string{"1 x1", "2 x1", "3 x1"}, steps(same))
	processes, more := same.Processes()
	assert.Equal(t, []string{"1 unusual", "2 job", "3 below"}, rolesOf(processes))
	assert.Equal(t, uint64(5), more)
	assert.True(t, same.Due(start, time.Minute))
	assert.Same(t, same, restored.Add(raised(7, start.Add(time.Hour), 1, 2, 3), &Event{}, true))
}

func TestRestore_complains(t *testing.T) {
	for complaint, data := range map[string]string{
		`id ""`:              `{"stories": [{}]}`,
		`id "a"`:             `{"stories": [{"id": "a", "origin": "\"\""}, {"id": "a"}]}`,
		"a score of -1":      `{"stories": [{"id": "a", "score": -1}]}`,
		`action "dance"`:     `{"stories": [{"id": "a", "origin": "", "steps": [{"action": "dance"}]}]}`,
		"weights of 1":       `{"stories": [{"id": "a", "origin": "", "signatures": [{"ids": [1]}]}]}`,
		"cannot unmarshal":   `{"stories": [{"id": "a", "origin": 5}]}`,
		"no such thing here": `{"stories": [{"id": "a", "origin": "bad"}]}`,
	} {
		var s Snapshot
		require.NoError(t, json.Unmarshal([]byte(data), &s), complaint)
		from := source()
		from.Origin = func(data json.RawMessage) (any, error) {
			if string(data) == `"bad"` {
				return nil, errors.New("no such thing here")
			}
			return originOf(data)
		}
		_, err := Restore("w", s, from)
		assert.ErrorContains(t, err, complaint)
	}
}

// What is beyond the limits is left out.
func TestRestore_bounds(t *testing.T) {
	var s Snapshot
	for n := range storiesMax + 5 {
		s.Stories = append(s.Stories, EntrySnapshot{ID: string(rune('A' + n)), Origin: origin("")})
	}
	facts := FactsSnapshot{UIDs: make([]string, uidsMax+1), Instances: make([]string, instancesMax+1), Rules: make([]string, rulesMax+1)}
	s.Stories[10].Facts = facts
	b, err := Restore("w", s, source())
	require.NoError(t, err)
	require.Len(t, b.Stories(), storiesMax)
	assert.Equal(t, "F", b.Stories()[0].ID)
	kept := b.Stories()[5].Facts()
	assert.Len(t, kept.UIDs, uidsMax)
	assert.Len(t, kept.Instances, instancesMax)
	assert.Equal(t, uint64(rulesMax+1), kept.MoreRules)
}

// Whoever adds a field has to say what becomes of it in a restart: keep it in a snapshot, or name it here.
func TestSnapshot_knowsAllFields(t *testing.T) {
	for of, fields := range map[reflect.Type][]string{
		reflect.TypeFor[Book](): {"stories", "facts",
			"workload",        // given
			"of",              // made anew
			"stats",           // what was counted was counted
			"Room", "settled", // of this run
		},
		reflect.TypeFor[Story](): {"ID", "PartOf", "Unsent", "Untold", "Origin", "opened", "last", "facts", "merged", "members", "provisional", "signatures",
			"steps", "moreSteps", "processes", "moreProcesses", "score", "changed", "closed", "toldAt", "lost", "toldLost", "verdict",
			"Noted", // what there was to add is not kept, and is told before the end
		},
		reflect.TypeFor[Step]():  {"Behaviour", "Parent", "Executable"},
		reflect.TypeFor[Facts](): {"Events", "UIDs", "Instances", "Rules", "MoreRules", "Omitted"},
	} {
		for field := range of.Fields() {
			assert.True(t, slices.Contains(fields, field.Name), "%s.%s: what becomes of it in a restart?", of, field.Name)
		}
	}
}
