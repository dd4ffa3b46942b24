// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// slowdown is how long an operation takes, done as fast as possible, with and without the collector.
type slowdown struct {
	Kind   kind `json:"kind"`
	Rounds int  `json:"rounds"`
	// Elapsed is by the clock on the wall: it includes what the load waits for a processor, which the
	// collector and others want too.
	Elapsed pair `json:"elapsed"`
	// Processor is the processor time of the load alone. What the programs in the kernel take is in it.
	Processor pair `json:"processor"`
}

// pair are the medians over the rounds, and of the rounds' ratios.
type pair struct {
	Without time.Duration `json:"without_ns"`
	With    time.Duration `json:"with_ns"`
	Ratio   float64       `json:"ratio"`
}

// operationTime is what one operation takes in one round.
type operationTime struct{ elapsed, processor time.Duration }

func pairOf(without, with []operationTime, which func(operationTime) time.Duration) pair {
	var before, after []time.Duration
	var ratios []float64
	for i := range with {
		b, a := which(without[i]), which(with[i])
		before, after, ratios = append(before, b), append(after, a), append(ratios, float64(a)/float64(b))
	}
	return pair{median(before), median(after), median(ratios)}
}

// slowdowns takes turns, so that what others do on the machine hits both alike.
func (b *bench) slowdowns(ctx context.Context, r *results) error {
	with, without := map[kind][]operationTime{}, map[kind][]operationTime{}
	for round := range b.plan.SlowdownRounds {
		b.progress("slow-down, round %d of %d", round+1, b.plan.SlowdownRounds)
		if err := b.timeAll(ctx, without); err != nil {
			return err
		}
		err := b.with(ctx, r, func(*collector) (*evidence, []*phase, error) { return nil, nil, b.timeAll(ctx, with) })
		if err != nil {
			return err
		}
	}
	for _, k := range kinds() {
		r.Slowdowns = append(r.Slowdowns, slowdown{
			Kind: k, Rounds: b.plan.SlowdownRounds,
			Elapsed:   pairOf(without[k], with[k], func(t operationTime) time.Duration { return t.elapsed }),
			Processor: pairOf(without[k], with[k], func(t operationTime) time.Duration { return t.processor }),
		})
	}
	return nil
}

// timeAll adds how long an operation of each kind takes.
func (b *bench) timeAll(ctx context.Context, times map[kind][]operationTime) error {
	counts := map[kind]int{
		kindExec: b.plan.SlowdownExecs, kindOpenNew: b.plan.SlowdownOpens, kindOpenSame: b.plan.SlowdownOpens, kindConnect: b.plan.SlowdownConnects,
	}
	for _, k := range kinds() {
		s, err := b.load(k, 0, 0, counts[k])
		if err != nil {
			return err
		}
		group, err := startLoads(ctx, s)
		if err != nil {
			return err
		}
		reports, err := group.run()
		if err != nil {
			return err
		}
		if reports[0].Done == 0 {
			return fmt.Errorf("load %q: %s", k, reports[0].Error)
		}
		l := reports[0]
		times[k] = append(times[k], operationTime{l.perOperation(l.Took), l.perOperation(l.Processor)})
	}
	return nil
}

func median[T int | float64 | time.Duration](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	if len(sorted) == 0 {
		return 0
	}
	middle := len(sorted) / 2
	if len(sorted)%2 == 0 {
		return (sorted[middle-1] + sorted[middle]) / 2
	}
	return sorted[middle]
}
