// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/incident"
)

// surprise is an event that is surprising by itself, and the incident that it became part of, nil if of none.
type surprise struct {
	process behaviour.ProcessKey
	in      *incident.Incident
}

// folds count surprising events by what became of them: a person is told of incidents, and of no event by itself.
type folds struct {
	// told are those of an attack in a raised incident about it, lost the others of an attack.
	told, lost int
	// dropped are those of nobody that no incident about an attack tells.
	dropped int
	// cluttering are those of nobody in an incident about an attack, above those of what the attack's processes descend from.
	cluttering, above int
}

// count adds the surprising events of a run.
func (f *folds) count(out outcome) {
	about := map[*incident.Incident]bool{}
	for _, i := range out.raised {
		for _, n := range i.Nodes {
			about[i] = about[i] || out.run.evil[n.Process]
		}
	}
	victims := out.run.victims()
	for _, s := range out.surprising {
		switch evil := out.run.evil[s.process]; {
		case evil && about[s.in]:
			f.told++
		case !evil && !about[s.in]:
			f.dropped++
		case evil:
			f.lost++
		case victims[s.process]:
			f.above++
		default:
			f.cluttering++
		}
	}
}

// String is a cell of the table.
func (f *folds) String() string {
	return fmt.Sprintf("%d + %d + %d, %d + %d", f.told, f.cluttering, f.above, f.dropped, f.lost)
}
