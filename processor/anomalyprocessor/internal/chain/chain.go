// SPDX-License-Identifier: Apache-2.0

package chain

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/fleet"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/incident"
)

// Chain is several incidents that are one.
type Chain struct {
	// ID tells it from all others.
	ID string
	// Into is the chain that it became part of, nil if it did not.
	Into *Chain
	// Unsent tells that what was told last has not arrived.
	Unsent bool
	// Extra is the caller's. The package never looks at it.
	Extra any
	// Omitted is how many incidents had no room.
	Omitted int

	number  uint64
	members []*Member
	changed bool
	told    bool
	toldAt  time.Time
}

func newChain(number uint64, first, second *Member) *Chain {
	sum := sha256.Sum256([]byte(first.key + "\x00" + second.key))
	return &Chain{ID: hex.EncodeToString(sum[:16]), number: number, changed: true}
}

// Members returns the incidents, those first that began first. They stay the chain's.
func (c *Chain) Members() []*Member {
	slices.SortStableFunc(c.members, func(a, b *Member) int {
		return cmp.Or(a.Incident.Opened.Compare(b.Incident.Opened), cmp.Compare(a.key, b.key))
	})
	return c.members
}

// Closed tells that nothing goes on in it: all of its incidents are closed, or it is none any more.
func (c *Chain) Closed() bool {
	return len(c.members) < 2 || !slices.ContainsFunc(c.members, func(m *Member) bool { return !m.Incident.Closed })
}

// Due tells whether there is something to tell of it: at once if nothing was told yet or it is closed, else at most once per interval.
func (c *Chain) Due(now time.Time, interval time.Duration) bool {
	if c.Unsent {
		return true
	}
	return c.changed && (!c.told || c.Closed() || now.Sub(c.toldAt) >= interval)
}

// Pending tells whether there is anything that was not told.
func (c *Chain) Pending() bool { return c.changed || c.Unsent }

// Tell returns the state to tell, and takes it for told.
func (c *Chain) Tell(now time.Time) string {
	state := "updated"
	switch {
	case c.Closed():
		state = "closed"
	case !c.told:
		state = "opened"
	}
	c.toldAt, c.changed, c.told, c.Unsent = now, false, true, false
	return state
}

// Step is a step of a chain, with the incident that it is of.
type Step struct {
	*fleet.Step
	Of *Member
}

// Steps returns what happened on all hosts in order, and how many further steps there were.
func (c *Chain) Steps() ([]Step, int) {
	var all []Step
	more := 0
	for _, m := range c.Members() {
		for at := range m.Incident.Steps {
			all = append(all, Step{&m.Incident.Steps[at], m})
		}
		for at := range m.Incident.Links {
			if link := &m.Incident.Links[at]; m.leads(link) {
				all = append(all, Step{link, m})
			}
		}
		more += int(m.Incident.Omitted)
	}
	slices.SortStableFunc(all, func(a, b Step) int { return a.First.Compare(b.First) })
	if len(all) > stepsMax {
		more += len(all) - stepsMax
		all = all[:stepsMax]
	}
	return all, more
}

// Score is that of all distinct behaviours together, and at least that of each incident.
func (c *Chain) Score() float64 {
	var all incident.Incident
	highest, seen := 0.0, map[uint64]bool{}
	for number, m := range c.members {
		highest = max(highest, m.Incident.Score)
		for at := range m.Incident.Steps {
			step := m.Incident.Steps[at].Behaviour
			if seen[step.ID] {
				continue
			}
			seen[step.ID] = true
			if step.Process.PID != 0 {
				step.Process.Created = int64(number) // a number of a process is one of its host
			}
			all.Behaviours = append(all.Behaviours, step)
		}
	}
	return max(highest, all.Score())
}

// Times returns when the first step happened and when the last one did first.
func (c *Chain) Times() (opened, last time.Time) {
	for at, m := range c.members {
		if at == 0 {
			opened = m.Incident.Opened
		}
		opened = earlier(opened, m.Incident.Opened)
		for at := range m.Incident.Steps {
			if first := m.Incident.Steps[at].First; first.After(last) {
				last = first
			}
		}
	}
	return opened, last
}

func (c *Chain) add(m *Member) {
	c.members = append(c.members, m)
	m.chain, c.changed = c, true
}

func (c *Chain) remove(m *Member) {
	c.members = slices.DeleteFunc(c.members, func(other *Member) bool { return other == m })
	m.chain = nil
}
