// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
)

// What two hosts know separately, both know when they are merged: in either order the judgements are the same.
func TestMerge(t *testing.T) {
	one, other := newStage(t), newStage(t)
	one.command([]string{"do", "/app", "exec", "/usr/bin/gzip", "x300", "every=5m"})
	one.command([]string{"forbid", "/app", "exec", "/bin/sh"})
	other.now = beginning.Add(5 * time.Hour)
	other.command([]string{"do", "/app", "exec", "/usr/bin/xz", "on=b", "x300", "every=5m"})
	other.command([]string{"do", "/app", "exec", "/bin/sh", "on=b", "x300", "every=5m"})
	both := newStage(t)
	both.profile.Merge(one.profile)
	both.profile.Merge(other.profile)
	other.profile.Merge(one.profile)
	for _, s := range []*stage{both, other} {
		s.now = beginning.Add(100 * time.Hour)
		assert.Equal(t, Watching, s.profile.State())
		assert.Equal(t, "normal, watching", s.command([]string{"do", "/app", "exec", "/usr/bin/gzip"}))
		assert.Equal(t, "normal, watching", s.command([]string{"do", "/app", "exec", "/usr/bin/xz"}))
		assert.Contains(t, s.command([]string{"do", "/app", "exec", "/bin/sh"}), "was said to be malicious")
		assert.Contains(t, s.command([]string{"do", "/app", "exec", "/bin/dash"}), "bits, watching")
		assert.EqualValues(t, 904, s.profile.Stats().Events)
		assert.Equal(t, 2, s.profile.Stats().Instances)
	}
}

// A profile that learns passes nothing off as normal on one that has learned.
func TestMerge_withOneThatLearns(t *testing.T) {
	one, other := newStage(t), newStage(t)
	one.command([]string{"do", "/app", "exec", "/usr/bin/gzip", "x300", "every=5m"})
	other.command([]string{"do", "/app", "exec", "/bin/sh", "x3", "every=1h"})
	one.profile.Merge(other.profile)
	assert.Contains(t, one.command([]string{"do", "/app", "exec", "/bin/sh"}), "bits, watching")
}

// The same events give the same profile, bit for bit, and so do the two halves with an export between them.
func TestProfile_deterministic(t *testing.T) {
	run := func(copied bool) []byte {
		s := newStage(t)
		for i := range 3000 {
			e := flood(i % 1700)
			e.Time = beginning.Add(time.Duration(i) * time.Minute)
			s.observation.From(s.generaliser, &e)
			s.profile.Begin(s.observation, e.Time)
			s.profile.Judge(s.observation)
			s.profile.Learn(s.observation)
			if copied && i == 1500 {
				s.command([]string{"copy"})
			}
		}
		return s.profile.Encode()
	}
	first := run(false)
	assert.Equal(t, first, run(false))
	assert.Equal(t, first, run(true))
}

func TestObservation_keys(t *testing.T) {
	s := newStage(t)
	e := behaviour.Event{Action: behaviour.Exec, Path: "/bin/sh", ParentExecutable: "/app", Executable: "/bin/sh", Arguments: []string{"sh", "-c", "id"}}
	s.observation.From(s.generaliser, &e)
	with := s.observation.Keys()
	assert.NotZero(t, with.Exact)
	assert.NotZero(t, with.Wide)
	assert.NotZero(t, with.Shape)
	e.ParentExecutable, e.Arguments = "", nil
	s.observation.From(s.generaliser, &e)
	assert.Equal(t, Keys{Wide: with.Wide}, s.observation.Keys())
}

// known is a stage on which an event is normal.
func known(tb testing.TB) (*stage, *behaviour.Event) {
	tb.Helper()
	s := newStage(&testing.T{})
	e := behaviour.Event{
		Workload: "shop/web", Version: "v1", Instance: "a", Time: beginning, Process: behaviour.ProcessKey{PID: 7}, Executable: "/usr/bin/python3",
		Action: behaviour.Write, Path: "/srv/app/log/access-2026-01-05.log",
	}
	for range 100 {
		s.pass(&e)
	}
	s.profile.EndLearning()
	require.Zero(tb, s.pass(&e).Bits)
	return s, &e
}

func (s *stage) pass(e *behaviour.Event) Judgement {
	s.observation.From(s.generaliser, e)
	s.profile.Begin(s.observation, e.Time)
	j := s.profile.Judge(s.observation)
	s.profile.Learn(s.observation)
	return j
}

func TestProfile_noAllocations(t *testing.T) {
	s, e := known(t)
	assert.Zero(t, testing.AllocsPerRun(100, func() { s.pass(e) }))
}

// BenchmarkKnown is the way of an event that is normal.
func BenchmarkKnown(b *testing.B) {
	s, e := known(b)
	b.ReportAllocs()
	for b.Loop() {
		s.pass(e)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkKnown_exec is the same for a program that is executed, with its arguments.
func BenchmarkKnown_exec(b *testing.B) {
	s, _ := known(b)
	e := behaviour.Event{
		Workload: "shop/web", Instance: "a", Time: beginning, Process: behaviour.ProcessKey{PID: 7}, Executable: "/usr/bin/gcc",
		ParentExecutable: "/usr/bin/make", Action: behaviour.Exec, Path: "/usr/bin/gcc", Arguments: []string{"gcc", "-c", "src/a1b2c3d4.c", "-o", "obj/x.o"},
	}
	b.ReportAllocs()
	for b.Loop() {
		s.pass(&e)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
