// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/habit"
)

// Facts are what documents are made of.
type Facts struct {
	// Workload is the key of the profile, or what the keys of several have in common.
	Workload string
	// Learning tells that what is normal is not known yet, and LearningReason what is waited for. Drifting tells that a version is new.
	Learning, Drifting bool
	LearningReason     string
	// Events, Observed and Replicas are what was learned from.
	Events   uint64
	Observed time.Duration
	Replicas int
	// Habits are those that are normal; Others counts those that are not, and Omitted those that had no room.
	Habits  []habit.Seen
	Others  int
	Omitted uint64
	// Tracers are those that watch the workload, Capabilities those whose uses are told (CAP_CHOWN).
	Tracers      habit.Tracers
	Capabilities []string
}

// Errors, for deciding what to do.
var (
	// ErrLearning is that of a workload that is not known well enough. Whoever forces it gets what is known by now.
	ErrLearning = errors.New("the workload is still being learned")
	// ErrUnwatched is that of a document that would refuse what nobody watched.
	ErrUnwatched = errors.New("nobody watched what the policy is about")
	// ErrIncomplete is that of a document in which something has no place that the workload needs.
	ErrIncomplete = errors.New("the policy would lack what the workload needs")
	// ErrNoPods is that of a workload whose pods can't be named.
	ErrNoPods = errors.New("the workload's pods can't be named")
)

// ready tells why a document can't be made yet.
func (f *Facts) ready(force bool) error {
	if f.Learning && !force {
		return fmt.Errorf("%w: %s: %s; wait, or force it and get what is known by now", ErrLearning, f.Workload, f.LearningReason)
	}
	if f.Omitted > 0 && !force {
		return fmt.Errorf("%w: %d habits of %s had no room (limits::profile_bytes_max); reset the profile with more room, or force it and add them by hand",
			ErrIncomplete, f.Omitted, f.Workload)
	}
	return nil
}

// basis says in sentences what a document is based on.
func (f *Facts) basis(what string) []string {
	lines := []string{
		what + " of " + f.Workload + ", from what it did.",
		fmt.Sprintf("Based on %d events over %.1f days of %d replicas. %s", f.Events, f.Observed.Hours()/24, f.Replicas, f.state()),
	}
	if f.Others > 0 {
		lines = append(lines, fmt.Sprintf("Left out: %d things that were seen and are not normal: too rare, or part of an incident.", f.Others))
	}
	if f.Omitted > 0 {
		lines = append(lines, fmt.Sprintf("Left out: what had no room in the profile, %d times.", f.Omitted))
	}
	return append(lines, "Tracers that watched: "+listOr(f.Tracers.Names(), "none")+".")
}

func (f *Facts) state() string {
	switch {
	case f.Learning:
		return "It is still being learned: much may be missing."
	case f.Drifting:
		return "A new version is being learned: some of it may be missing."
	}
	return "It is known well."
}

func listOr(all []string, none string) string {
	if len(all) == 0 {
		return none
	}
	return strings.Join(all, ", ")
}

// named returns the names of the habits of a kind, sorted, each once.
func (f *Facts) named(kind habit.Kind) []string {
	var all []string
	for i := range f.Habits {
		if f.Habits[i].Kind == kind {
			all = append(all, f.Habits[i].Name)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
