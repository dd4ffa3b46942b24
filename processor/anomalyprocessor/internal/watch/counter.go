// SPDX-License-Identifier: Apache-2.0

package watch

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"
)

// counter remembers the last point of what is counted.
type counter struct {
	at, start  uint64
	count, sum float64
	backwards  uint8
}

// counted is a point of what is counted: of sums only count, of histograms how many observations and their sum.
type counted struct {
	// at and start are in nanoseconds, start is 0 if it is not known.
	at, start  uint64
	count, sum float64
	how        pmetric.AggregationTemporality
}

// increase is what was counted within a time.
type increase struct {
	seconds, count, sum float64
}

// add takes in a point, and returns what was counted since the one before.
func (c *counter) add(p counted) (increase, Outcome) {
	before := *c
	if before.at != 0 && p.at <= before.at {
		// Either the point is late, or the clock was wrong before.
		if c.backwards++; c.backwards < backwardsMax {
			return increase{}, Late
		}
		before = counter{}
	}
	*c = counter{at: p.at, start: p.start, count: p.count, sum: p.sum}
	from := before.at
	switch {
	case p.how == pmetric.AggregationTemporalityDelta:
		if p.start != 0 && p.start < p.at {
			from = p.start
		}
		before.count, before.sum = 0, 0
	case p.how != pmetric.AggregationTemporalityCumulative:
		return increase{}, Unreadable
	case before.at != 0 && (p.start != before.start && p.start != 0 && before.start != 0 || p.count < before.count):
		// It began anew. What it counted since is known if it is known when that was.
		if from = 0; p.start >= before.at && p.start < p.at {
			from = p.start
		}
		before.count, before.sum = 0, 0
	}
	if from == 0 || time.Duration(p.at-from) > gapMax {
		return increase{}, NoRate
	}
	return increase{float64(p.at-from) / float64(time.Second), p.count - before.count, p.sum - before.sum}, Scored
}
