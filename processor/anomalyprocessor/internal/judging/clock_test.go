// SPDX-License-Identifier: Apache-2.0

package judging

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

var beginning = time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)

func TestClock(t *testing.T) {
	c := &Clock{}
	assert.Equal(t, beginning, c.Now(beginning), "without events, ours")
	at, moved := c.Take(beginning.Add(-30*24*time.Hour), beginning)
	assert.False(t, moved, "the first event says when it is")
	assert.Equal(t, beginning.Add(-30*24*time.Hour), at)
	assert.Equal(t, at.Add(time.Hour), c.Now(beginning.Add(time.Hour)), "without events as much is over as for us")
	assert.Equal(t, at, c.Now(beginning.Add(-time.Hour)), "our own clock may be set back")

	late, moved := c.Take(at.Add(-time.Minute), beginning)
	assert.False(t, moved)
	assert.Equal(t, at.Add(-time.Minute), late)
	assert.Equal(t, at, c.Now(beginning), "time does not go back for an event that is late")
}

func TestClock_ahead(t *testing.T) {
	c := &Clock{}
	at, moved := c.Take(beginning.Add(10*365*24*time.Hour), beginning)
	assert.True(t, moved, "the first event is from the future")
	assert.Equal(t, beginning, at)
	c.Take(beginning, beginning)
	for range eventsAstrayMax - 1 {
		at, moved = c.Take(beginning.Add(time.Hour), beginning)
		assert.True(t, moved)
		assert.Equal(t, beginning, at)
	}
	at, moved = c.Take(beginning.Add(time.Hour), beginning)
	assert.False(t, moved, "so many in a row are right")
	assert.Equal(t, beginning.Add(time.Hour), at)
	assert.Equal(t, at, c.Now(beginning))
}

// What was held up somewhere comes all at once, and is of the past.
func TestClock_heldUp(t *testing.T) {
	c := &Clock{}
	for hour := range 24 {
		event := beginning.Add(time.Duration(hour-24) * time.Hour)
		at, moved := c.Take(event, beginning)
		assert.False(t, moved)
		assert.Equal(t, event, at)
		assert.Equal(t, event, c.Now(beginning))
	}
}

func TestClock_setBack(t *testing.T) {
	c := &Clock{}
	c.Take(beginning, beginning)
	back := beginning.Add(-2 * eventLateMax)
	for range eventsAstrayMax - 1 {
		at, moved := c.Take(back, beginning)
		assert.False(t, moved)
		assert.Equal(t, back, at)
		assert.Equal(t, beginning, c.Now(beginning))
	}
	c.Take(back, beginning)
	assert.Equal(t, back, c.Now(beginning))
}
