// SPDX-License-Identifier: Apache-2.0

package series

import (
	"math"
	"time"
)

// Outcome is what became of a point.
type Outcome uint8

// Outcomes.
const (
	// Judged points have a judgement.
	Judged Outcome = iota
	// NoNumber is for values that are none, or too large to reckon with.
	NoNumber
	// Late is for points that are not later than the one before.
	Late
)

// Kind is in which way a point is unusual.
type Kind uint8

// Kinds.
const (
	// Spike and Dip are single values that are high and low.
	Spike Kind = iota
	Dip
	// LevelShift is a change that stays.
	LevelShift
	// OutOfSeason is a value that is usual at other hours.
	OutOfSeason
	// Kinds is how many there are.
	Kinds
)

var kindNames = [Kinds]string{Spike: "spike", Dip: "dip", LevelShift: "level_shift", OutOfSeason: "out_of_season"}

// String returns the name of the kind, as it leaves Meerkat.
func (k Kind) String() string { return kindNames[k] }

// Judgement is what is said of a point.
type Judgement struct {
	// Decades is how improbable a point is, at least as far out: 3 is what happens once in a thousand points. A series that is known for
	// longer is asked for more, so that what was never seen before is about 3 in each.
	Decades float64
	// Record tells that nothing in the last hundred points was as unusual. What goes on for a while is one anomaly, not many.
	Record bool
	// Shift tells that with this point it is certain that what was out stays: the anomaly that was told of before is a LevelShift.
	Shift bool
	Kind  Kind
	// Expected is the value that was expected, from Low to High in 99 of 100 cases.
	Expected, Low, High float64

	// Ranks of the distances from the three baselines, weighted.
	all, day, week float64
}

// Score is Decades as a number between 0 and 1: the probability of less.
func (j *Judgement) Score() float64 { return 1 - math.Pow(10, -j.Decades) }

// Weights of the ranks. They were chosen by measuring, see docs/detection-measured.md.
const (
	weightAll  = 0.5
	weightDay  = 1.0
	weightWeek = 0.5
)

const (
	// shiftPoints is how many points in a row have to be out on one side for a change that stays, shiftDeviations how far.
	shiftPoints     = 10
	shiftDeviations = 2.0
	// inRange is the rank up to which a value as such is usual.
	inRange = 1.5 * weightAll
	// rangeShare is the share of points that is outside of what is expected.
	rangeShare = 0.01
)

// judge measures a value by the three baselines, and takes it into them.
func (d *Detector) judge(at time.Time, value float64, step time.Duration) Judgement {
	hourOfWeek := int(at.Unix() / int64(time.Hour/time.Second) % hoursOfWeek)
	if hourOfWeek < 0 {
		hourOfWeek += hoursOfWeek
	}
	j := d.expect(hourOfWeek)
	outside := d.all.distance(value)
	d.all.add(value, step)
	if d.points > momentsMin {
		j.all = weightAll * d.allRanks.add(math.Abs(outside))
	}
	ofDay, ofWeek := d.byDay(value, hourOfWeek%hoursOfDay, step), d.byWeek(value, hourOfWeek, step)
	if d.seen >= dayMin {
		j.day = weightDay * d.dayRanks.add(math.Abs(ofDay))
	}
	if d.seen >= weekMin {
		j.week = weightWeek * d.weekRanks.add(math.Abs(ofWeek))
	}
	j.Shift = d.stays(outside)
	j.Kind = d.kind(&j, value)
	return j
}

// byDay returns how far the smoothed value is from that of the hour of the day.
func (d *Detector) byDay(value float64, hour int, step time.Duration) float64 {
	share := 1 - math.Exp(-float64(step)/float64(smoothing))
	d.smoothed += max(share, 1/float64(d.points)) * (value - d.smoothed)
	difference := d.days[hour].add(d.smoothed, step, memoryOfDay)
	distance := d.ofDay.distance(difference)
	d.ofDay.add(difference, step)
	return distance
}

// byWeek returns how far the value is from that of the hour of the week.
func (d *Detector) byWeek(value float64, hour int, step time.Duration) float64 {
	h := &d.weeks[hour]
	difference := h.add(value, step, memoryOfWeek)
	distance := limited((difference - d.ofWeek.mean) / d.deviation(hour))
	d.ofWeek.add(difference, step)
	return distance
}

// deviation is the standard deviation in an hour of the week. It leans on that of all hours, as a few quiet weeks are not a promise.
func (d *Detector) deviation(hour int) float64 {
	h := &d.weeks[hour]
	if h.points <= binPointsMin {
		return d.ofWeek.deviation()
	}
	return floorOf(math.Sqrt(0.8*float64(h.variance)+0.2*d.ofWeek.variance), d.ofWeek.mean)
}

// expect says what is expected.
func (d *Detector) expect(hourOfWeek int) Judgement {
	expected, width := d.all.mean, d.all.deviation()*d.allRanks.quantile(rangeShare)
	if h := &d.weeks[hourOfWeek]; d.seen >= 2*weekMin && h.points > binPointsMin {
		expected, width = float64(h.mean)+d.ofWeek.mean, d.deviation(hourOfWeek)*d.weekRanks.quantile(rangeShare)
	}
	return Judgement{Expected: expected, Low: expected - width, High: expected + width}
}

// stays keeps count of how long values have been out on one side, and tells whether that has just become long.
func (d *Detector) stays(outside float64) bool {
	side := int8(0)
	if math.Abs(outside) >= shiftDeviations {
		side = int8(math.Copysign(1, outside))
	}
	if side != d.side {
		d.side, d.sidePoints = side, 0
	}
	if side == 0 || d.sidePoints > shiftPoints {
		return false
	}
	d.sidePoints++
	return d.sidePoints == shiftPoints
}

// kind says in which way a value is unusual.
func (d *Detector) kind(j *Judgement, value float64) Kind {
	switch {
	case d.side != 0 && d.sidePoints >= shiftPoints:
		return LevelShift
	case j.all <= inRange && j.day+j.week > j.all:
		return OutOfSeason
	case value < j.Expected:
		return Dip
	}
	return Spike
}
