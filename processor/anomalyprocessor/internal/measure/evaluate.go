// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/incident"
)

// evaluation runs a variant on the whole corpus.
type evaluation struct {
	result
	log     io.Writer // nil if incidents are not to be printed
	runs    []*execution
	stories []*story
}

func evaluate(v variant, runs []*execution, log io.Writer) (*result, error) {
	e := &evaluation{result: result{variant: v}, log: log, runs: runs}
	for _, workload := range workloads(runs) {
		t, err := train(v, workload, runs)
		if err != nil {
			return nil, err
		}
		e.nodes, e.bytes = append(e.nodes, t.stats.Nodes), append(e.bytes, t.stats.Bytes)
		e.state += len(t.profile)
		if t.settled {
			e.settled++
		}
		for _, step := range []func(*trained) error{e.benignRuns, e.worseRuns, e.driftRuns, e.driftBlindRuns, e.attackRuns, e.attacksDuringDrift} {
			if err := step(t); err != nil {
				return nil, err
			}
		}
	}
	e.result.stories = len(e.stories)
	for _, s := range e.stories {
		if len(s.chains) > 1 {
			e.joined++
		}
	}
	return &e.result, nil
}

func workloads(runs []*execution) []string {
	var names []string
	for _, x := range runs {
		if !slices.Contains(names, x.workload) {
			names = append(names, x.workload)
		}
	}
	return names
}

// print writes an incident, if that is wanted.
func (e *evaluation) print(what string, out outcome, incidents []*incident.Incident) {
	if e.log == nil || e.variant.name != variants()[0].name {
		return
	}
	for _, i := range incidents {
		fmt.Fprintf(e.log, "%s: run %d %s %s: score %.1f (decisive %.1f), %d processes, %d behaviours\n", what, out.run.number,
			out.run.workload, out.run.chain, i.Score(), i.DecisiveScore(), len(i.Nodes), len(i.Behaviours))
		for _, b := range i.Behaviours {
			fmt.Fprintf(e.log, "    %5.1f x%d expected=%v %s %s: %s\n", b.Weight, b.Count, b.Expected, b.Sensitivity, b.Action, b.Explanation)
		}
	}
}

// benignRuns are replayed one after the other, and go on teaching the profile.
func (e *evaluation) benignRuns(t *trained) error {
	d, err := t.detector(e.variant)
	if err != nil {
		return err
	}
	var told []*story
	for _, x := range of(e.runs, t.workload, "test") {
		out := d.replay(x, "v1")
		e.print("false", out, out.raised)
		e.benign++
		e.days += x.apart.Hours() / 24
		e.benignEvents += x.judged()
		e.falseBenign += len(out.raised)
		e.folds.count(out)
		for _, i := range out.raised {
			told = merge(told, i, t.workload, "")
		}
	}
	e.falseTold += len(told)
	e.surprising += d.surprising
	return nil
}

// worseRuns are the benign runs again, with less known about them.
func (e *evaluation) worseRuns(t *trained) error {
	half, err := t.detector(e.variant)
	if err != nil {
		return err
	}
	bare, err := t.detector(e.variant)
	if err != nil {
		return err
	}
	for _, x := range of(e.runs, t.workload, "test") {
		lossy, unnamed := *x, *x
		lossy.events, unnamed.events = nil, slices.Clone(x.events)
		for at := range x.events {
			if at%2 == 1 {
				lossy.events = append(lossy.events, x.events[at])
			}
			unnamed.events[at].Executable, unnamed.events[at].ParentExecutable = "", ""
			unnamed.events[at].Parent, unnamed.events[at].Executor = behaviour.ProcessKey{}, behaviour.ProcessKey{}
		}
		e.falseHalf += len(half.replay(&lossy, "v1").raised)
		e.falseBare += len(bare.replay(&unnamed, "").raised)
	}
	return nil
}

// driftRuns are of a new version, and replayed one after the other.
func (e *evaluation) driftRuns(t *trained) error {
	d, err := t.detector(e.variant)
	if err != nil {
		return err
	}
	told := false
	for _, x := range of(e.runs, t.workload, "drift") {
		out := d.replay(x, "v2")
		e.print("drift", out, out.raised)
		e.print("new version", out, out.expected)
		e.drift++
		if len(out.raised) > 0 {
			e.driftRaised++
		}
		if len(out.expected) > 0 {
			e.driftExpected++
		}
		told = told || len(out.expected) > 0
	}
	if told {
		e.driftStories++
	}
	return nil
}

// driftBlindRuns are the same, if nobody says that it is a new version.
func (e *evaluation) driftBlindRuns(t *trained) error {
	d, err := t.detector(e.variant)
	if err != nil {
		return err
	}
	for _, x := range of(e.runs, t.workload, "drift") {
		out := d.replay(x, "v1")
		if len(out.raised) > 0 {
			e.driftBlind++
		}
		if slices.ContainsFunc(out.raised, func(i *incident.Incident) bool { return len(i.Sensitivities()) > 0 }) {
			e.driftBlindSensitive++
		}
	}
	return nil
}

// attackRuns are each replayed on the profile as it was after learning.
func (e *evaluation) attackRuns(t *trained) error {
	for _, x := range of(e.runs, t.workload, "attack") {
		d, err := t.detector(e.variant)
		if err != nil {
			return err
		}
		out := d.replay(x, "v1")
		e.attacks++
		e.folds.count(out)
		e.attackEvents, e.attackSurprising = e.attackEvents+x.judged(), e.attackSurprising+d.surprising
		if e.countProcesses(out) {
			e.found++
		} else {
			e.missed = append(e.missed, t.workload+"/"+x.chain)
			e.print("missed", out, out.all)
		}
		e.print("attack", out, out.raised)
		for _, i := range out.raised {
			e.incidents++
			e.stories = merge(e.stories, i, x.workload, x.chain)
		}
	}
	return nil
}

// attacksDuringDrift put the events of each attack into the first run of a new version, when everything about that is new.
func (e *evaluation) attacksDuringDrift(t *trained) error {
	drift := of(e.runs, t.workload, "drift")
	if len(drift) == 0 {
		return nil
	}
	for _, x := range of(e.runs, t.workload, "attack") {
		d, err := t.detector(e.variant)
		if err != nil {
			return err
		}
		out := d.replay(splice(drift[0], x), "v2")
		e.during++
		if slices.ContainsFunc(out.raised, func(i *incident.Incident) bool {
			return slices.ContainsFunc(i.Nodes, func(n incident.Node) bool { return x.evil[n.Process] })
		}) {
			e.duringFound++
		} else {
			e.duringMissed = append(e.duringMissed, t.workload+"/"+x.chain)
			e.print("missed during drift", out, out.all)
		}
	}
	return nil
}

// splice puts the attack of one run into the middle of another, below its first process.
func splice(into, attack *execution) *execution {
	spliced := *attack
	spliced.events = nil
	root, half := into.events[0].Process, len(into.events)/2
	spliced.events = append(spliced.events, into.events[:half]...)
	var first, offset = time.Time{}, time.Duration(0)
	for _, e := range attack.events {
		if !attack.evil[e.Process] {
			continue
		}
		if first.IsZero() {
			first = e.Time
			offset = into.events[half].Time.Sub(first)
		}
		e.Time = e.Time.Add(offset)
		if !attack.evil[e.Parent] && e.Parent.Created != 0 {
			e.Parent = root
		}
		spliced.events = append(spliced.events, e)
	}
	spliced.events = append(spliced.events, into.events[half:]...)
	slices.SortStableFunc(spliced.events, func(a, b event) int { return a.Time.Compare(b.Time) })
	return &spliced
}
