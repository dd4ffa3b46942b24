// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"fmt"
	"slices"
)

// verdict is what a limit says to a figure.
type verdict struct {
	Limit    string `json:"limit"`
	Measured string `json:"measured"`
	Kept     bool   `json:"kept"`
}

// judge holds the figures against all limits.
func judge(r *results) []verdict {
	verdicts := []verdict{judgeUncounted(r), judgeStops(r)}
	for _, l := range []struct {
		kind kind
		rate int
	}{
		{kindExec, execsPerSecondWithoutLoss},
		{kindOpenNew, opensPerSecondWithoutLoss},
		{kindOpenSame, opensPerSecondWithoutLoss},
		{kindConnect, connectsPerSecondWithoutLoss},
	} {
		verdicts = append(verdicts, judgeLoss(r.Rates, l.kind, l.rate))
	}
	verdicts = append(verdicts, verdict{
		Limit: fmt.Sprintf("no loss of %d exec/s, %d open/s and %d connect/s together", execsPerSecondWithoutLoss, opensPerSecondWithoutLoss, connectsPerSecondWithoutLoss),
		Measured: fmt.Sprintf("%d lost of what the machine offered: %.0f, %.0f and %.0f/s", r.Together.lost(),
			r.Together.Loads[0].Rate, r.Together.Loads[1].Rate, r.Together.Loads[2].Rate),
		Kept: r.Together.lost() == 0,
	})
	return append(append(verdicts, judgeUsage(r)...), judgeSwitching(&r.Switching)...)
}

func judgeUncounted(r *results) verdict {
	var done, unaccounted, unexplained int64
	for _, p := range r.loaded() {
		unaccounted += p.unaccounted()
		unexplained += p.unexplained()
		for _, c := range p.Checks {
			done += int64(c.Done)
		}
	}
	return verdict{
		Limit: "no uncounted loss at any rate",
		Measured: fmt.Sprintf("%d of the loads' %d events are neither written nor counted as lost; counters off by %d; %d balances uneven at the end",
			unexplained, done, unaccounted, len(r.Unaccounted)),
		Kept: done > 0 && unaccounted == 0 && unexplained == 0 && len(r.Unaccounted) == 0,
	}
}

// judgeStops is there because the figures of a collector that fails are worth nothing.
func judgeStops(r *results) verdict {
	v := verdict{Limit: "every collector ends as it should", Measured: fmt.Sprintf("%d of %d did not", len(r.BadStops), r.Stops)}
	v.Kept = r.Stops > 0 && len(r.BadStops) == 0
	if !v.Kept && r.Stops > 0 {
		v.Measured += "; the first: " + r.BadStops[0]
	}
	return v
}

// judgeLoss looks at all rates up to one. What the machine can't offer is judged by what it can.
func judgeLoss(phases []*phase, k kind, rate int) verdict {
	v := verdict{Limit: fmt.Sprintf("no loss of %s up to %d/s", k, rate)}
	var lost int64
	var highest float64
	for _, p := range phases {
		if p.Loads[0].Kind == k && p.Loads[0].Wanted <= rate {
			lost += p.lost()
			highest = max(highest, p.Loads[0].Rate)
		}
	}
	v.Measured = fmt.Sprintf("%d lost, up to %.0f/s", lost, highest)
	if highest < offeredShareMin*float64(rate) {
		v.Measured += ", which is all that the machine offered"
	}
	v.Kept = lost == 0 && highest > 0
	return v
}

// peak is the highest resident memory of some phases.
func peak(phases []*phase) uint64 {
	var highest uint64
	for _, p := range phases {
		highest = max(highest, p.Usage.Memory.PeakBytes)
	}
	return highest
}

func judgeUsage(r *results) []verdict {
	idle := r.Idle.Usage.Memory.ResidentBytes
	busy := peak(r.Busy)
	top := peak(append([]*phase{r.Together}, slices.DeleteFunc(slices.Clone(r.Rates), func(p *phase) bool {
		return p.Loads[0].Wanted != topPerSecond
	})...))
	costs := sumOf(r.Tracers)
	return []verdict{
		{fmt.Sprintf("resident memory below %d MB idle", idleResidentBytesMax/1_000_000), megabytes(idle), idle < idleResidentBytesMax},
		{fmt.Sprintf("resident memory below %d MB at the busy load", busyResidentBytesMax/1_000_000), megabytes(busy) + " at its peak", busy < busyResidentBytesMax},
		{fmt.Sprintf("resident memory below %d MB at the top rate", topResidentBytesMax/1_000_000), megabytes(top) + " at its peak", top < topResidentBytesMax},
		judgeCores("ordinary", r.Ordinary, ordinaryCoresMax),
		judgeBusy(r),
		{
			fmt.Sprintf("maps of all tracers below %d MB", mapBytesMax/1_000_000), megabytes(costs.MapBytes),
			costs.MapBytes > 0 && costs.MapBytes < mapBytesMax,
		},
		{
			fmt.Sprintf("all tracers loaded and attached within %s", attachTimeMax), short(costs.AttachTime),
			costs.AttachTime > 0 && costs.AttachTime < attachTimeMax,
		},
	}
}

// judgeCores looks at the phase that takes most.
func judgeCores(load string, phases []*phase, coresMax float64) verdict {
	cores, name := 0.0, ""
	for _, p := range phases {
		if p.Usage.Cores > cores {
			cores, name = p.Usage.Cores, p.Name
		}
	}
	return verdict{
		fmt.Sprintf("at most %.0f %% of a core at the %s load", coresMax*100, load),
		fmt.Sprintf("%.1f %% (%s)", cores*100, name), cores <= coresMax,
	}
}

// judgeBusy also says what it would be without reduction in the kernel.
func judgeBusy(r *results) verdict {
	v := judgeCores("busy", r.Busy, busyCoresMax)
	v.Measured += fmt.Sprintf("; %.1f %% with nothing reduced", r.Unreduced.Usage.Cores*100)
	return v
}

func megabytes(bytes uint64) string { return fmt.Sprintf("%.1f MB", float64(bytes)/1e6) }
