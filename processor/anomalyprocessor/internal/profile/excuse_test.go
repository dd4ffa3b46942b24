// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
)

// shell is an observation of a shell, started by parent with arguments.
func (s *stage) shell(parent string, arguments ...string) *Observation {
	e := behaviour.Event{
		Workload: "shop/web", Action: behaviour.Exec, Path: "/bin/sh", Executable: "/bin/sh", ParentExecutable: parent, Arguments: arguments, Time: s.now,
	}
	s.observation.From(s.generaliser, &e)
	s.profile.Begin(s.observation, e.Time)
	return s.observation
}

// What is accepted of a rule is accepted of one behaviour and one rule alone.
func TestExcuse(t *testing.T) {
	s := newStage(t)
	one := s.shell("/app", "sh", "-c", "id").Keys().Excuse("rule")
	assert.False(t, s.profile.Excused(s.observation, "rule"))
	s.profile.Accept(one)
	assert.True(t, s.profile.Excused(s.shell("/app", "sh", "-c", "id"), "rule"))
	assert.False(t, s.profile.Excused(s.shell("/app", "sh", "-c", "id"), "another"))
	assert.False(t, s.profile.Excused(s.shell("/other", "sh", "-c", "id"), "rule"))
	assert.False(t, s.profile.Excused(s.shell("/app", "sh", "--posix", "-x"), "rule"))
	s.command([]string{"copy"})
	assert.True(t, s.profile.Excused(s.shell("/app", "sh", "-c", "id"), "rule"), "it is exported")
	s.profile.Revoke(one, Keys{Exact: 7})
	assert.False(t, s.profile.Excused(s.shell("/app", "sh", "-c", "id"), "rule"))

	without := s.shell("").Keys()
	assert.NotEqual(t, without.Excuse("rule"), Keys{Exact: without.Wide}.Excuse("another"))
	s.profile.Accept(without.Excuse("rule"))
	assert.True(t, s.profile.Excused(s.shell(""), "rule"))
}

// What a person has accepted stays so, however long it does not happen.
func TestAccept_lasts(t *testing.T) {
	s := newStage(t)
	s.command([]string{"do", "/app", "exec", "/usr/bin/gzip", "x300", "every=5m"})
	s.profile.Accept(s.shell("/app", "sh", "-c", "id").Keys())
	s.profile.Accept(s.shell("/app", "sh", "-c", "id").Keys().Excuse("rule"))
	for day := range 365 {
		s.now = beginning.Add(time.Duration(100+day*24) * time.Hour)
		s.command([]string{"do", "/app", "exec", "/usr/bin/gzip"})
	}
	assert.Zero(t, s.profile.Judge(s.shell("/app", "sh", "-c", "id")).Bits)
	assert.True(t, s.profile.Excused(s.observation, "rule"))
}

func TestProfile_census(t *testing.T) {
	s := newStage(t)
	s.command([]string{"do", "/app", "exec", "/usr/bin/gzip", "x10", "every=5m"})
	assert.Equal(t, Census{}, s.profile.Census(), "while it learns everything is on probation")
	s.profile.EndLearning()
	known := s.profile.Census().Known
	assert.Equal(t, s.profile.Stats().Nodes, known)
	s.profile.Forbid(s.shell("/app", "sh").Keys())
	s.profile.Mark(s.shell("/app", "sh").Keys())
	assert.Equal(t, Census{Known: known, Forbidden: 3}, s.profile.Census(), "what is forbidden stays so in the next incident")
	s.profile.Accept(s.shell("/app", "sh").Keys())
	assert.Equal(t, Census{Known: known + 3}, s.profile.Census())
	assert.EqualValues(t, 13, s.profile.Stats().Starts)
	assert.Equal(t, 1, s.profile.Stats().Versions)
}

func TestWorkloadOf(t *testing.T) {
	data := newStage(t).profile.Encode()
	workload, err := WorkloadOf(data)
	require.NoError(t, err)
	assert.Equal(t, "shop/web", workload)
	_, err = WorkloadOf(data[:10])
	require.ErrorIs(t, err, ErrDamaged)
}
