// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"path"
	"time"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/generalise"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/incident"
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
	tracker     *incident.Tracker
	score       scorer
	variant     variant
	runs        int
	surprising  int
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
		if x.evil[e.Process] && out.firstEvil.IsZero() {
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
		case i.Score() >= d.tracker.Bar.Value():
			out.expected = append(out.expected, i)
		}
	}
	return out
}

func (d *detector) take(e *event) incident.Verdict {
	d.tracker.Expire(e.Time)
	d.observation.From(d.generaliser, &e.Event)
	if d.variant.plain {
		d.observation.Sensitivity = behaviour.Ordinary
	}
	d.tracker.Look(&e.Event, d.observation)
	d.profile.Begin(d.observation, e.Time)
	j := d.profile.Judge(d.observation)
	if d.score != nil {
		j = d.score.score(j)
	}
	if j.Bits > 1 {
		d.surprising++
	}
	hint := e.hint
	if d.variant.noRules {
		hint = incident.Hint{}
	}
	v := d.tracker.Add(&e.Event, d.observation, j, hint)
	v.Tell(d.profile, d.observation)
	return v
}

// trained is a workload after learning.
type trained struct {
	workload string
	// profile is the exported profile, from which each evaluation begins anew.
	profile []byte
	bar     incident.Bar
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
	d := &detector{generaliser: g, observation: new(profile.Observation), profile: p, tracker: incident.NewTracker(), variant: v, runs: t.runs}
	d.tracker.Bar = t.bar
	if t.score != nil {
		d.score = t.score.clone()
	}
	return d, nil
}

// train learns a workload from its runs for training and for calibration. The processor leaves the bar where it is, a variant takes it from the
// latter.
func train(v variant, workload string, runs []*execution) (*trained, error) {
	t := &trained{workload: workload, profile: profile.New(workload, profile.DefaultLimits()).Encode(), score: v.score}
	d, err := t.detector(v)
	if err != nil {
		return nil, err
	}
	for _, phase := range []string{"train", "calibrate"} {
		for _, x := range of(runs, workload, phase) {
			out := d.replay(x, "v1")
			for _, i := range out.all {
				if v.calibrated && phase == "calibrate" {
					t.bar.Observe(i.Score())
				}
			}
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
