// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func newSet(t *testing.T, change func(*Limits)) *Set {
	t.Helper()
	limits := DefaultLimits()
	if change != nil {
		change(&limits)
	}
	s, err := NewSet(limits)
	require.NoError(t, err)
	return s
}

// feed floods a profile of a set.
func feed(t *testing.T, set *Set, workload string, events int) {
	t.Helper()
	s := newStage(t)
	for i := range events {
		e := flood(i)
		s.observation.From(s.generaliser, &e)
		p := set.Acquire(workload)
		p.Begin(s.observation, e.Time)
		p.Judge(s.observation)
		p.Learn(s.observation)
		p.Release()
	}
}

func TestLimits_complain(t *testing.T) {
	for complaint, change := range map[string]func(*Limits){
		"100 bytes per profile":      func(l *Limits) { l.ProfileBytesMax = 100 },
		"5000 bytes in total":        func(l *Limits) { l.TotalBytesMax = 5000 },
		"0 profiles":                 func(l *Limits) { l.ProfilesMax = 0 },
		"learning from 1m0s":         func(l *Limits) { l.LearningMin = time.Minute },
		"a new version is new for 0": func(l *Limits) { l.DriftMax = 0 },
	} {
		limits := DefaultLimits()
		change(&limits)
		_, err := NewSet(limits)
		require.ErrorIs(t, err, ErrLimits)
		assert.ErrorContains(t, err, complaint)
	}
}

// 500 workloads that do all they can to take memory stay within the limit, and each has a profile. The limits are an eighth of the
// default ones, so that it does not take long.
func TestSet_bounded(t *testing.T) {
	set := newSet(t, func(l *Limits) { l.ProfileBytesMax, l.TotalBytesMax = 32<<10, 8<<20 })
	for i := range 500 {
		feed(t, set, fmt.Sprintf("workload-%d", i), 300)
	}
	stats := set.Stats()
	assert.Equal(t, 500, stats.Profiles)
	assert.LessOrEqual(t, stats.Bytes, int64(8<<20))
	assert.Greater(t, stats.Bytes, int64(6<<20), "the test is of use only near the limit")
	assert.Positive(t, stats.Denied)
	assert.Zero(t, stats.Forgotten)
}

func TestSet_forgetsWhatWasNotUsed(t *testing.T) {
	set := newSet(t, func(l *Limits) { l.ProfilesMax = 2 })
	feed(t, set, "a", 10)
	feed(t, set, "b", 10)
	feed(t, set, "a", 1)
	feed(t, set, "c", 10)
	assert.ElementsMatch(t, []string{"a", "c"}, set.Workloads())
	assert.EqualValues(t, 1, set.Stats().Forgotten)
	assert.True(t, set.Reset("a"))
	assert.False(t, set.Reset("a"))
	assert.True(t, set.Reset("c"))
	assert.Zero(t, set.Stats().Bytes)
}

func TestSet_import(t *testing.T) {
	set := newSet(t, nil)
	exported := learned(t).Encode()
	require.NoError(t, set.Import(exported))
	require.ErrorIs(t, set.Import(exported[:20]), ErrDamaged)
	p := set.Acquire("shop/web")
	defer p.Release()
	assert.Equal(t, exported, p.Encode())
}

// Events flow while profiles are reset, imported, exported and asked.
func TestSet_concurrent(t *testing.T) {
	set := newSet(t, func(l *Limits) { l.ProfilesMax = 3 })
	exported := learned(t).Encode()
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			for i := range 50 {
				feed(t, set, fmt.Sprintf("workload-%d", (worker+i)%5), 20)
				set.Reset(fmt.Sprintf("workload-%d", i%5))
				assert.NoError(t, set.Import(exported))
				p := set.Acquire("shop/web")
				p.Progress()
				p.Encode()
				p.Release()
				set.Stats()
			}
		})
	}
	all.Wait()
	for _, workload := range set.Workloads() {
		set.Reset(workload)
	}
	assert.Zero(t, set.Stats().Bytes, "what was forgotten is not counted any longer")
}

// What is kept beside a profile is there as long as the profile is.
func TestSet_beside(t *testing.T) {
	limits := DefaultLimits()
	limits.ProfilesMax = 2
	s, err := NewSet(limits)
	require.NoError(t, err)
	var forgotten []any
	s.Forgotten = func(p *Profile) { forgotten = append(forgotten, p.Beside) }
	for _, workload := range []string{"a", "b", "a", "c"} {
		p := s.Acquire(workload)
		if p.Beside == nil {
			p.Beside = "beside " + workload
		}
		p.Release()
	}
	assert.Equal(t, []any{"beside b"}, forgotten)
	s.Reset("a")
	assert.Equal(t, []any{"beside b", "beside a"}, forgotten)
	var left []string
	s.Each(func(p *Profile) { left = append(left, p.Workload()) })
	assert.Equal(t, []string{"c"}, left)
}

// Finding a profile makes none and is no use of it.
func TestSet_find(t *testing.T) {
	set := newSet(t, nil)
	assert.False(t, set.Find("a", func(*Profile) { t.Error("there is none") }))
	feed(t, set, "a", 1)
	feed(t, set, "b", 1)
	before := set.Uses()
	assert.Greater(t, before["b"], before["a"])
	assert.True(t, set.Find("a", func(p *Profile) { assert.Equal(t, "a", p.Workload()) }))
	assert.Equal(t, before, set.Uses())
	feed(t, set, "a", 1)
	assert.Greater(t, set.Uses()["a"], before["b"])
}

func TestSet_importFor(t *testing.T) {
	set := newSet(t, nil)
	exported := learned(t).Encode()
	require.NoError(t, set.ImportFor("prod/web", exported))
	assert.Equal(t, []string{"prod/web"}, set.Workloads())
	require.ErrorIs(t, set.ImportFor("prod/web", exported[:20]), ErrDamaged)
	for _, workload := range []string{"", strings.Repeat("w", WorkloadBytesMax+1)} {
		require.ErrorIs(t, set.ImportFor(workload, exported), ErrWorkload)
	}
}
