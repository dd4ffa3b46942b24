// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/habit"
)

// use has the workload use a capability, and notes the habit.
func (s *stage) use(name string) {
	e := behaviour.Event{
		Workload: "shop/web", Instance: "a", Time: s.now, Process: behaviour.ProcessKey{PID: 7}, Executable: "/app", Action: behaviour.Privilege, Detail: name,
	}
	s.observation.From(s.generaliser, &e)
	s.profile.Begin(s.observation, e.Time)
	s.profile.Learn(s.observation)
	s.profile.Note(&habit.Habit{Kind: habit.Capability, Name: name}, s.observation, e.Time)
}

// socket notes what profiles don't judge.
func (s *stage) socket(family string) {
	s.profile.Note(&habit.Habit{Kind: habit.Socket, Name: family, Value: "raw"}, nil, s.now)
}

func (s *stage) normal() []string {
	var all []string
	habits, _ := s.profile.Habits()
	for _, h := range habits {
		all = append(all, h.Name)
	}
	return all
}

// Only what is normal is told: not what is on probation, and not what is part of an incident.
func TestHabits_onlyNormal(t *testing.T) {
	s := newStage(t)
	s.use("CAP_CHOWN")
	s.use("CAP_KILL")
	kill := s.observation.Keys()
	s.socket("packet")
	assert.ElementsMatch(t, []string{"CAP_CHOWN", "CAP_KILL", "packet"}, s.normal(), "what is seen while it learns is normal")
	s.profile.Mark(kill)
	assert.ElementsMatch(t, []string{"CAP_CHOWN", "packet"}, s.normal(), "unless it was part of an incident")
	s.profile.EndLearning()
	s.use("CAP_SYS_ADMIN")
	s.socket("can")
	assert.ElementsMatch(t, []string{"CAP_CHOWN", "packet"}, s.normal())
	_, others := s.profile.Habits()
	assert.Equal(t, 3, others)
	for range 4 {
		s.now = s.now.Add(9 * time.Hour)
		s.use("CAP_SYS_ADMIN")
		s.socket("can")
	}
	assert.ElementsMatch(t, []string{"CAP_CHOWN", "packet", "CAP_SYS_ADMIN", "can"}, s.normal(), "after probation")
	s.profile.Accept(kill)
	assert.Contains(t, s.normal(), "CAP_KILL", "somebody said that it is benign")
}

func TestHabits_exported(t *testing.T) {
	s := newStage(t)
	s.use("CAP_CHOWN")
	s.socket("packet")
	s.profile.Watched(habit.TracerOf("privilege"))
	exported := s.profile.Encode()
	decoded, err := Decode(exported, DefaultLimits())
	require.NoError(t, err)
	assert.Equal(t, exported, decoded.Encode())
	assert.Equal(t, []string{"privilege"}, decoded.Tracers().Names())
	assert.Equal(t, s.profile.Stats().Bytes, decoded.Stats().Bytes)

	merged := New("shop/web", DefaultLimits())
	merged.Merge(decoded)
	s.profile = merged
	assert.ElementsMatch(t, []string{"CAP_CHOWN", "packet"}, s.normal())

	exported[len(exported)-checksumBytes-1] ^= 0xff
	_, err = Decode(signed(exported[:len(exported)-1]), DefaultLimits())
	require.ErrorIs(t, err, ErrDamaged)
}

// What one host is still learning is no habit of a profile that has learned.
func TestHabits_mergedWithOneThatLearns(t *testing.T) {
	one, other := newStage(t), newStage(t)
	one.use("CAP_CHOWN")
	one.profile.EndLearning()
	other.use("CAP_KILL")
	other.socket("packet")
	one.profile.Merge(other.profile)
	assert.Equal(t, []string{"CAP_CHOWN"}, one.normal())
}

// A profile of the version before there were habits is read as one that has none.
func TestDecode_withoutHabits(t *testing.T) {
	p := learned(t)
	exported := p.Encode()
	old := append([]byte{}, exported[:len(exported)-checksumBytes-len((&habit.Table{}).Append(nil))]...)
	binary.LittleEndian.PutUint16(old[4:], withoutHabits)
	old = signed(append(old, make([]byte, checksumBytes)...))
	decoded, err := Decode(old, DefaultLimits())
	require.NoError(t, err)
	assert.Equal(t, exported, decoded.Encode())
	_, err = Decode(signed(append(old, 0)), DefaultLimits())
	require.ErrorIs(t, err, ErrDamaged)
}

// Habits and nodes together stay within the limits, whichever comes first, and what is forgotten is given back.
func TestHabits_bounded(t *testing.T) {
	limits := DefaultLimits()
	limits.ProfileBytesMax, limits.TotalBytesMax = 64<<10, 1<<20
	set, err := NewSet(limits)
	require.NoError(t, err)
	for i := range 100 {
		s := newStage(t)
		s.profile = set.Acquire(fmt.Sprint("workload-", i))
		for j := range 300 {
			s.now = s.now.Add(24 * time.Hour) // so that older ones make way
			s.use(fmt.Sprint("CAP_", letters(j)))
		}
		stats := s.profile.Stats()
		assert.LessOrEqual(t, stats.Bytes, limits.ProfileBytesMax)
		s.profile.Release()
	}
	assert.LessOrEqual(t, set.Stats().Bytes, int64(1<<20))
	assert.Positive(t, set.Stats().Denied)
	for _, workload := range set.Workloads() {
		set.Reset(workload)
	}
	assert.Zero(t, set.Stats().Bytes)
}
