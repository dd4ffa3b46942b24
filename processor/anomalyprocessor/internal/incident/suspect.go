// SPDX-License-Identifier: Apache-2.0

package incident

import (
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/profile"
)

// suspect returns the keys of what makes it an incident: what is sensitive, or said by a rule; all of it if nothing is. The ordinary things
// around may be learned when the incident is over: that a build copies files is no worse because it has removed a log too.
func (i *Incident) suspect() []profile.Keys {
	var keys []profile.Keys
	for at := range i.Behaviours {
		if b := &i.Behaviours[at]; b.Sensitivity != behaviour.Ordinary || len(b.Excuses) > 0 {
			keys = append(keys, b.Keys)
		}
	}
	if len(keys) == 0 {
		return i.Keys()
	}
	return keys
}

// Look tells an observation what only the tracker knows: that it is of the runtime, which prepares the container within its cgroup. The mounts and
// privileges that this takes are no intrusion. Whoever takes the name of a runtime was executed in the container.
func (t *Tracker) Look(e *behaviour.Event, o *profile.Observation) {
	if o.Sensitivity != behaviour.Intrusion || !behaviour.Runtime(e.Executable) {
		return
	}
	if p, ok := t.processes[e.Process]; !ok || !p.executed {
		o.Sensitivity = behaviour.Ordinary
	}
}
