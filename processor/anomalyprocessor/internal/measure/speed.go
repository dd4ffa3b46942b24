// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"runtime"
	"time"
)

// speedTime is for how long the speed is measured.
const speedTime = 3 * time.Second

// speed tells how many events of known behaviour go through the whole chain on one core, and what they allocate.
func speed(w io.Writer, runs []*execution) error {
	v := variants()[0]
	var detectors []*detector
	var events [][]event
	for _, workload := range workloads(runs) {
		t, err := train(v, workload, runs)
		if err != nil {
			return err
		}
		d, err := t.detector(v)
		if err != nil {
			return err
		}
		var some []event
		for _, x := range of(runs, workload, "test") {
			some = append(some, x.events...)
		}
		detectors, events = append(detectors, d), append(events, some)
	}
	// The first rounds make known what is left, and the processes. What is part of an incident all the same, such as what a rule says something about,
	// is not what is measured.
	const rounds = 8
	now, left := start.AddDate(0, 1, 0), 0
	for i, d := range detectors {
		all := events[i]
		for round := range rounds {
			now = start.AddDate(0, 1, 0).Add(time.Duration(round) * 20 * time.Minute)
			events[i] = pass(d, all, now, round)
		}
		left += judgedOf(all) - judgedOf(events[i])
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began, count := time.Now(), 0
	for time.Since(began) < speedTime {
		for i, d := range detectors {
			count += passKnown(d, events[i], now)
		}
	}
	took := time.Since(began)
	runtime.ReadMemStats(&after)
	fmt.Fprintf(w, "\nSpeed on one core, events of the benign test runs of all workloads without %d that are part of an incident, whole chain: %.0f events/s, "+
		"%.4f allocations per event.\n", left, float64(count)/took.Seconds(), float64(after.Mallocs-before.Mallocs)/float64(count))
	return nil
}

// pass judges events as if they happened at a time, and returns those that are part of no incident.
func pass(d *detector, events []event, now time.Time, replica int) []event {
	var known []event
	name := fmt.Sprint("replica-", replica%2)
	for at := range events {
		e := events[at]
		e.Time, e.Instance, e.Version = now, name, "v1"
		if d.take(&e).Incident == nil {
			known = append(known, events[at])
		}
	}
	return known
}

// passKnown judges events that are known, and returns how many these are.
func passKnown(d *detector, events []event, now time.Time) int {
	count := 0
	for at := range events {
		e := events[at]
		e.Time, e.Instance, e.Version = now, "replica-1", "v1"
		d.take(&e)
		if !e.note {
			count++
		}
	}
	return count
}

func judgedOf(events []event) int { return (&execution{events: events}).judged() }
