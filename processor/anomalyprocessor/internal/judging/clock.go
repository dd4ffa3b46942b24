// SPDX-License-Identifier: Apache-2.0

package judging

import "time"

// Clock follows the time of the events of a workload. One event whose clock is wrong neither ages what was learned nor closes incidents: only
// many in a row mean that the clock was set.
type Clock struct {
	// latest is the time of the events so far, arrived when it was reached, by our clock.
	latest, arrived time.Time
	// astray counts events in a row that were further from it than they can be.
	astray uint32
}

// Restored returns the clock of a workload of which the latest event was at a time, when it was another by our own clock.
func Restored(latest, arrived time.Time) Clock { return Clock{latest: latest, arrived: arrived} }

// Latest returns the time of the events so far, and when it was reached, by our clock; zero without any.
func (c *Clock) Latest() (latest, arrived time.Time) { return c.latest, c.arrived }

// Now is what time it is for the workload. Without events there is no time but ours: as much of it is over for the workload as for us.
func (c *Clock) Now(ours time.Time) time.Time {
	if c.arrived.IsZero() {
		return ours
	}
	return c.latest.Add(max(ours.Sub(c.arrived), 0))
}

// Take takes in the time of an event, and returns the time that it is taken to have happened at, and whether that is another one.
func (c *Clock) Take(event, ours time.Time) (time.Time, bool) {
	now := c.Now(ours)
	early := event.Sub(now)
	switch {
	case early > eventAheadMax && event.Sub(ours) > eventAheadMax: // what was held up somewhere may come all at once
		if c.astray++; c.astray < eventsAstrayMax {
			return now, true
		}
	case early < -eventLateMax && !c.arrived.IsZero():
		if c.astray++; c.astray < eventsAstrayMax {
			return event, false
		}
	default:
		c.astray = 0
		if !c.arrived.IsZero() && event.Before(c.latest) {
			return event, false // a little late
		}
	}
	c.latest, c.arrived, c.astray = event, ours, 0
	return event, false
}
