// SPDX-License-Identifier: Apache-2.0

package story

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/incident"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/sigma"
)

var start = time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)

// raised is an incident with behaviours of these numbers.
func raised(number uint64, at time.Time, behaviours ...uint64) *incident.Incident {
	i := &incident.Incident{Number: number, Opened: at, Last: at, Raised: true}
	grow(i, at, behaviours...)
	return i
}

func grow(i *incident.Incident, at time.Time, behaviours ...uint64) {
	i.Last = at
	for _, id := range behaviours {
		i.Behaviours = append(i.Behaviours, incident.Behaviour{
			ID: id, Weight: 10, Action: behaviour.Action(1 + id%5), First: at.Add(time.Duration(id)), Count: 1, Object: fmt.Sprint(id),
		})
	}
}

func steps(s *Story) []string {
	var all []string
	listed, _ := s.Steps()
	for _, step := range listed {
		all = append(all, fmt.Sprintf("%s x%d", step.Object, step.Count))
	}
	return all
}

func TestBook_sameOnAnotherReplica(t *testing.T) {
	b := NewBook("w")
	first := b.Add(raised(1, start, 1, 2, 3), &Event{UID: "a", Instance: "c1"}, true)
	// So far it is only the beginning of the first.
	second := raised(2, start, 1)
	assert.Same(t, first, b.Add(second, &Event{UID: "b", Instance: "c2"}, true))
	assert.Equal(t, uint64(1), first.Merged())
	grow(second, start, 2, 3, 4)
	assert.Same(t, first, b.Add(second, &Event{UID: "c", Instance: "c2"}, true))
	assert.Equal(t, []string{"1 x2", "2 x2", "3 x2", "4 x1"}, steps(first))
	facts := first.Facts()
	assert.Equal(t, []string{"a", "b", "c"}, facts.UIDs)
	assert.Equal(t, []string{"c1", "c2"}, facts.Instances)
	assert.Equal(t, uint64(3), facts.Events)
}

// What begins alike and goes on otherwise is a story of its own.
func TestBook_partWays(t *testing.T) {
	b := NewBook("w")
	first := b.Add(raised(1, start, 1, 2, 3), &Event{Instance: "c1"}, true)
	other := raised(2, start, 1)
	require.Same(t, first, b.Add(other, &Event{Instance: "c2"}, true))
	grow(other, start, 7, 8, 9)
	second := b.Add(other, &Event{Instance: "c2"}, true)
	require.NotSame(t, first, second)
	assert.NotEqual(t, first.ID, second.ID)
	assert.Zero(t, first.Merged())
	assert.Equal(t, []string{"1 x1", "2 x1", "3 x1"}, steps(first))
	assert.Equal(t, []string{"1 x1", "7 x1", "8 x1", "9 x1"}, steps(second))
	assert.Equal(t, []string{"c1"}, first.Facts().Instances)
	assert.Equal(t, uint64(2), second.Facts().Events)
}

// What is known before an incident is raised belongs to its story.
func TestBook_factsFromBefore(t *testing.T) {
	b := NewBook("w")
	i := raised(1, start, 1)
	i.Raised = false
	rule := &sigma.Rule{Title: "r"}
	assert.Nil(t, b.Add(i, &Event{UID: "a", Rules: []*sigma.Rule{rule}}, true))
	i.Raised = true
	s := b.Add(i, &Event{UID: "b", Rules: []*sigma.Rule{rule}}, true)
	facts := s.Facts()
	assert.Equal(t, []string{"a", "b"}, facts.UIDs)
	assert.Equal(t, []*sigma.Rule{rule}, facts.Rules)
}

func TestStory_due(t *testing.T) {
	b := NewBook("w")
	i := raised(1, start, 1)
	s := b.Add(i, &Event{}, true)
	assert.True(t, s.Due(start, time.Minute))
	assert.Equal(t, "opened", s.Tell(start))
	assert.False(t, s.Due(start.Add(time.Hour), time.Minute), "nothing is new")
	b.Add(i, &Event{}, false)
	assert.False(t, s.Pending(), "the same again is nothing new")
	b.Add(i, &Event{}, true)
	assert.False(t, s.Due(start.Add(time.Second), time.Minute), "too soon")
	assert.True(t, s.Pending())
	assert.True(t, s.Due(start.Add(time.Minute), time.Minute))
	assert.Equal(t, "updated", s.Tell(start.Add(time.Minute)))
	s.Unsent.Store(true)
	assert.True(t, s.Due(start.Add(time.Minute), time.Minute), "it has not arrived")
	assert.Equal(t, []*Story{s}, b.End())
	assert.Equal(t, "closed", s.Tell(start))
}

// All that is kept has its bounds, and what is beyond is counted.
func TestBook_bounds(t *testing.T) {
	b := NewBook("w")
	for n := range uint64(storiesMax + 5) {
		b.Add(raised(n, start.Add(time.Duration(n)*time.Second), 1000+n*10, 1001+n*10), &Event{}, true)
	}
	assert.Len(t, b.Stories(), storiesMax)
	assert.Equal(t, uint64(5), b.Stats().Forgotten)
	assert.Len(t, b.of, storiesMax)

	b = NewBook("w")
	i := raised(1, start)
	for n := range uint64(100) {
		grow(i, start, n)
	}
	i.Behaviours[99].Weight = 50
	var s *Story
	for n := range 100 {
		s = b.Add(i, &Event{UID: fmt.Sprint(n), Instance: fmt.Sprint(n), Rules: []*sigma.Rule{{File: fmt.Sprint(n)}}}, true)
	}
	listed, more := s.Steps()
	assert.Len(t, listed, stepsMax)
	assert.Equal(t, uint64(100-stepsMax), more)
	assert.Equal(t, "99", listed[len(listed)-1].Object, "what weighs most stays")
	facts := s.Facts()
	assert.Len(t, facts.UIDs, uidsMax)
	assert.Len(t, facts.Instances, instancesMax)
	assert.Len(t, facts.Rules, rulesMax)
	assert.Equal(t, uint64(100-uidsMax+100-instancesMax+100-rulesMax), b.Stats().Omitted)
}

// What somebody else has to add is told when the interval is over, once, and does not hold back what is due.
func TestStory_noted(t *testing.T) {
	b := NewBook("w")
	first := raised(1, start, 1, 2)
	s := b.Add(first, &Event{UID: "a"}, true)
	assert.Equal(t, "opened", s.Tell(start))
	assert.False(t, s.Pending())
	s.Noted.Store(true)
	assert.True(t, s.Pending())
	assert.False(t, s.Due(start.Add(time.Second), time.Minute))
	assert.True(t, s.Due(start.Add(time.Minute), time.Minute))
	assert.Equal(t, "updated", s.Tell(start.Add(time.Minute)))
	assert.False(t, s.Due(start.Add(time.Hour), time.Minute))
}
