// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// between asserts that the next delay is a time, or up to as much longer.
func (c *patientClock) between(t *testing.T, d time.Duration) {
	t.Helper()
	got := c.delay()
	assert.GreaterOrEqual(t, got, d)
	assert.LessOrEqual(t, got, 2*d)
}

func TestPatientClock(t *testing.T) {
	c := &patientClock{ctx: t.Context(), least: time.Second, max: 10 * time.Second}
	for _, seconds := range []time.Duration{1, 2, 4, 8, 10, 10} {
		c.between(t, seconds*time.Second)
	}
	c.Answered()
	c.between(t, time.Second)
	c.between(t, 2*time.Second)
	c.Answered()
	c.between(t, 4*time.Second)
	c.answered = time.Now().Add(-answersApart)
	c.Answered()
	c.between(t, time.Second)
}

// Nobody waits for the API server any longer than it takes to be told not to.
func TestPatientClock_ends(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := &patientClock{ctx: ctx, least: time.Hour, max: time.Hour}
	passed := c.After(0)
	cancel()
	<-passed
}
