// SPDX-License-Identifier: Apache-2.0

package incident

import "github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"

// Lineage returns the processes of an incident, and those above them as far as they are known: what one of these accepted can be what the incident
// began with.
func (t *Tracker) Lineage(i *Incident) (own, above []behaviour.ProcessKey) {
	seen := map[behaviour.ProcessKey]bool{{}: true}
	for at := range i.Nodes {
		seen[i.Nodes[at].Process] = true
		own = append(own, i.Nodes[at].Process)
	}
	for at := range i.Nodes {
		next := i.Nodes[at].Parent
		for range ancestorsMax {
			if !seen[next] {
				seen[next] = true
				above = append(above, next)
			}
			p, known := t.processes[next]
			if !known {
				break
			}
			next = p.parent
		}
	}
	return own, above
}

// Foreign tells whether a process should not be there: that it was executed is itself part of an incident that is open.
func (t *Tracker) Foreign(key behaviour.ProcessKey) bool {
	if len(t.open) == 0 {
		return false
	}
	p, known := t.processes[key]
	if !known || !p.unusual {
		return false
	}
	i := p.incident.whole()
	return i != nil && !i.closed
}
