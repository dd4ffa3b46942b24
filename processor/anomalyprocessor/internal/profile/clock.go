// SPDX-License-Identifier: Apache-2.0

package profile

import "time"

// clock makes of the times of events the time for which a workload was observed. Events may be out of order, their clocks may jump and
// differ between hosts: observed time never goes back, and never goes ahead by more than gapMax at once.
type clock struct {
	// observed is how much time was observed.
	observed time.Duration
	// high is the latest time of an event, in nanoseconds since 1970; 0 before the first.
	high int64
	// late counts events in a row that were later than lateMax allows.
	late uint32
	// jumps counts how often time jumped, ahead or back.
	jumps uint32
}

// advance takes in the time of an event. Observed time goes speed times as fast as that of events.
func (c *clock) advance(now int64, speed int) {
	factor := time.Duration(max(speed, 1))
	if c.high == 0 {
		c.high = now
		return
	}
	delta := time.Duration(now - c.high)
	switch {
	case delta > gapMax/factor:
		c.observed += gapMax
		c.jumps++
	case delta >= 0:
		c.observed += delta * factor
	case delta >= -lateMax:
		c.late = 0
		return
	default:
		// One event from the past is nothing. Many in a row, without one from the present, mean that the clock was set back.
		if c.late++; c.late < lateEvents {
			return
		}
		c.jumps++
	}
	c.high, c.late = now, 0
}

// bucket returns the number of the bucket of observed time.
func (c *clock) bucket() uint32 { return uint32(c.observed / bucket) }

// epoch returns how many half-lives are over.
func (c *clock) epoch() uint8 { return uint8(c.observed / halfLife) }
