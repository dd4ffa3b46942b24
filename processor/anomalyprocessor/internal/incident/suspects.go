// SPDX-License-Identifier: Apache-2.0

package incident

import (
	"time"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
)

// Suspects tells whether a process, or an ancestor of it, is part of an incident that is open: what it does is not what is normal.
func (t *Tracker) Suspects(who, parent behaviour.ProcessKey, now time.Time) bool {
	p, ok := t.processes[who]
	if !ok {
		p = &process{key: who, parent: parent}
	}
	return t.ofAncestry(p, now) != nil
}
