// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"maps"
	"slices"
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
	// benign counts runs without, falseBenign their incidents, falseTold what is left of these when they are merged; benignEvents and surprising what
	// they consist of.
	benign, falseBenign, falseTold int
	// days are those of all workloads without attacks.
	days                     float64
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
	// stepsDone and stepsNamed are steps of attacks that have processes, and those of which an incident names one.
	stepsDone, stepsNamed int
	unnamed               []string
	// delays are the times from the decisive steps to the incidents, below zero if the incident was there before.
	delays []time.Duration
	// attackEvents and attackSurprising are what runs with attacks consist of.
	attackEvents, attackSurprising int
	folds                          folds
	// victims are those of the processes named only that an attack's processes descend from.
	victims int
	// Processes of incidents in runs with an attack: of the attack and named, named only, not named.
	hit, wrong, missing int
	// stories is how many are left of the attacks' incidents when they are merged, joined how many of them hold different attacks.
	incidents, stories, joined int
	nodes                      []int
	bytes                      []int
	settled                    int
	// state is how many bytes all profiles are when they are kept.
	state int
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
		for _, n := range i.Named {
			named[n.Process] = true
		}
		if about && !found {
			found = true
			r.slowest = max(r.slowest, i.RaisedAt.Sub(out.firstEvil))
			if decisive := out.decisive(); !decisive.IsZero() {
				r.delays = append(r.delays, i.RaisedAt.Sub(decisive))
			}
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
			if out.run.victims()[key] {
				r.victims++
			}
		}
	}
	r.countSteps(out, named)
	for key := range out.run.evil {
		if !named[key] {
			r.missing++
		}
	}
	return found
}

// countSteps compares the steps of an attack with the processes that are named.
func (r *result) countSteps(out outcome, named map[behaviour.ProcessKey]bool) {
	for _, s := range out.run.steps {
		if len(s.evil) == 0 {
			continue
		}
		r.stepsDone++
		if slices.ContainsFunc(slices.Collect(maps.Keys(s.evil)), func(p behaviour.ProcessKey) bool { return named[p] }) {
			r.stepsNamed++
		} else {
			r.unnamed = append(r.unnamed, fmt.Sprintf("%s/%s: %s", out.run.workload, out.run.chain, s.name))
		}
	}
}

// decisive is when the decisive step was replayed, zero if none is known.
func (o *outcome) decisive() time.Time {
	for _, s := range o.run.steps {
		if s.decisive && s.first.Unix() > 0 {
			return s.first.Add(o.shift)
		}
	}
	return time.Time{}
}

// victims are the processes that an attack's processes descend from, and that are none of them.
func (x *execution) victims() map[behaviour.ProcessKey]bool {
	parents := map[behaviour.ProcessKey]behaviour.ProcessKey{}
	for at := range x.events {
		e := &x.events[at]
		if _, ok := parents[e.Process]; !ok {
			parents[e.Process] = e.Parent
		}
	}
	above := map[behaviour.ProcessKey]bool{}
	for key := range x.evil {
		for at := parents[key]; at != (behaviour.ProcessKey{}) && !above[at]; at = parents[at] {
			if !x.evil[at] {
				above[at] = true
			}
		}
	}
	return above
}

// story is a group of incidents of one workload that are one to a person.
type story struct {
	workload   string
	signatures []incident.Signature
	chains     map[string]bool
}

// merge adds an incident to the first story that it is similar to, or begins one.
func merge(stories []*story, i *incident.Incident, workload, chain string) []*story {
	signature := incident.SignatureOf(i)
	for _, s := range stories {
		if s.workload != workload {
			continue
		}
		for _, other := range s.signatures {
			if incident.Similar(signature, other) {
				s.signatures = append(s.signatures, signature)
				s.chains[chain] = true
				return stories
			}
		}
	}
	return append(stories, &story{workload, []incident.Signature{signature}, map[string]bool{chain: true}})
}
