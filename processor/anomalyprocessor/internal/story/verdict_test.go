// SPDX-License-Identifier: Apache-2.0

package story

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/generalise"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/incident"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/profile"
)

// tracked is a tracker with one incident, which a rule raises.
func tracked(t *testing.T) (*incident.Tracker, *incident.Incident) {
	t.Helper()
	tracker := incident.NewTracker()
	e := behaviour.Event{
		Workload: "w", Time: start, Process: behaviour.ProcessKey{PID: 7}, Action: behaviour.Exec, Path: "/bin/sh", Executable: "/bin/sh", ParentExecutable: "/app",
		Arguments: []string{"sh", "-c", "id"},
	}
	g, err := generalise.New(generalise.Config{})
	require.NoError(t, err)
	p, o := profile.New("w", profile.DefaultLimits()), new(profile.Observation)
	var v incident.Verdict
	for _, arguments := range [][]string{{"sh", "-c", "id"}, {"sh", "--posix", "-x"}} {
		e.Arguments = arguments
		o.From(g, &e)
		p.Begin(o, e.Time)
		v = tracker.Add(&e, o, p.Judge(o), incident.Hint{Bits: 6, Raise: true, Rules: []string{"rule"}})
	}
	return tracker, v.Incident
}

func TestBook_judge(t *testing.T) {
	for _, closes := range []bool{true, false} {
		tracker, i := tracked(t)
		b := NewBook("w")
		s := b.Add(i, &Event{}, true)
		assert.Equal(t, "opened", s.Tell(start))
		open, excuses := s.Keys()
		assert.Len(t, open, 2, "one behaviour, with two kinds of arguments")
		assert.Len(t, excuses, 2)

		given := Verdict{Kind: Malicious, Comment: "c", By: "b", At: start}
		b.Judge(s, given, closes, tracker)
		assert.Equal(t, given, s.Verdict())
		assert.Equal(t, closes, s.Closed())
		assert.Equal(t, closes, i.Closed())
		assert.True(t, s.Due(start.Add(time.Second), time.Hour), "it is told at once")
		assert.Equal(t, map[bool]string{true: "closed", false: "updated"}[closes], s.Tell(start))
		after, sameExcuses := s.Keys()
		assert.Equal(t, open, after, "what an incident consisted of is known when it is closed")
		assert.Equal(t, excuses, sameExcuses)
		b.Judge(s, Verdict{Kind: Benign}, true, tracker)
		assert.Equal(t, "closed", s.Tell(start), "the last verdict holds")
		assert.Empty(t, b.of)
		assert.Empty(t, tracker.Open())
	}
}

// What is much the same as an incident that was benign is something else: what was the same is normal by now. What is much the same as one that was
// malicious is that again.
func TestBook_afterVerdict(t *testing.T) {
	for kind, same := range map[string]bool{Benign: false, Malicious: true} {
		b := NewBook("w")
		s := b.Add(raised(1, start, 1, 2, 3), &Event{}, true)
		b.Judge(s, Verdict{Kind: kind}, true, incident.NewTracker())
		again := b.Add(raised(2, start.Add(time.Hour), 1, 2, 3), &Event{}, true)
		assert.Equal(t, same, s == again, kind)
		assert.Equal(t, same, again.Verdict().Kind == Malicious)
	}
}
