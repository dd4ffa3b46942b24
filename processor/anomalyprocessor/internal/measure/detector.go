// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"time"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/generalise"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/incident"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/profile"
)

// runsApart is how far apart runs are replayed. They were recorded one right after the other, but stand for a workload over days.
const runsApart = 2 * time.Hour

// detector is the chain that an event goes through, for one workload.
type detector struct {
	generaliser *generalise.Generaliser
	observation *profile.Observation
	profile     *profile.Profile
	tracker     *incident.Tracker
	score       func(profile.Judgement) profile.Judgement
	plain       bool
	runs        int
	surprising  int
}

// outcome is what one run led to.
type outcome struct {
	run *execution
	// all are the incidents that were opened, raised those that a person would be told of, expected those that are news of a version.
	all, raised, expected []*incident.Incident
	// firstEvil is when the attack began.
	firstEvil time.Time
}

// start is when the first run is replayed.
var start = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

// replay sends the events of a run through the detector, as a replica and a version.
func (d *detector) replay(x *execution, version string) outcome {
	began := start.Add(time.Duration(d.runs) * runsApart)
	instance := fmt.Sprintf("replica-%d", d.runs%2)
	d.runs++
	out := outcome{run: x}
	seen := map[*incident.Incident]bool{}
	for at := range x.events {
		e := x.events[at]
		e.Time = began.Add(e.Time.Sub(x.events[0].Time))
		e.Instance, e.Version = instance, version
		if x.evil[e.Process] && out.firstEvil.IsZero() {
			out.firstEvil = e.Time
		}
		v := d.take(&e)
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

func (d *detector) take(e *behaviour.Event) incident.Verdict {
	d.tracker.Expire(e.Time)
	d.observation.From(d.generaliser, e)
	if d.plain {
		d.observation.Sensitivity = behaviour.Ordinary
	}
	d.profile.Begin(d.observation, e.Time)
	j := d.profile.Judge(d.observation)
	if d.score != nil {
		j = d.score(j)
	}
	if j.Bits > 1 {
		d.surprising++
	}
	v := d.tracker.Add(e, d.observation, j, incident.Hint{})
	if v.Raised {
		d.profile.WouldBeIncident()
		d.profile.Mark(v.Incident.Keys()...)
	}
	if v.Learn {
		d.profile.Learn(d.observation)
	}
	return v
}

// trained is a workload after learning.
type trained struct {
	workload string
	// profile is the exported profile, from which each evaluation begins anew.
	profile []byte
	bar     incident.Bar
	runs    int
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
	d := &detector{generaliser: g, observation: new(profile.Observation), profile: p, tracker: incident.NewTracker(), plain: v.plain, runs: t.runs}
	d.tracker.Bar = t.bar
	if v.score != nil {
		d.score = v.score()
	}
	return d, nil
}

// train learns a workload from its runs for training, and its bar from those for calibration.
func train(v variant, workload string, runs []*execution) (*trained, error) {
	t := &trained{workload: workload, profile: profile.New(workload, profile.DefaultLimits()).Encode()}
	d, err := t.detector(v)
	if err != nil {
		return nil, err
	}
	for _, phase := range []string{"train", "calibrate"} {
		for _, x := range of(runs, workload, phase) {
			out := d.replay(x, "v1")
			for _, i := range out.all {
				if phase == "calibrate" {
					t.bar.Observe(i.Score())
				}
			}
		}
	}
	t.settled = d.profile.State() != profile.Learning
	d.profile.EndLearning()
	t.profile, t.runs, t.stats = d.profile.Encode(), d.runs, d.profile.Stats()
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
