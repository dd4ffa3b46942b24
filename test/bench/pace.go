// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"slices"
	"time"
)

// pacer does operations on a schedule that does not wait for them: when one takes long, those after it
// are late, and their lateness is measured, instead of the schedule being stretched.
type pacer struct {
	rate     int // per second; 0 for as fast as possible
	duration time.Duration
	count    int // with rate 0
	now      func() time.Time
	sleep    func(time.Duration)
}

// paced is what became of a schedule.
type paced struct {
	Done   int           `json:"done"`
	Failed int           `json:"failed"`
	Error  string        `json:"error,omitempty"` // of the first one that failed
	Took   time.Duration `json:"took_ns"`
	// From when an operation was due to when it was done.
	LateMedian time.Duration `json:"late_median_ns"`
	LateP99    time.Duration `json:"late_p99_ns"`
	LateMax    time.Duration `json:"late_max_ns"`
}

// total is how many operations the schedule has.
func (p pacer) total() int {
	if p.rate == 0 {
		return p.count
	}
	return int(int64(p.rate) * int64(p.duration) / int64(time.Second))
}

// due says when an operation is due, on the next full tick.
func (p pacer) due(i int) time.Duration {
	if p.rate == 0 {
		return 0
	}
	exact := time.Duration(i) * time.Second / time.Duration(p.rate)
	return (exact + tick - 1) / tick * tick
}

func (p pacer) run(do func(i int) error) paced {
	var result paced
	total := p.total()
	late := make([]time.Duration, 0, total)
	start := p.now()
	for i := range total {
		due := p.due(i)
		elapsed := p.now().Sub(start)
		if p.rate > 0 && elapsed > p.duration+catchUpMax {
			break
		}
		if due > elapsed {
			p.sleep(due - elapsed)
		}
		if err := do(i); err != nil {
			if result.Failed == 0 {
				result.Error = err.Error()
			}
			result.Failed++
			continue
		}
		result.Done++
		late = append(late, p.now().Sub(start)-due)
	}
	result.Took = p.now().Sub(start)
	if len(late) > 0 && p.rate > 0 {
		slices.Sort(late)
		result.LateMedian, result.LateP99, result.LateMax = late[len(late)/2], late[len(late)*99/100], late[len(late)-1]
	}
	return result
}
