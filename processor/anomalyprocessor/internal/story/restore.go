// SPDX-License-Identifier: Apache-2.0

package story

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/incident"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/sigma"
)

// ErrSnapshot is what every error about a snapshot wraps that is not one of package incident. It says what can't have been so.
var ErrSnapshot = errors.New("snapshot can't be of stories")

const (
	// idBytesMax is more than an id has.
	idBytesMax = 64
	// scoreMax is more than any story has.
	scoreMax = 1e9
)

// Source is where a book finds what its snapshot only names.
type Source struct {
	// Open are the open incidents of the tracker that was restored.
	Open []*incident.Incident
	// Rule returns the rule of a key, nil if there is none any more.
	Rule func(key string) *sigma.Rule
	// Origin reads what the caller has written.
	Origin func(json.RawMessage) (any, error)
}

// Restore returns a book that goes on where the snapshot was taken. What is beyond the limits is left out.
func Restore(workload string, s Snapshot, from Source) (*Book, error) {
	b := NewBook(workload)
	open := make(map[uint64]*incident.Incident, len(from.Open))
	for _, i := range from.Open {
		open[i.Number] = i
	}
	ids := map[string]bool{}
	for at := max(len(s.Stories)-storiesMax, 0); at < len(s.Stories); at++ {
		written := &s.Stories[at]
		if written.ID == "" || len(written.ID) > idBytesMax || len(written.PartOf) > idBytesMax || ids[written.ID] {
			return nil, fmt.Errorf("%w: id %q", ErrSnapshot, written.ID)
		}
		ids[written.ID] = true
		if err := b.restore(written, open, &from); err != nil {
			return nil, err
		}
	}
	for at := range s.Facts {
		member := &s.Facts[at]
		if i := open[member.Incident]; i != nil && member.Facts != nil && b.of[i] == nil && len(b.facts) < incidentsMax {
			facts := member.Facts.restore(from.Rule)
			b.facts[i] = &facts
		}
	}
	return b, nil
}

// restore adds a story.
func (b *Book) restore(written *EntrySnapshot, open map[uint64]*incident.Incident, from *Source) error {
	s := &Story{
		ID: written.ID, PartOf: written.PartOf, opened: incident.TimeOf(written.Opened), last: incident.TimeOf(written.Last),
		toldAt: incident.TimeOf(written.ToldAt), facts: written.Facts.restore(from.Rule), merged: written.Merged, moreSteps: written.MoreSteps,
		score: written.Score, changed: written.Changed, closed: written.Closed, lost: written.Lost, toldLost: written.Lost,
		verdict:   written.Verdict.restore(),
		processes: incident.RestoreNamed(written.Processes), moreProcesses: written.MoreProcesses,
		provisional: map[*incident.Incident]*Facts{},
	}
	s.Unsent.Store(written.Unsent)
	s.Untold.Store(written.Untold)
	if sound := s.score >= 0 && s.score <= scoreMax && s.lost >= 0 && s.lost <= 1; !sound {
		return fmt.Errorf("%w: a score of %v, and a share of %v lost", ErrSnapshot, s.score, s.lost)
	}
	var err error
	if s.Origin, err = from.Origin(written.Origin); err != nil {
		return err
	}
	if err := s.restoreSteps(written); err != nil {
		return err
	}
	for at := range written.Members {
		member := &written.Members[at]
		i := open[member.Incident]
		if i == nil || !i.Raised || b.of[i] != nil {
			continue
		}
		s.members = append(s.members, i)
		b.of[i] = s
		if member.Facts != nil {
			facts := member.Facts.restore(from.Rule)
			s.provisional[i] = &facts
		}
	}
	if len(s.members) == 0 && !s.closed {
		// Nothing can be added any more by what was linked to it.
		s.closed, s.changed = true, true
	}
	b.stories = append(b.stories, s)
	// What the story has left out before was counted before.
	b.stats.Omitted -= s.facts.Omitted + s.facts.MoreRules
	return nil
}

func (s *Story) restoreSteps(written *EntrySnapshot) error {
	for at := max(len(written.Signatures)-signaturesMax, 0); at < len(written.Signatures); at++ {
		signature, err := written.Signatures[at].Restore()
		if err != nil {
			return err
		}
		s.signatures = append(s.signatures, signature)
	}
	for at := range written.Steps[:min(len(written.Steps), stepsMax)] {
		step := &written.Steps[at]
		restored, err := step.Restore()
		if err != nil {
			return err
		}
		s.steps = append(s.steps, Step{restored, step.Parent.Key(), step.Executable})
	}
	return nil
}

// restore returns facts. A rule that is not there any more counts as one for which there is no room.
func (s *FactsSnapshot) restore(rule func(string) *sigma.Rule) Facts {
	f := Facts{
		Events: s.Events, UIDs: s.UIDs[:min(len(s.UIDs), uidsMax)], Instances: s.Instances[:min(len(s.Instances), instancesMax)],
		MoreRules: s.MoreRules, Omitted: s.Omitted,
	}
	for _, key := range s.Rules {
		if known := rule(key); known != nil {
			f.addRule(known)
		} else {
			f.MoreRules++
		}
	}
	return f
}
