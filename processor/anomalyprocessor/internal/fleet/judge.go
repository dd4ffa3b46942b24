// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"fmt"
	"time"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/incident"
)

// Rules say when something is ordinary for the fleet.
type Rules struct {
	// HostsMin is on how many other hosts a behaviour is normal at least, or WorkloadsMin for how many other workloads with the same image, each on
	// another host.
	HostsMin, WorkloadsMin int
}

// Incident is one as an agent told of it.
type Incident struct {
	ID, Host, Workload string
	// Version is the hash of the version of the workload, 0 if it is not known.
	Version uint64
	// Score is what the agent told.
	Score float64
	// Protected tells that a rule of a high level matched: the fleet says nothing against that.
	Protected bool
	// Omitted is how many steps the agent has left out.
	Omitted int64
	Opened  time.Time
	Closed  bool
	Steps   []Step
	// Accepted are connections that its processes, or those above them, are known to have accepted, besides those that are steps.
	Accepted []incident.End
	// Links are connections that its processes opened, and that are no steps since they are usual for the workload. They weigh nothing.
	Links []Step
}

// Step is a behaviour of an incident.
type Step struct {
	incident.Behaviour
	Executable string
}

// Signature returns what it consists of, to compare it with others.
func (i *Incident) Signature() incident.Signature {
	all := incident.Incident{Behaviours: i.behaviours(1, nil)}
	return incident.SignatureOf(&all)
}

// behaviours returns those of all steps, with less weight for some.
func (i *Incident) behaviours(factor float64, lowered []bool) []incident.Behaviour {
	all := make([]incident.Behaviour, len(i.Steps))
	for at := range i.Steps {
		all[at] = i.Steps[at].Behaviour
		if lowered != nil && lowered[at] {
			all[at].Weight *= factor
		}
	}
	return all
}

// Judgement is what the fleet says about an incident.
type Judgement struct {
	// Suppressed is why all that is unusual in the incident is ordinary. Empty if it is not.
	Suppressed string
	// Score is the agent's, with half the weight for each step that is ordinary.
	Score float64
	// Hosts is on how many other hosts each step is normal, in their order.
	Hosts []int
}

// Judge tells what the fleet says about an incident. What is sensitive, what a person said is malicious, and an incident that a rule of a high level
// matched keep their weight, whatever the fleet shows.
func (m *Model) Judge(i *Incident, rules Rules, now time.Time) Judgement {
	epoch := epochOf(now)
	j := Judgement{Score: i.Score, Hosts: make([]int, len(i.Steps))}
	self := member{short(i.Host), short(i.Workload)}
	lowered := make([]bool, len(i.Steps))
	kept, counted, fewest := i.Omitted > 0 || i.Protected, 0, 0
	for at := range i.Steps {
		step := &i.Steps[at]
		hosts, ordinary := m.ordinary(step.ID, i.Version, self, rules, epoch)
		j.Hosts[at] = hosts
		lowered[at] = ordinary && !step.Forbidden && step.Sensitivity == behaviour.Ordinary && !i.Protected
		if step.Weight < weightMin && step.Sensitivity == behaviour.Ordinary && !step.Forbidden {
			continue
		}
		kept = kept || !lowered[at]
		if counted++; counted == 1 || hosts < fewest {
			fewest = hosts
		}
	}
	full := incident.Incident{Behaviours: i.behaviours(1, nil)}
	less := incident.Incident{Behaviours: i.behaviours(ordinaryFactor, lowered)}
	if before := full.Score(); before > 0 {
		j.Score = i.Score * less.Score() / before
	}
	if !kept && counted > 0 {
		j.Suppressed = reason(counted, fewest, rules)
	}
	return j
}

// ordinary tells whether a behaviour is, and on how many other hosts it is normal.
func (m *Model) ordinary(behaviour, version uint64, self member, rules Rules, epoch uint32) (int, bool) {
	e := m.look(behaviour, epoch)
	if e == nil {
		return 0, false
	}
	hosts := e.hosts(self.host)
	if e.forbidden > 0 && epoch+1-e.forbidden <= 1 {
		return hosts, false
	}
	if hosts >= rules.HostsMin {
		return hosts, true
	}
	if version == 0 {
		return hosts, false
	}
	same := m.look(ofImage(behaviour, version), epoch)
	return hosts, same != nil && same.elsewhere(self) >= rules.WorkloadsMin
}

func reason(steps, fewest int, rules Rules) string {
	if fewest >= rules.HostsMin {
		return fmt.Sprintf("each of the %d unusual behaviours is normal on at least %d other hosts", steps, fewest)
	}
	return fmt.Sprintf("each of the %d unusual behaviours is normal on at least %d other hosts, or for %d other workloads with the same image",
		steps, rules.HostsMin, rules.WorkloadsMin)
}
