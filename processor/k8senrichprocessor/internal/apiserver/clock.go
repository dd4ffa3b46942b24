// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"k8s.io/utils/clock"
)

// patientClock is the real clock, except that it says itself how long a reflector waits before it tries again, and
// that nobody waits on it once ctx is done.
//
// A reflector doubles the time with every failure and goes back to the shortest after two minutes without one. After
// an API server was away, its first answer is mostly that a watch can't go on from where it was, which would count as
// one more failure, with the longest time. Here the first answer after a while begins again with the shortest.
type patientClock struct {
	clock.RealClock
	ctx        context.Context
	least, max time.Duration

	mu       sync.Mutex
	next     time.Duration
	answered time.Time
}

// answersApart is how long ago the last answer that counted has to be. An API server that answers and fails in turn
// is not asked more often than one that is away.
const answersApart = 30 * time.Second

// Answered takes it that the API server has answered as it should.
func (c *patientClock) Answered() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.answered) >= answersApart {
		c.answered = now
		c.next = 0
	}
}

// delay is the time to the next try: twice that to the last one, and up to as much again by chance, so that not all
// nodes come at once.
func (c *patientClock) delay() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.next = min(max(2*c.next, c.least), c.max)
	return c.next + rand.N(c.next) //nolint:gosec // nothing secret
}

// After returns a channel that tells when it is time to try again, or ctx is done. It is what a reflector calls before
// it does.
func (c *patientClock) After(time.Duration) <-chan time.Time {
	passed := make(chan time.Time, 1)
	timed, cancel := context.WithTimeout(c.ctx, c.delay())
	context.AfterFunc(timed, func() {
		cancel()
		passed <- time.Now()
	})
	return passed
}
