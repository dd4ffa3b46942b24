// SPDX-License-Identifier: Apache-2.0

package incident

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/profile"
)

// shell lets the server start a shell with these arguments.
func (s *stage) shell(pid uint32, hint Hint, arguments ...string) Verdict {
	s.executables[pid], s.parents[pid] = "/bin/sh", 10
	e := s.event(pid, behaviour.Exec, "/bin/sh")
	e.Arguments = arguments
	s.hint = hint
	return s.take(&e)
}

// What somebody said to be malicious is an incident by itself, whatever the profile does, each time, and is not learned in a month.
func TestTracker_forbidden(t *testing.T) {
	for _, learning := range []bool{true, false} {
		s := newStage(t)
		s.play("start 10 1 /usr/bin/python3\nstart 11 10 /usr/bin/gzip x30 every=1m\n")
		if !learning {
			s.command([]string{"end-learning"})
		}
		first := s.shell(100, Hint{}, "sh", "-c", "id")
		require.NotNil(t, first.Incident)
		assert.False(t, first.Raised, "a shell alone is not much")
		s.profile.Forbid(first.Incident.Keys()...)
		s.tracker.Close(first.Incident)
		for day := range 30 {
			for hour := range 24 {
				s.now = beginning.Add(time.Duration(2+day*24+hour) * time.Hour)
				s.tracker.Expire(s.now)
				s.play("start 11 10 /usr/bin/gzip\n")
				v := s.shell(uint32(1000+day*24+hour), Hint{}, "sh", "-c", "id")
				require.True(t, v.Raised, "day %d, hour %d", day, hour)
				require.False(t, v.Learn)
			}
		}
		assert.Positive(t, s.profile.Census().Forbidden)
	}
}

// A verdict is about all arguments with which a behaviour was seen, and about the rules that matched, within a bound.
func TestBehaviour_variants(t *testing.T) {
	s := trained(t)
	hint := func(n int) Hint { return Hint{Bits: 6, Raise: true, Rules: []string{fmt.Sprint(n)}} }
	i := s.shell(100, hint(0), "sh", "-c", "id").Incident
	s.shell(100, hint(0), "sh", "-c", "id")
	s.shell(100, hint(1), "sh", "--posix")
	require.Len(t, i.Behaviours, 1)
	b := &i.Behaviours[0]
	assert.Len(t, b.AllKeys(), 2)
	assert.Len(t, b.Excuses, 2)
	shape := b.Variants[0].Shape
	assert.NotZero(t, shape)
	assert.NotEqual(t, b.Keys.Shape, shape)
	s.profile.Accept(b.AllKeys()...)
	s.profile.Accept(b.Excuses...)
	s.tracker.Close(i)
	for _, arguments := range [][]string{{"sh", "-c", "id"}, {"sh", "--posix"}} {
		v := s.shell(200, Hint{}, arguments...)
		assert.Nil(t, v.Incident, "it is known, with %v", arguments)
	}
	assert.True(t, s.profile.Excused(s.observation, "1"))
	assert.False(t, s.profile.Excused(s.observation, "0"), "the rule did not match these arguments")

	many := s.shell(300, hint(0), "sh", "-e").Incident
	for n := range 3 * variantsMax {
		s.shell(300, hint(n), "sh", fmt.Sprintf("--%c%c", 'a'+n%26, 'a'+n/26))
	}
	assert.Len(t, many.Behaviours[0].Variants, variantsMax)
	assert.Len(t, many.Behaviours[0].Excuses, variantsMax)
	assert.Positive(t, many.MoreVariants)
}

// Copies share their lists, and one that grows leaves the other as it is.
func TestBehaviour_join(t *testing.T) {
	key := func(n uint64) profile.Keys { return profile.Keys{Shape: n} }
	one := Behaviour{Keys: key(1), Variants: append(make([]profile.Keys, 0, 8), key(2)), Excuses: []profile.Keys{{Exact: 9}}}
	other := one
	one.Join(&Behaviour{Keys: key(3), Variants: []profile.Keys{key(1), key(2), key(4)}, Excuses: []profile.Keys{{Exact: 9}, {Exact: 10}}})
	assert.Equal(t, []profile.Keys{key(2), key(4), key(3)}, one.Variants)
	assert.Equal(t, []profile.Keys{{Exact: 9}, {Exact: 10}}, one.Excuses)
	other.Join(&Behaviour{Keys: key(5)})
	assert.Equal(t, []profile.Keys{key(2), key(5)}, other.Variants)
	assert.Equal(t, []profile.Keys{key(2), key(4), key(3)}, one.Variants)
}

// Where names are made up, what is accepted of one is accepted of the next; what is kept from being learned is that one.
func TestBehaviour_madeUpNames(t *testing.T) {
	s := trained(t)
	e := s.event(10, behaviour.Create, "/srv/qxkvjwzp")
	s.observation.From(s.generaliser, &e)
	const anyName = 42
	v := s.tracker.Add(&e, s.observation, profile.Judgement{Bits: 5, Behaviour: anyName, State: profile.Watching}, Hint{})
	require.Len(t, v.Incident.Behaviours, 1)
	assert.Equal(t, []profile.Keys{s.observation.Keys()}, v.Incident.Keys())
	assert.Equal(t, []profile.Keys{{Exact: anyName}}, v.Incident.Behaviours[0].Excuses)
}
