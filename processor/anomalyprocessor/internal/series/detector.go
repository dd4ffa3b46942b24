// SPDX-License-Identifier: Apache-2.0

package series

import (
	"math"
	"time"
)

// Detector judges the points of one series, one after the other. The zero value knows nothing yet.
type Detector struct {
	// all is the plain baseline, ofDay and ofWeek what is left when the one of the hour is taken off.
	all, ofDay, ofWeek            moments
	allRanks, dayRanks, weekRanks ranks
	days                          [hoursOfDay]hour
	weeks                         [hoursOfWeek]hour
	smoothed                      float64
	tail                          tail
	rest                          rest

	// last is when the last point was, in nanoseconds; seen is the sum of the steps up to it, without gaps.
	last      int64
	seen      time.Duration
	points    uint64
	backwards uint8
	// side is on which side of the plain baseline the last points were out, for sidePoints.
	side       int8
	sidePoints uint8
}

// Points is how many it has judged.
func (d *Detector) Points() uint64 { return d.points }

// Add takes in a point and judges it. It refuses what is no number, and what is not later than the point before it.
func (d *Detector) Add(at time.Time, value float64) (Judgement, Outcome) {
	if math.IsNaN(value) || math.Abs(value) > valueMax {
		return Judgement{}, NoNumber
	}
	step, ok := d.step(at.UnixNano())
	if !ok {
		return Judgement{}, Late
	}
	d.points++
	d.seen += step
	j := d.judge(at, value, step)
	j.Decades = d.tail.add(j.all + j.day + j.week)
	j.Record = d.rest.record(j.Decades)
	return j, Judged
}

// valueMax is what has room in the arithmetic, squared, in 32 bits.
const valueMax = 1e18

// step returns how much older the series is, and whether time goes on.
func (d *Detector) step(at int64) (time.Duration, bool) {
	if d.points == 0 {
		d.last = at
		return 0, true
	}
	if at <= d.last {
		// Either the point is late, or the clock was wrong before.
		if d.backwards++; d.backwards < backwardsMax {
			return 0, false
		}
		d.backwards, d.last = 0, at
		return 0, true
	}
	step := min(time.Duration(at-d.last), stepMax)
	d.backwards, d.last = 0, at
	return step, true
}
