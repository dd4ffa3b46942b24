// SPDX-License-Identifier: Apache-2.0

package incident

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
)

// trained is a stage on which a server and its gzip are normal.
func trained(t *testing.T) *stage {
	t.Helper()
	s := newStage(t)
	s.play("start 10 1 /usr/bin/python3\nstart 11 10 /usr/bin/gzip x300 every=1m\nend-learning\n")
	return s
}

// A process tree 10,000 deep costs no more than a few steps per event, and forgets what was quiet for long.
func TestTracker_deepTree(t *testing.T) {
	s := trained(t)
	for pid := uint32(100); pid < 10100; pid++ {
		parent := pid - 1
		if pid == 100 {
			parent = 10
		}
		s.executables[pid], s.parents[pid] = "/bin/sh", parent
		e := s.event(pid, behaviour.Exec, "/bin/sh")
		s.take(&e)
	}
	assert.Len(t, s.tracker.Open(), 1, "one tree, one incident")
	i := s.tracker.Open()[0]
	assert.Len(t, i.Nodes, nodesMax)
	assert.Positive(t, i.MoreNodes)
	assert.Positive(t, s.tracker.Stats().Forgotten)
	assert.LessOrEqual(t, len(s.tracker.processes), processesMax)
}

// Processes that make a loop of parents, as pids from a stranger can, end somewhere.
func TestTracker_loopOfParents(t *testing.T) {
	s := trained(t)
	s.executables[50], s.parents[50] = "/bin/sh", 51
	s.executables[51], s.parents[51] = "/bin/sh", 50
	for _, pid := range []uint32{50, 51, 50} {
		e := s.event(pid, behaviour.Exec, "/bin/sh")
		s.take(&e)
	}
	assert.NotEmpty(t, s.tracker.Open())
}

func TestTracker_manyIncidents(t *testing.T) {
	s := trained(t)
	for pid := uint32(1000); pid < 1000+2*openMax; pid++ {
		s.executables[pid], s.parents[pid] = "/opt/x", pid+100000
		e := s.event(pid, behaviour.Read, fmt.Sprintf("/odd/%c%c", 'a'+pid%7, 'a'+pid%11))
		s.take(&e)
	}
	assert.LessOrEqual(t, len(s.tracker.Open()), openMax)
	assert.Positive(t, s.tracker.Stats().Displaced)
	stats := s.tracker.Stats()
	assert.Equal(t, stats.Opened, stats.Closed+uint64(len(s.tracker.Open())))
}

func TestTracker_expire(t *testing.T) {
	s := trained(t)
	s.play("start 20 10 /bin/sh\n")
	require.Len(t, s.tracker.Open(), 1)
	assert.Empty(t, s.tracker.Expire(s.now.Add(quietMax)))
	assert.Len(t, s.tracker.Expire(s.now.Add(quietMax+time.Second)), 1)
	assert.Empty(t, s.tracker.Open())
	// The same process begins another one.
	s.play("do 20 read /etc/shadow\n")
	assert.EqualValues(t, 2, s.tracker.Stats().Opened)
}

func TestTracker_forgetsQuietProcesses(t *testing.T) {
	s := trained(t)
	s.play("start 12 10 /usr/bin/gzip\n") // by which the parent is not quiet
	s.note(13, 10, false)
	s.note(11, 10, true)
	s.note(12, 10, true)
	assert.Len(t, s.tracker.processes, 4)
	s.tracker.Expire(s.now.Add(processQuietMax + quietMax))
	assert.Len(t, s.tracker.processes, 1, "a fork that executed nothing, and those that ended, but not a server that is idle")
	s.tracker.Expire(s.now.Add(processIdleMax))
	assert.Len(t, s.tracker.processes, 1)
	s.tracker.Expire(s.now.Add(processIdleMax + quietMax))
	assert.Empty(t, s.tracker.processes)
}

// An incident from the time of a wrong clock doesn't stay open for years.
func TestTracker_clockJump(t *testing.T) {
	s := trained(t)
	now := s.now
	s.now = now.AddDate(14, 0, 0)
	s.play("start 20 10 /bin/sh\n")
	s.tracker.Expire(s.now)
	s.now = now
	assert.Len(t, s.tracker.Expire(s.now), 1)
	s.play("start 21 10 /bin/sh\n")
	assert.Len(t, s.tracker.Open(), 1)
	assert.Empty(t, s.tracker.Expire(s.now))
}

func TestSimilar(t *testing.T) {
	attack := func(pid int, far string) Signature {
		s := trained(t)
		s.play(fmt.Sprintf("start %d 10 /bin/sh\nstart %d %d /usr/bin/curl\ndo %d connect %s\n", pid, pid+1, pid, pid+1, far))
		require.Len(t, s.tracker.Open(), 1)
		return SignatureOf(s.tracker.Open()[0])
	}
	one := attack(20, "203.0.113.9:443")
	assert.True(t, Similar(one, one))
	assert.True(t, Similar(one, attack(70, "203.0.113.77:443")), "another replica, the same network")
	assert.False(t, Similar(one, attack(20, "198.51.100.7:443")), "another destination")
	s := trained(t)
	s.play("do 10 write /odd\n")
	assert.False(t, Similar(one, SignatureOf(s.tracker.Open()[0])))
	assert.False(t, Similar(Signature{}, Signature{}))
}

// A rule says nothing of what is normal, and adds weight to what is not; only one that says so raises an incident by itself, whatever it matches.
func TestTracker_rules(t *testing.T) {
	s := trained(t)
	s.hint = Hint{Bits: 5}
	s.play("start 11 10 /usr/bin/gzip\n")
	assert.Empty(t, s.tracker.Open())
	s.hint = Hint{}
	s.play("do 11 write /odd\n")
	require.Len(t, s.tracker.Open(), 1)
	without := s.tracker.Open()[0].Score()
	s.hint = Hint{Bits: 5}
	s.play("do 11 write /odd\n")
	assert.InDelta(t, without+5, s.tracker.Open()[0].Score(), 1)
	assert.False(t, s.tracker.Open()[0].Raised)
	s.hint = Hint{Raise: true}
	s.play("do 11 read /srv/a\n")
	assert.True(t, s.tracker.Open()[0].Raised)
}

// What is normal costs nothing.
func TestTracker_noAllocations(t *testing.T) {
	s := trained(t)
	e := s.event(11, behaviour.Exec, "/usr/bin/gzip")
	assert.Zero(t, testing.AllocsPerRun(100, func() { s.take(&e) }))
}
