// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"math"
	"math/bits"
	"slices"
	"time"
)

const (
	// windowEvents is how many events the rate of new behaviours is counted over at least, unless they take longer than windowMax.
	windowEvents = 200
	windowMax    = 6 * time.Hour
	// settledWindows is how many windows in a row have to have fewer than one new behaviour per 1,000 events.
	settledWindows = 3
	// instancesEnough is how many instances show as much as a day of one.
	instancesEnough = 20
)

// learning counts how much is new, window by window. It serves for a new workload, and again for each new version.
type learning struct {
	since   time.Duration // observed time
	started time.Duration // of the window
	events  uint32        // in the window
	fresh   uint32        // behaviours of the window that were not there before
	// incidents counts what would have been an incident in this window.
	incidents uint32
	settled   uint32 // windows in a row
	windows   uint32
	// rate and before are new behaviours per 1,000 events in the last window and in the one before.
	rate, before float64
}

func (l *learning) begin(observed time.Duration) {
	*l = learning{since: observed, started: observed}
}

// count takes in one event.
func (l *learning) count(observed time.Duration, fresh bool) {
	l.events++
	if fresh {
		l.fresh++
	}
	took := observed - l.started
	if took < bucket || (l.events < windowEvents && took < windowMax) {
		return
	}
	l.before, l.rate = l.rate, math.Round(float64(l.fresh)*1000/float64(l.events)*256)/256
	l.windows++
	if l.rate < 1 && l.incidents == 0 {
		l.settled++
	} else {
		l.settled = 0
	}
	l.started, l.events, l.fresh, l.incidents = observed, 0, 0, 0
}

// Progress tells how far learning is.
type Progress struct {
	State State
	// Observed is for how long the workload, or the new version of it, was observed; pauses count as a day at most.
	Observed time.Duration
	// Remaining is an estimate of how much longer it takes, and never more than what is left of the longest time.
	Remaining time.Duration
	// Fraction is between 0 and 1. It may go back: a workload that begins to do new things takes longer.
	Fraction float64
	// NewPerThousand is how many of 1,000 events were new behaviours lately. Settled tells whether that has been less than one for
	// long enough; a profile that is watching without it was given up waiting for.
	NewPerThousand float64
	Settled        bool
	// Reason says in one sentence what is waited for. Empty if nothing is.
	Reason string
}

// Progress tells how far the profile is with learning the workload, or a new version of it.
func (p *Profile) Progress() Progress {
	l, least, most := &p.learning, p.limits.LearningMin, p.limits.LearningMax
	if p.state == Drifting {
		l, least, most = &p.drift, bucket, p.limits.DriftMax
	}
	progress := Progress{
		State: p.state, Observed: p.clock.observed - l.since, NewPerThousand: l.rate, Settled: l.settled >= settledWindows, Fraction: 1,
	}
	if p.state == Watching {
		return progress
	}
	if p.state == Learning && p.enoughInstances() {
		least = 0
	}
	progress.Remaining, progress.Reason = l.remaining(progress.Observed, least, most)
	if p.state == Learning && !p.enoughStarts() {
		progress.Remaining, progress.Reason = p.untilStarts(progress.Remaining, progress.Observed)
	}
	if total := progress.Observed + progress.Remaining; total > 0 {
		progress.Fraction = math.Round(float64(progress.Observed)/float64(total)*1000) / 1000
	} else {
		progress.Fraction = 0
	}
	return progress
}

func (p *Profile) enoughStarts() bool { return p.starts >= uint64(p.limits.StartsMin) }

// untilStarts estimates how long it takes until enough programs were started, if they go on as so far, and at least what else is waited for.
func (p *Profile) untilStarts(least, observed time.Duration) (time.Duration, string) {
	longest := max(p.limits.LearningMax-observed, 0)
	wait := float64(longest)
	if p.starts > 0 {
		wait = min(wait, float64(observed)*(float64(p.limits.StartsMin)/float64(p.starts)-1))
	}
	return max(least, time.Duration(wait)), "too few programs were started"
}

func (p *Profile) enoughInstances() bool { return bits.OnesCount64(p.instances) >= instancesEnough }

// remaining estimates how long it takes until everything holds that learning ends with.
func (l *learning) remaining(observed, least, most time.Duration) (time.Duration, string) {
	longest := max(most-observed, 0)
	wait, reason := max(least-observed, 0), ""
	if wait > 0 {
		reason = "it has not been observed for long enough"
	}
	if l.settled >= settledWindows {
		return min(wait, longest), reason
	}
	if l.windows == 0 {
		return max(wait, min(longest, settledWindows*bucket)), "too few events to tell how much is new"
	}
	each := (l.started - l.since) / time.Duration(l.windows)
	windows := float64(settledWindows - l.settled)
	if l.rate >= 1 {
		if l.before <= l.rate {
			return longest, "it keeps doing new things"
		}
		// The rate falls by the same ratio from window to window, as far as two windows can tell.
		windows += math.Ceil(math.Log(l.rate) / math.Log(l.before/l.rate))
	}
	if settle := time.Duration(min(windows, 1e6)) * each; settle > wait {
		wait, reason = settle, "new behaviours have not become rare for long enough"
	}
	return min(wait, longest), reason
}

// WouldBeIncident is told of each incident that is raised: as long as there are some, learning goes on, or a version is new.
func (p *Profile) WouldBeIncident() {
	l := &p.learning
	switch p.state {
	case Watching:
		return
	case Drifting:
		l = &p.drift
	}
	l.incidents++
	l.settled = 0
}

// review ends learning, or the time in which a version is new, when everything for it holds.
func (p *Profile) review() {
	switch p.state {
	case Learning:
		observed := p.clock.observed - p.learning.since
		enough := (observed >= p.limits.LearningMin || p.enoughInstances()) && p.enoughStarts()
		if (enough && p.learning.settled >= settledWindows) || observed >= p.limits.LearningMax {
			p.EndLearning()
		}
	case Drifting:
		if p.drift.settled >= settledWindows || p.clock.observed-p.drift.since >= p.limits.DriftMax {
			p.state = Watching
		}
	}
}

// EndLearning makes everything normal that was seen so far and was not part of an incident; and of what was, what comes again and again for days:
// it was told of, and is the workload's way.
func (p *Profile) EndLearning() {
	if p.state != Learning {
		return
	}
	for i := range p.table.slots {
		n := &p.table.slots[i]
		if n.key != 0 && n.flags&flagMarked != 0 && n.regular() {
			n.flags &^= flagMarked
		}
		if n.key != 0 && n.flags&(flagMarked|flagForbidden) == 0 {
			n.flags |= flagKnown
		}
	}
	p.state = Watching
}

// regular tells whether it was seen at separate times, over a day at least.
func (n *node) regular() bool {
	return n.separate >= separateMin && time.Duration(n.last-n.first)*bucket >= ageMin
}

// see takes in the version of an event. One that was not there before makes the profile drift, unless it is the first, or the profile
// learns anyhow.
func (p *Profile) see(version uint64) {
	if version == 0 || len(p.versions) > 0 && p.versions[len(p.versions)-1] == version {
		return
	}
	if slices.Contains(p.versions, version) {
		return // a replica that was not replaced yet, or a step back
	}
	first := len(p.versions) == 0
	if len(p.versions) == versionsMax {
		p.versions = append(p.versions[:0], p.versions[1:]...)
	}
	p.versions = append(p.versions, version)
	if p.state != Learning && !first {
		p.state, p.drifting = Drifting, version
		p.drift.begin(p.clock.observed)
	}
}
