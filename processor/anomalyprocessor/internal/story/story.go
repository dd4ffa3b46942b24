// SPDX-License-Identifier: Apache-2.0

package story

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/incident"
)

// Step is a behaviour of a story, with the process that showed it first.
type Step struct {
	incident.Behaviour
	Parent     behaviour.ProcessKey
	Executable string
}

// Story is what people are told of as one incident.
type Story struct {
	// ID tells it from all others.
	ID string
	// Unsent tells that what was told last has not arrived, Untold that nothing has. Whoever sends sets them, from any goroutine.
	Unsent, Untold atomic.Bool
	// PartOf is the ID of the story that this one has turned out to be a part of, or empty.
	PartOf string
	// Noted tells that somebody else has something to add to what is told. Whoever has sets it, from any goroutine.
	Noted atomic.Bool
	// Origin is the caller's: where the first event came from. The package never looks at it.
	Origin any

	opened, last time.Time
	// facts and merged are without those that are provisional.
	facts   Facts
	merged  uint64
	members []*incident.Incident
	// provisional are members that were added to the first and are not closed yet: they may turn out to be something else.
	provisional map[*incident.Incident]*Facts
	signatures  []incident.Signature
	steps       []Step
	moreSteps   uint64
	// processes are those of incidents that are closed, moreProcesses those that had no room.
	processes     []incident.Named
	moreProcesses uint64
	score         float64
	changed       bool
	closed        bool
	// lost is the largest share of events that was lost meanwhile, toldLost what was told of it.
	lost, toldLost float64
	toldAt         time.Time
	verdict        Verdict
}

func newStory(workload string, i *incident.Incident) *Story {
	from := fmt.Appendf(nil, "%s\x00%d\x00%d", workload, i.Opened.UnixNano(), i.Number)
	for _, n := range i.Nodes {
		from = fmt.Appendf(from, "\x00%d\x00%d", n.Process.PID, n.Process.Created)
	}
	sum := sha256.Sum256(from)
	s := &Story{ID: hex.EncodeToString(sum[:16]), opened: i.Opened, provisional: map[*incident.Incident]*Facts{}}
	s.Untold.Store(true)
	return s
}

// Opened is when the first step happened, by the clock of the events.
func (s *Story) Opened() time.Time { return s.opened }

// Last is when something of it happened last.
func (s *Story) Last() time.Time {
	last := s.last
	for _, i := range s.members {
		if i.Last.After(last) {
			last = i.Last
		}
	}
	return last
}

// Score is that of the incident with the highest.
func (s *Story) Score() float64 {
	score := s.score
	for _, i := range s.members {
		score = max(score, i.Score())
	}
	return score
}

// Facts returns what is known besides the steps.
func (s *Story) Facts() Facts {
	all := s.facts.clone()
	for _, i := range s.members {
		if f := s.provisional[i]; f != nil {
			all.join(f)
		}
	}
	return all
}

// Merged is how many incidents were added to the first.
func (s *Story) Merged() uint64 { return s.merged + uint64(len(s.provisional)) }

// fits tells whether an incident is the same story: it consists of the same, or so far of a part of it. Only the others count, not itself.
func (s *Story) fits(i *incident.Incident) bool {
	signature := incident.SignatureOf(i)
	if slices.ContainsFunc(s.signatures, func(other incident.Signature) bool { return incident.Similar(signature, other) }) {
		return true
	}
	known := make(map[uint64]bool, len(s.steps))
	for at := range s.steps {
		known[s.steps[at].ID] = true
	}
	for _, other := range s.members {
		if other == i {
			continue
		}
		if incident.Similar(signature, incident.SignatureOf(other)) {
			return true
		}
		for at := range other.Behaviours {
			known[other.Behaviours[at].ID] = true
		}
	}
	for at := range i.Behaviours {
		if !known[i.Behaviours[at].ID] {
			return false
		}
	}
	return true
}

// leave takes a member out that has turned out to be something else, and returns its facts.
func (s *Story) leave(i *incident.Incident) *Facts {
	s.dropMember(i)
	f := s.provisional[i]
	delete(s.provisional, i)
	s.changed = true
	return f
}

func (s *Story) dropMember(i *incident.Incident) {
	s.members = slices.DeleteFunc(s.members, func(member *incident.Incident) bool { return member == i })
}

// finish keeps what incidents consist of that are closed, and lets them go. It returns how many of them were added to the first, and whether that
// closes the story.
func (s *Story) finish() (merged uint64, closed bool) {
	kept := s.members[:0]
	for _, i := range s.members {
		if !i.Closed() {
			kept = append(kept, i)
			continue
		}
		s.last, s.score = s.laterOf(i), max(s.score, i.Score())
		s.steps, s.moreSteps = fold(s.steps, s.moreSteps, i)
		s.processes, s.moreProcesses = foldProcesses(s.processes, s.moreProcesses, i)
		if len(s.signatures) == signaturesMax {
			s.signatures = append(s.signatures[:0], s.signatures[1:]...)
		}
		s.signatures = append(s.signatures, incident.SignatureOf(i))
		if f := s.provisional[i]; f != nil {
			s.facts.join(f)
			delete(s.provisional, i)
			merged++
		}
	}
	s.merged += merged
	clear(s.members[len(kept):])
	s.members = kept
	if len(kept) > 0 || s.closed {
		return merged, false
	}
	s.closed = true
	return merged, true
}

func (s *Story) laterOf(i *incident.Incident) time.Time {
	if i.Last.After(s.last) {
		return i.Last
	}
	return s.last
}

// Steps returns what happened in order, and how many further steps there were.
func (s *Story) Steps() ([]Step, uint64) {
	steps, more := slices.Clone(s.steps), s.moreSteps
	for _, i := range s.members {
		steps, more = fold(steps, more, i)
	}
	slices.SortStableFunc(steps, func(a, b Step) int { return a.First.Compare(b.First) })
	return steps, more
}

// fold adds the behaviours of an incident. Beyond the limit those stay that weigh most.
func fold(steps []Step, more uint64, i *incident.Incident) ([]Step, uint64) {
	for at := range i.Behaviours {
		b := &i.Behaviours[at]
		if known := slices.IndexFunc(steps, func(s Step) bool { return s.ID == b.ID }); known >= 0 {
			steps[known].Join(b)
			continue
		}
		added := Step{Behaviour: *b}
		if n := slices.IndexFunc(i.Nodes, func(n incident.Node) bool { return n.Process == b.Process }); n >= 0 {
			added.Parent, added.Executable = i.Nodes[n].Parent, i.Nodes[n].Executable
		}
		if len(steps) < stepsMax {
			steps = append(steps, added)
			continue
		}
		more++
		least := 0
		for n := range steps {
			if cmp.Less(steps[n].Weight, steps[least].Weight) {
				least = n
			}
		}
		if steps[least].Weight < added.Weight {
			steps[least] = added
		}
	}
	return steps, more + uint64(i.MoreBehaviours)
}
