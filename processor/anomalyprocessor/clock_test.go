// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestClock(t *testing.T) {
	c := &clock{}
	assert.Equal(t, beginning, c.now(beginning), "without events, ours")
	at, moved := c.take(beginning.Add(-30*24*time.Hour), beginning)
	assert.False(t, moved, "the first event says when it is")
	assert.Equal(t, beginning.Add(-30*24*time.Hour), at)
	assert.Equal(t, at.Add(time.Hour), c.now(beginning.Add(time.Hour)), "without events as much is over as for us")
	assert.Equal(t, at, c.now(beginning.Add(-time.Hour)), "our own clock may be set back")

	late, moved := c.take(at.Add(-time.Minute), beginning)
	assert.False(t, moved)
	assert.Equal(t, at.Add(-time.Minute), late)
	assert.Equal(t, at, c.now(beginning), "time does not go back for an event that is late")
}

func TestClock_ahead(t *testing.T) {
	c := &clock{}
	at, moved := c.take(beginning.Add(10*365*24*time.Hour), beginning)
	assert.True(t, moved, "the first event is from the future")
	assert.Equal(t, beginning, at)
	c.take(beginning, beginning)
	for range eventsAstrayMax - 1 {
		at, moved = c.take(beginning.Add(time.Hour), beginning)
		assert.True(t, moved)
		assert.Equal(t, beginning, at)
	}
	at, moved = c.take(beginning.Add(time.Hour), beginning)
	assert.False(t, moved, "so many in a row are right")
	assert.Equal(t, beginning.Add(time.Hour), at)
	assert.Equal(t, at, c.now(beginning))
}

// What was held up somewhere comes all at once, and is of the past.
func TestClock_heldUp(t *testing.T) {
	c := &clock{}
	for hour := range 24 {
		event := beginning.Add(time.Duration(hour-24) * time.Hour)
		at, moved := c.take(event, beginning)
		assert.False(t, moved)
		assert.Equal(t, event, at)
		assert.Equal(t, event, c.now(beginning))
	}
}

func TestClock_setBack(t *testing.T) {
	c := &clock{}
	c.take(beginning, beginning)
	back := beginning.Add(-2 * eventLateMax)
	for range eventsAstrayMax - 1 {
		at, moved := c.take(back, beginning)
		assert.False(t, moved)
		assert.Equal(t, back, at)
		assert.Equal(t, beginning, c.now(beginning))
	}
	c.take(back, beginning)
	assert.Equal(t, back, c.now(beginning))
}
