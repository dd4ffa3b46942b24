// SPDX-License-Identifier: Apache-2.0

package main

import (
	"time"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/incident"
)

// result is a row of the table.
type result struct {
	variant variant
	// attacks and found are runs with an attack, and those in which an incident has a process of it.
	attacks, found int
	missed         []string
	// slowest is the longest time between the first event of an attack and the incident, in the time of the recording.
	slowest time.Duration
	// falseAttack counts incidents in those runs that have nothing to do with the attack.
	falseAttack int
	// benign counts runs without, falseBenign their incidents; benignEvents and surprising what they consist of.
	benign, falseBenign      int
	benignEvents, surprising int
	// falseHalf and falseBare are incidents in the benign runs if every second event is lost, and if nobody knows who did it.
	falseHalf, falseBare int
	// drift counts runs of a new version. Of those whose version is known, driftRaised raised an incident, and driftExpected one that says
	// that a new version behaves differently, in driftStories when those are merged. driftBlind raised one if the version is not known, driftBlindSensitive one
	// that is more than a notice.
	drift, driftRaised, driftExpected, driftStories, driftBlind, driftBlindSensitive int
	// during are attacks while a new version is rolled out for the first time.
	during, duringFound int
	duringMissed        []string
	// Processes of incidents in runs with an attack: of the attack and named, named only, not named.
	hit, wrong, missing int
	// stories is how many are left of the attacks' incidents when they are merged, joined how many of them hold different attacks.
	incidents, stories, joined int
	nodes                      []int
	bytes                      []int
	bars                       []float64
	settled                    int
}

func (r *result) precision() float64 { return ratio(r.hit, r.hit+r.wrong) }
func (r *result) recall() float64    { return ratio(r.hit, r.hit+r.missing) }

func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// countProcesses compares the processes of what was raised with those of the attack.
func (r *result) countProcesses(out outcome) (found bool) {
	named := map[behaviour.ProcessKey]bool{}
	for _, i := range out.raised {
		about := false
		for _, n := range i.Nodes {
			named[n.Process] = true
			about = about || out.run.evil[n.Process]
		}
		if about && !found {
			found = true
			r.slowest = max(r.slowest, i.RaisedAt.Sub(out.firstEvil))
		}
		if !about {
			r.falseAttack++
		}
	}
	for key := range named {
		if out.run.evil[key] {
			r.hit++
		} else {
			r.wrong++
		}
	}
	for key := range out.run.evil {
		if !named[key] {
			r.missing++
		}
	}
	return found
}

// story is a group of incidents that are one to a person.
type story struct {
	signatures []incident.Signature
	chains     map[string]bool
}

// merge adds an incident to the first story that it is similar to, or begins one.
func merge(stories []*story, i *incident.Incident, chain string) []*story {
	signature := incident.SignatureOf(i)
	for _, s := range stories {
		for _, other := range s.signatures {
			if incident.Similar(signature, other) {
				s.signatures = append(s.signatures, signature)
				s.chains[chain] = true
				return stories
			}
		}
	}
	return append(stories, &story{[]incident.Signature{signature}, map[string]bool{chain: true}})
}
