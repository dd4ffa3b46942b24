// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"context"
	"time"

	"k8s.io/utils/clock"
)

// stoppableClock is the real clock, except that nobody waits on it once ctx is done: the reflector waits for up to
// a minute before it tries again, in one place without looking at its context.
type stoppableClock struct {
	clock.RealClock
	ctx context.Context
}

// After returns a channel that tells when the time has passed, or ctx is done.
func (c stoppableClock) After(d time.Duration) <-chan time.Time {
	passed := make(chan time.Time, 1)
	timed, cancel := context.WithTimeout(c.ctx, d)
	context.AfterFunc(timed, func() {
		cancel()
		passed <- time.Now()
	})
	return passed
}
