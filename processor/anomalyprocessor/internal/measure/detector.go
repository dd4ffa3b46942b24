// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"path"
	"time"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/generalise"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/incident"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/judging"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/profile"
)

// How far apart runs are replayed. They were recorded one right after the other, but stand for a workload over days. Sessions of the corpus
// are of two replicas in turn, and stand for a day each.
const (
	runsApart     = 2 * time.Hour
	sessionsApart = 12 * time.Hour
)

// detector is the chain that an event goes through, for one workload.
type detector struct {
	generaliser *generalise.Generaliser
	observation *profile.Observation
	profile     *profile.Profile
	workload    judging.Workload
	score       scorer
	variant     variant
	runs        int
	surprising  int
	// now is what time it is: that of the latest event.
	now time.Time
}

// outcome is what one run led to.
type outcome struct {
	run *execution
	// all are the incidents that were opened, raised those that a person would be told of, expected those that are news of a version.
	all, raised, expected []*incident.Incident
	surprising            []surprise
	// firstEvil is when the attack began, shift how much later everything is replayed than it was recorded.
	firstEvil time.Time
	shift     time.Duration
}

// start is when the first run is replayed.
var start = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

// replay sends the events of a run through the detector, as a replica and a version.
func (d *detector) replay(x *execution, version string) outcome {
	began := start.Add(time.Duration(d.runs) * x.apart)
	instance := fmt.Sprintf("replica-%d", d.runs%2)
	d.runs++
	out := outcome{run: x}
	if len(x.events) > 0 {
		out.shift = began.Sub(x.events[0].Time)
	}
	seen := map[*incident.Incident]bool{}
	for at := range x.events {
		e := x.events[at]
		if d.variant.noRuntime && path.Base(e.Executable) == "runc" {
			continue
		}
		e.Time, e.Version = e.Time.Add(out.shift), version
		if e.Instance == "" {
			e.Instance = instance
		}
		if x.evil[e.Process] && !e.note && out.firstEvil.IsZero() {
			out.firstEvil = e.Time
		}
		before := d.surprising
		v := d.take(&e)
		if d.surprising > before {
			out.surprising = append(out.surprising, surprise{e.Process, v.Incident})
		}
		if v.Incident != nil && !seen[v.Incident] {
			seen[v.Incident] = true
			out.all = append(out.all, v.Incident)
		}
	}
	for _, i := range out.all {
		switch {
		case i.Raised:
			out.raised = append(out.raised, i)
		case i.Score() >= incident.Bar:
			out.expected = append(out.expected, i)
		}
	}
	return out
}

// take sends an event the way that it goes in the processor.
func (d *detector) take(e *event) incident.Verdict {
	if e.Time.After(d.now) {
		d.now = e.Time
	}
	if e.note {
		d.workload.Note(&e.Event, d.now)
		return incident.Verdict{}
	}
	d.workload.Prepare(d.generaliser, &e.Event, d.observation, d.now)
	if d.variant.plain {
		d.observation.Sensitivity = behaviour.Ordinary
	}
	matched := e.matched
	if d.variant.noRules {
		matched = nil
	}
	return d.workload.ByProfile(d.profile, &e.Event, d.observation, matched)
}

// rejudge lets a simple scorer have the word, if it is to be compared with one, and counts what is surprising.
func (d *detector) rejudge(j profile.Judgement) profile.Judgement {
	if d.score != nil {
		j = d.score.score(j)
	}
	if j.Bits > incident.SurpriseMin {
		d.surprising++
	}
	return j
}

// trained is a workload after learning.
type trained struct {
	workload string
	// profile is the exported profile, from which each evaluation begins anew.
	profile []byte
	runs    int
	// score is what a simple scorer has learned, nil if it is ours.
	score scorer
	// settled tells whether it left learning by itself.
	settled bool
	stats   profile.Stats
}

// detector returns a detector that has learned, and knows nothing of any other evaluation.
func (t *trained) detector(v variant) (*detector, error) {
	g, err := generalise.New(generalise.Config{Off: v.off})
	if err != nil {
		return nil, err
	}
	p, err := profile.Decode(t.profile, profile.DefaultLimits())
	if err != nil {
		return nil, err
	}
	d := &detector{generaliser: g, observation: new(profile.Observation), profile: p, variant: v, runs: t.runs}
	d.workload = judging.Workload{Tracker: incident.NewTracker(), Rejudge: d.rejudge}
	if t.score != nil {
		d.score = t.score.clone()
	}
	return d, nil
}

// train learns a workload from its runs for training and for calibration.
func train(v variant, workload string, runs []*execution) (*trained, error) {
	t := &trained{workload: workload, profile: profile.New(workload, profile.DefaultLimits()).Encode(), score: v.score}
	d, err := t.detector(v)
	if err != nil {
		return nil, err
	}
	for _, phase := range []string{"train", "calibrate"} {
		for _, x := range of(runs, workload, phase) {
			d.replay(x, "v1")
		}
	}
	t.settled = d.profile.State() != profile.Learning
	d.profile.EndLearning()
	t.profile, t.runs, t.stats, t.score = d.profile.Encode(), d.runs, d.profile.Stats(), d.score
	return t, nil
}

// of returns the runs of a workload in a phase.
func of(runs []*execution, workload, phase string) []*execution {
	var some []*execution
	for _, x := range runs {
		if x.workload == workload && x.phase == phase {
			some = append(some, x)
		}
	}
	return some
}
