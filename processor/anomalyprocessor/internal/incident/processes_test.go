// SPDX-License-Identifier: Apache-2.0

package incident

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
)

func (s *stage) note(pid, parent uint32, ended bool) {
	s.tracker.Note(&behaviour.Event{
		Time: s.now, Process: behaviour.ProcessKey{PID: pid}, Parent: behaviour.ProcessKey{PID: parent}, Ended: ended, Executable: s.executables[pid],
	})
}

// attacked is a stage on which a shell below the server has an incident.
func attacked(t *testing.T) (*stage, *Incident) {
	t.Helper()
	s := trained(t)
	s.play("start 20 10 /bin/sh\n")
	require.Len(t, s.tracker.Open(), 1)
	s.now = s.now.Add(2 * time.Minute) // no sibling
	return s, s.tracker.Open()[0]
}

// execBelow executes curl in a process whose parent executes nothing.
func (s *stage) execBelow(pid, parent, executor uint32) Verdict {
	s.executables[pid], s.parents[pid] = "/usr/bin/curl", parent
	e := s.event(pid, behaviour.Exec, "/usr/bin/curl")
	if executor != 0 {
		e.Executor = behaviour.ProcessKey{PID: executor}
	}
	return s.take(&e)
}

func TestTracker_ancestryBehindForks(t *testing.T) {
	t.Run("nothing tells of the subshell", func(t *testing.T) {
		s, i := attacked(t)
		assert.NotSame(t, i, s.execBelow(22, 21, 0).Incident)
	})
	t.Run("the exec tells who executed something above", func(t *testing.T) {
		s, i := attacked(t)
		assert.Same(t, i, s.execBelow(22, 21, 20).Incident)
		assert.Same(t, i, s.execBelow(23, 21, 0).Incident, "the subshell is known now")
	})
	t.Run("forks tell, however many", func(t *testing.T) {
		s, i := attacked(t)
		s.note(21, 20, false)
		s.note(22, 21, false)
		assert.Same(t, i, s.execBelow(23, 22, 0).Incident)
	})
	t.Run("a daemon forks twice and its parent is gone", func(t *testing.T) {
		s, i := attacked(t)
		s.note(21, 20, false)
		s.note(22, 21, false)
		s.note(21, 20, true)
		s.executables[1] = s.executables[10]
		assert.Same(t, i, s.execBelow(22, 1, 0).Incident, "the parent at its birth counts, not init")
	})
	t.Run("an executor that is nobody", func(t *testing.T) {
		s, _ := attacked(t)
		before := len(s.tracker.processes)
		s.execBelow(30, 31, 31)
		s.execBelow(32, 33, 32)
		assert.Len(t, s.tracker.processes, before+2)
	})
}

// Forks and exits are no behaviour: they neither begin an incident nor keep one open.
func TestTracker_notesAreNoEvents(t *testing.T) {
	s, i := attacked(t)
	last, stats := i.Last, s.tracker.Stats()
	s.note(21, 20, false)
	s.note(20, 10, true)
	s.note(99, 98, true)
	assert.Equal(t, last, i.Last)
	assert.Equal(t, stats, s.tracker.Stats())
	assert.NotContains(t, s.tracker.processes, behaviour.ProcessKey{PID: 99}, "nobody needs a process that was not known and is gone")
}

// A process that has ended is forgotten when nothing can be linked through it.
func TestTracker_forgetsProcessesThatEnded(t *testing.T) {
	s := trained(t)
	s.play("start 12 10 /usr/bin/gzip\nstart 13 10 /usr/bin/gzip\nstart 14 13 /usr/bin/gzip\n")
	s.note(12, 10, true)
	s.note(13, 10, true)
	known := func(pid uint32) bool { return s.tracker.processes[behaviour.ProcessKey{PID: pid}] != nil }
	s.tracker.Expire(s.now.Add(quietMax - time.Second))
	assert.True(t, known(12), "its last events may be on their way")
	s.tracker.Expire(s.now.Add(2 * quietMax))
	assert.False(t, known(12))
	assert.True(t, known(13), "its child has an ancestor through it")
	assert.True(t, known(14), "it may do something yet")
}

// While an incident goes on, those of its processes that have ended stay.
func TestTracker_keepsEndedProcessesOfOpenIncidents(t *testing.T) {
	s, i := attacked(t)
	s.note(20, 10, true)
	for range 4 {
		s.now = s.now.Add(quietMax / 2)
		i.Last = s.now
		s.tracker.Expire(s.now)
		assert.Contains(t, s.tracker.processes, behaviour.ProcessKey{PID: 20})
	}
	s.tracker.Expire(s.now.Add(2 * quietMax))
	s.tracker.Expire(s.now.Add(4 * quietMax))
	assert.NotContains(t, s.tracker.processes, behaviour.ProcessKey{PID: 20})
}

// A flood of processes that come and go drives out itself.
func TestTracker_floodOfForks(t *testing.T) {
	s, i := attacked(t)
	for pid := uint32(1000); pid < 1000+3*processesMax; pid++ {
		s.note(pid, 10, false)
		s.note(pid, 10, true)
	}
	assert.LessOrEqual(t, len(s.tracker.processes), processesMax)
	assert.Same(t, i, s.execBelow(22, 20, 0).Incident)
}
