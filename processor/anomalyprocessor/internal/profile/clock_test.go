// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestClock_speed(t *testing.T) {
	for _, one := range []struct {
		speed    int
		after    time.Duration
		observed time.Duration
		jumps    uint32
	}{
		{0, time.Minute, time.Minute, 0},
		{1, time.Minute, time.Minute, 0},
		{1, 25 * time.Hour, 24 * time.Hour, 1},
		{720, time.Minute, 12 * time.Hour, 0},
		{720, 2 * time.Minute, 24 * time.Hour, 0},
		{720, 3 * time.Minute, 24 * time.Hour, 1},
		{720, -time.Minute, 0, 0},
		{10_000, 200 * 365 * 24 * time.Hour, 24 * time.Hour, 1},
	} {
		var c clock
		begin := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC).UnixNano()
		c.advance(begin, one.speed)
		c.advance(begin+int64(one.after), one.speed)
		assert.Equal(t, one.observed, c.observed, "%d times as fast, after %s", one.speed, one.after)
		assert.Equal(t, one.jumps, c.jumps, "%d times as fast, after %s", one.speed, one.after)
	}
}

// A demonstration has a day in two minutes, and what was learned in them is what counts.
func TestProfile_learnsADayInTwoMinutes(t *testing.T) {
	s := newStage(t)
	limits := DefaultLimits()
	limits.Speed, limits.LearningMax = 720, 24*time.Hour
	s.profile = New("shop/web", limits)
	s.play("do /srv/web exec /srv/thumbnail x1100 every=100ms\n")
	assert.Equal(t, Learning, s.profile.State(), "it is evening")
	s.play("at 2m\ndo /srv/web exec /srv/thumbnail\n")
	assert.Equal(t, Watching, s.profile.State())
	limits.Speed = -1
	assert.ErrorIs(t, limits.Validate(), ErrLimits)
}
