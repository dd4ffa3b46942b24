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
	// The first rounds make known what is left, and the processes.
	now := start.AddDate(0, 1, 0)
	for round := range 8 {
		now = now.Add(20 * time.Minute)
		pass(detectors, events, now, round)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began, count := time.Now(), 0
	for time.Since(began) < speedTime {
		count += pass(detectors, events, now, 0)
	}
	took := time.Since(began)
	runtime.ReadMemStats(&after)
	fmt.Fprintf(w, "\nSpeed on one core, events of the benign test runs of all workloads, whole chain: %.0f events/s, %.4f allocations per event.\n",
		float64(count)/took.Seconds(), float64(after.Mallocs-before.Mallocs)/float64(count))
	return nil
}

func pass(detectors []*detector, events [][]event, now time.Time, replica int) int {
	count, name := 0, fmt.Sprint("replica-", replica%2)
	for i, d := range detectors {
		for at := range events[i] {
			e := events[i][at]
			e.Time, e.Instance, e.Version = now, name, "v1"
			d.take(&e)
			count++
		}
	}
	return count
}
