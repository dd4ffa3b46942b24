// SPDX-License-Identifier: Apache-2.0

package k8senrichprocessor

import (
	"maps"
	"sync"

	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/enrich"
	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/hold"
)

// tally counts what was found, until somebody asks.
type tally struct {
	mu     sync.Mutex
	nears  map[nearCount]int64
	fars   map[farCount]int64
	queues []queueStats
}

type nearCount struct {
	status enrich.Status
	reason enrich.Reason
	source enrich.Source
}

type farCount struct {
	status enrich.Status
	reason enrich.Reason
}

// queueStats are the counts of a pipeline's queue.
type queueStats struct {
	signal string
	stats  func() hold.Stats
}

func newTally() *tally { return &tally{nears: map[nearCount]int64{}, fars: map[farCount]int64{}} }

func (t *tally) near(o enrich.Outcome) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.nears[nearCount{o.Status, o.Reason, o.Source}]++
}

func (t *tally) far(status enrich.Status, reason enrich.Reason) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.fars[farCount{status, reason}]++
}

// queue has the queue of a pipeline counted.
func (t *tally) queue(signal string, stats func() hold.Stats) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.queues = append(t.queues, queueStats{signal, stats})
}

func (t *tally) found() (map[nearCount]int64, map[farCount]int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.nears), maps.Clone(t.fars)
}

// waiting sums the queues of the pipelines of each signal.
func (t *tally) waiting() map[string]hold.Stats {
	t.mu.Lock()
	queues := append([]queueStats(nil), t.queues...)
	t.mu.Unlock()
	sums := map[string]hold.Stats{}
	for _, q := range queues {
		stats, sum := q.stats(), sums[q.signal]
		sum.Records += stats.Records
		sum.Bytes += stats.Bytes
		sum.Lost += stats.Lost
		if sum.Ended == nil {
			sum.Ended = map[hold.End]uint64{}
		}
		for end, n := range stats.Ended {
			sum.Ended[end] += n
		}
		sums[q.signal] = sum
	}
	return sums
}
