// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"sort"
	"time"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// programCost is what one BPF program has taken.
type programCost struct {
	Tracer  string        `json:"tracer"`
	Program string        `json:"program"`
	Runs    int64         `json:"runs"`
	Time    time.Duration `json:"time_ns"`
}

// loadCost is what the programs have taken while a load ran. What others do on the machine is in it too.
type loadCost struct {
	Kind     kind          `json:"kind"`
	Done     int           `json:"done"`
	Programs []programCost `json:"programs"`
}

func (p programCost) perRun() time.Duration {
	if p.Runs == 0 {
		return 0
	}
	return p.Time / time.Duration(p.Runs)
}

// programsOf reads the cost of programs from a page of metrics, sorted by tracer and name.
func programsOf(samples []sample) []programCost {
	byName := map[[2]string]*programCost{}
	var all []programCost
	for _, s := range samples {
		key := [2]string{s.labels[names.Tracer], s.labels[names.Program]}
		if key[1] == "" {
			continue
		}
		if byName[key] == nil {
			byName[key] = &programCost{Tracer: key[0], Program: key[1]}
		}
		switch s.name {
		case metricName(names.ReceiverProgramRuns()):
			byName[key].Runs = int64(s.value)
		case metricName(names.ReceiverProgramTime()), metricName(names.ReceiverProgramTime()) + "_seconds":
			byName[key].Time = time.Duration(s.value * float64(time.Second))
		}
	}
	for _, p := range byName {
		all = append(all, *p)
	}
	sort.Slice(all, func(i, j int) bool {
		return all[i].Tracer+" "+all[i].Program < all[j].Tracer+" "+all[j].Program
	})
	return all
}

// programsSince returns what programs have taken after an earlier moment, without those that did not
// run.
func programsSince(before, after []programCost) []programCost {
	var since []programCost
	for _, p := range after {
		for _, earlier := range before {
			if earlier.Tracer == p.Tracer && earlier.Program == p.Program {
				p.Runs -= earlier.Runs
				p.Time -= earlier.Time
			}
		}
		if p.Runs > 0 {
			since = append(since, p)
		}
	}
	return since
}
