// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"fmt"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/profile"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/story"
)

// putForFleet tells of an incident what a gateway needs to judge it.
func putForFleet(attributes pcommon.Map, p *profile.Profile, f *story.Facts) {
	attributes.PutStr(names.ProfileWorkload, p.Workload())
	putVersion(attributes, p)
	if len(f.Rules) > 0 {
		attributes.PutStr(names.IncidentRulesLevel, highestOf(f.Rules).Level.String())
	}
}

// putStepForFleet tells the same of a step.
func putStepForFleet(m pcommon.Map, step *story.Step) {
	m.PutStr(names.StepBehaviour, fmt.Sprintf("%016x", step.ID))
	if step.Forbidden {
		m.PutBool(names.StepMalicious, true)
	}
	if len(step.Ends) == 0 {
		return
	}
	list := m.PutEmptySlice(names.StepEnds)
	for at := range step.Ends {
		end := list.AppendEmpty().SetEmptyMap()
		end.PutStr(names.EndTime, formatTime(step.Ends[at].Time))
		end.PutStr(names.EndClient, step.Ends[at].Client.String())
		end.PutStr(names.EndServer, step.Ends[at].Server.String())
		putText(end, names.EndPeer, step.Ends[at].Peer)
	}
}
