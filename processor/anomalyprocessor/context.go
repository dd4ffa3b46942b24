// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/record"
)

// note takes in the event that was read last, if it is one that only tells who belongs to whom. A workload of which nothing was judged yet
// has no incident, and none is made for it.
func (c *core) note(s *scratch, outcome record.Outcome) {
	if outcome != record.Context {
		return
	}
	e := &s.event
	if s.owned == nil || s.owned.Workload() != e.Workload {
		c.release(s)
		if s.owned = c.profiles.AcquireKnown(e.Workload); s.owned == nil {
			return
		}
	}
	c.workloadOf(s.owned).Note(e, s.now)
}
