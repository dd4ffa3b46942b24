// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"maps"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/incident"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/profile"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/record"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/story"
)

// tally counts what happens to all workloads.
type tally struct {
	outcomes [record.Outcomes]atomic.Uint64
	// allowed are events that the configuration allows, refused incidents that a pipeline refused, cut texts that rules saw in part, ahead
	// events whose time lay in the future, again batches that came once more after the pipeline had refused them.
	allowed, refused, cut, ahead, again atomic.Uint64

	mu   sync.Mutex
	said map[said]int64
	// gone is what workloads counted that are forgotten.
	gone counts
}

// said is what was told of an incident.
type said struct {
	state    string
	severity plog.SeverityNumber
}

// counts are what each workload counts itself.
type counts struct {
	tracker incident.Stats
	book    story.Stats
	evicted uint64
	habits  uint64
}

func (c *counts) add(p *profile.Profile, w *workload) {
	tracker, book := w.Tracker.Stats(), w.book.Stats()
	c.tracker.Surprising += tracker.Surprising
	c.tracker.Forgotten += tracker.Forgotten
	c.tracker.Displaced += tracker.Displaced
	c.tracker.Unnamed += tracker.Unnamed
	c.tracker.Nameless += tracker.Nameless
	c.book.Merged += book.Merged
	c.book.Forgotten += book.Forgotten
	c.book.Omitted += book.Omitted
	c.evicted += p.Stats().Evicted
	c.habits += p.HabitsOmitted()
}

// keep takes in what a workload has counted that is forgotten.
func (t *tally) keep(p *profile.Profile, w *workload) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.gone.add(p, w)
}

func (t *tally) told(state string, severity plog.SeverityNumber) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.said == nil {
		t.said = map[said]int64{}
	}
	t.said[said{state, severity}]++
}

// snapshot returns what was told, and what forgotten workloads have counted. Incidents of a severity that none was opened of are 0 and not
// absent: a series that begins with 1 has not increased, and nobody would be alerted to the first incident.
func (t *tally) snapshot() (map[said]int64, counts) {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := map[said]int64{}
	for severity := range severityNames {
		all[said{stateOpened, severity}] = 0
	}
	maps.Copy(all, t.said)
	return all, t.gone
}
