// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"math/bits"
	"sync"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/habit"
)

// State is what a profile does with what is new to it.
type State uint8

// States.
const (
	Learning State = iota // everything is taken in; incidents are provisional
	Watching              // what is new is on probation
	Drifting              // as Watching, but a new version runs, of which much is new
)

var stateNames = [...]string{"learning", "watching", "drifting"}

// String returns the name of a state.
func (s State) String() string {
	if int(s) >= len(stateNames) {
		return "unknown"
	}
	return stateNames[s]
}

// Profile is what one workload does. Its owner is who acquired it from its Set and has not yet released it, or who made it by New;
// only the owner may use it.
type Profile struct {
	mu     sync.Mutex // held by the owner, if there is a Set
	limits Limits
	// grow asks whether a profile of so many bytes may take so many more.
	grow func(now, more int) bool

	workload string
	table    table
	clock    clock
	state    State
	learning learning
	drift    learning
	// versions are the hashes of the last ones, the newest at the end; drifting tells which one is new.
	versions []uint64
	drifting uint64
	// instances has a bit for each of 64 groups of instances.
	instances uint64
	events    uint64
	// starts counts programs that were executed.
	starts uint64
	// habits are what policies are made of, as text.
	habits habit.Table
	// gone is set when the Set has forgotten it.
	gone bool
	// Beside is what the owner keeps together with the profile, and is forgotten with it. The package never looks at it.
	Beside any
	used   uint64 // by the count of the Set, for finding the one that was not used for the longest time
}

// New returns an empty profile that belongs to no Set. The limits have to be valid.
func New(workload string, limits Limits) *Profile {
	return newProfile(workload, limits, func(int, int) bool { return true })
}

func newProfile(workload string, limits Limits, grow func(now, more int) bool) *Profile {
	return &Profile{workload: workload, limits: limits, grow: grow, table: newTable(slotsMin)}
}

// Workload returns the key of the profile.
func (p *Profile) Workload() string { return p.workload }

// State returns what the profile does at present.
func (p *Profile) State() State { return p.state }

// Stats tells how large a profile is and what it has seen.
type Stats struct {
	Nodes, Bytes int
	Events       uint64
	// Evicted counts nodes that were forgotten for want of room, ClockJumps how often time jumped.
	Evicted    uint64
	ClockJumps uint32
	// Instances is an estimate of how many replicas were seen, 64 at most.
	Instances int
	// Versions is how many versions it tells apart, Starts how many programs were executed.
	Versions int
	Starts   uint64
}

// Stats returns the present figures.
func (p *Profile) Stats() Stats {
	return Stats{
		Nodes: p.table.used, Bytes: p.bytes(), Events: p.events, Evicted: p.table.evicted, ClockJumps: p.clock.jumps,
		Instances: bits.OnesCount64(p.instances), Versions: len(p.versions), Starts: p.starts,
	}
}

func (p *Profile) bytes() int { return fixedBytes + len(p.table.slots)*nodeBytes + p.habits.Bytes() }

// room makes room for one more node.
func (p *Profile) room() {
	if !p.table.full() {
		return
	}
	slots := len(p.table.slots)
	wanted := min(slots*2, p.limits.slotsMax())
	if wanted > slots && p.grow(p.bytes(), (wanted-slots)*nodeBytes) {
		p.table.resize(wanted)
		return
	}
	p.table.evict()
}
