// SPDX-License-Identifier: Apache-2.0

package watch

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

const (
	cumulative = pmetric.AggregationTemporalityCumulative
	delta      = pmetric.AggregationTemporalityDelta
)

// second is a time in the units of OTLP.
const second = uint64(time.Second)

func TestCounter(t *testing.T) {
	type step struct {
		at, start uint64
		count     float64
		outcome   Outcome
		rate      float64
	}
	for _, c := range []struct {
		name  string
		how   pmetric.AggregationTemporality
		steps []step
	}{
		{"grows", cumulative, []step{{100, 50, 10, NoRate, 0}, {110, 50, 30, Scored, 2}, {120, 50, 30, Scored, 0}}},
		{"does not say since when", cumulative, []step{{100, 0, 10, NoRate, 0}, {110, 0, 30, Scored, 2}, {120, 0, 5, NoRate, 0}, {130, 0, 15, Scored, 1}}},
		{"begins anew at a known time", cumulative, []step{{100, 50, 10, NoRate, 0}, {110, 105, 20, Scored, 4}, {120, 105, 30, Scored, 1}}},
		{"begins anew and is higher than before", cumulative, []step{{100, 50, 10, NoRate, 0}, {110, 108, 400, Scored, 200}}},
		{"begins anew at an impossible time", cumulative, []step{{100, 50, 10, NoRate, 0}, {110, 60, 5, NoRate, 0}, {120, 60, 15, Scored, 1}}},
		{"falls", cumulative, []step{{100, 50, 10, NoRate, 0}, {110, 50, 5, NoRate, 0}, {120, 50, 15, Scored, 1}}},
		{"is late", cumulative, []step{{100, 50, 10, NoRate, 0}, {90, 50, 9, Late, 0}, {100, 50, 10, Late, 0}, {110, 50, 20, Scored, 1}}},
		{"is silent", cumulative, []step{{100, 50, 10, NoRate, 0}, {10_000, 50, 30, NoRate, 0}, {10_010, 50, 40, Scored, 1}}},
		{"of differences", delta, []step{{100, 90, 10, Scored, 1}, {110, 100, 30, Scored, 3}, {120, 110, 0, Scored, 0}}},
		{"of differences that do not say since when", delta, []step{{100, 0, 10, NoRate, 0}, {110, 0, 30, Scored, 3}}},
		{"of no kind", pmetric.AggregationTemporalityUnspecified, []step{{100, 90, 10, Unreadable, 0}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var one counter
			for at, s := range c.steps {
				i, outcome := one.add(counted{s.at * second, s.start * second, s.count, 0, c.how})
				assert.Equal(t, s.outcome.String(), outcome.String(), at)
				if outcome == Scored {
					assert.InDelta(t, s.rate, i.count/i.seconds, 1e-9, at)
				}
			}
		})
	}
}

// A clock that was far ahead does not keep a counter from being read for ever.
func TestCounter_clock(t *testing.T) {
	var one counter
	one.add(counted{1e6 * second, 0, 10, 0, cumulative})
	late := 0
	for at := uint64(100); ; at += 10 {
		_, outcome := one.add(counted{at * second, 0, float64(at), 0, cumulative})
		if outcome != Late {
			assert.Equal(t, NoRate, outcome)
			_, outcome = one.add(counted{(at + 10) * second, 0, float64(at) + 10, 0, cumulative})
			assert.Equal(t, Scored, outcome)
			break
		}
		late++
	}
	assert.Equal(t, backwardsMax-1, late)
}
