// SPDX-License-Identifier: Apache-2.0

package incident

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
)

func (i *Incident) names(pid uint32) string {
	for _, n := range i.Named {
		if n.Process.PID == pid {
			return n.Role.String()
		}
	}
	return ""
}

// told is a stage on which a dropped program below a shell is an incident that is raised.
func told(t *testing.T) (*stage, *Incident) {
	t.Helper()
	s := trained(t)
	s.note(10, 1, false)
	s.play("start 1 99 /init\nstart 20 10 /bin/sh\ndo 20 write /etc/cron.d/x\n")
	open := s.tracker.Open()
	require.Len(t, open, 1)
	require.True(t, open[0].Raised)
	return s, open[0]
}

// What is named changes nothing of the score, of what is linked, and of how long an incident is open.
func TestNamed_weighsNothing(t *testing.T) {
	s, i := told(t)
	score, last, behaviours, nodes := i.Score(), i.Last, len(i.Behaviours), len(i.Nodes)
	s.now = s.now.Add(5)
	s.note(30, 20, false)
	assert.Equal(t, "below", i.names(30))
	assert.InDelta(t, score, i.Score(), 0)
	assert.Equal(t, last, i.Last)
	assert.Len(t, i.Behaviours, behaviours)
	assert.Len(t, i.Nodes, nodes)
	s.play("start 30 20 /usr/bin/odd\n")
	assert.Empty(t, i.names(30), "it is a part by now")
	assert.Len(t, i.Nodes, nodes+1)
}

func TestNamed_bounds(t *testing.T) {
	s, i := told(t)
	before, there := s.tracker.Stats(), len(i.Named)
	for n := range uint32(namedMax - there + 10) {
		s.note(1000+n, 20, false)
	}
	assert.Len(t, i.Named, namedMax)
	assert.Equal(t, uint32(10), i.MoreNamed)
	assert.Equal(t, before.Unnamed+10, s.tracker.Stats().Unnamed)
}

// Names of programs are kept as long as a process has them, and only so many.
func TestNamed_programs(t *testing.T) {
	s, i := told(t)
	for n := range executablesMax + 10 {
		s.executables[uint32(1000+n)] = fmt.Sprintf("/usr/bin/p%d", n)
		s.note(uint32(1000+n), 99, false)
	}
	assert.Len(t, s.tracker.executables, executablesMax)
	nameless := s.tracker.Stats().Nameless
	assert.NotZero(t, nameless)
	s.executables[5000] = "/usr/bin/late"
	s.note(5000, 20, false)
	assert.Equal(t, "below", i.names(5000))
	assert.Equal(t, nameless+1, s.tracker.Stats().Nameless)
	s.now = s.now.Add(2 * processIdleMax)
	s.tracker.Expire(s.now)
	assert.Empty(t, s.tracker.executables)
}

// One that turns out to be a part of another takes what it names with it.
func TestNamed_absorbed(t *testing.T) {
	tracker := NewTracker()
	key := func(pid uint32) behaviour.ProcessKey { return behaviour.ProcessKey{PID: pid} }
	into, part := tracker.begin(beginning), tracker.begin(beginning)
	into.Nodes, part.Nodes = []Node{{Process: key(1)}}, []Node{{Process: key(2)}}
	into.keepNamed(&Named{Process: key(2), Role: Below})
	into.keepNamed(&Named{Process: key(3), Role: Below})
	part.keepNamed(&Named{Process: key(1), Role: Job})
	part.keepNamed(&Named{Process: key(3), Role: Job})
	part.keepNamed(&Named{Process: key(4), Role: Job})
	part.MoreNamed = 7
	tracker.absorb(into, part)
	assert.Equal(t, "below", into.names(3))
	assert.Equal(t, "job", into.names(4))
	assert.Len(t, into.Named, 2)
	assert.Equal(t, uint32(7), into.MoreNamed)
}

// What an attacker starts below a process that is named is not learned for that, nor kept from being learned.
func TestNamed_learnsNothingElse(t *testing.T) {
	s, i := told(t)
	s.play("start 40 10 /bin/odd\n")
	require.Equal(t, i, s.tracker.Open()[0])
	s.note(41, 20, false)
	e := s.event(41, behaviour.Exec, "/usr/bin/gzip")
	e.Parent = behaviour.ProcessKey{PID: 20}
	assert.False(t, s.take(&e).Learn, "below an incident that is told nothing is learned")
}

func TestRole(t *testing.T) {
	for role := Unusual; role < roles; role++ {
		same, ok := ParseRole(role.String())
		assert.True(t, ok)
		assert.Equal(t, role, same)
	}
	for _, name := range []string{"", "whim"} {
		_, ok := ParseRole(name)
		assert.False(t, ok, name)
	}
	assert.Empty(t, roles.String())
}
