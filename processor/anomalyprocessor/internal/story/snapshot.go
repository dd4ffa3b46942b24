// SPDX-License-Identifier: Apache-2.0

package story

import (
	"cmp"
	"encoding/json"
	"slices"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/incident"
)

// Snapshot is what a book needs for going on after a restart as if there had been none, together with the snapshot of its tracker. It is
// written as JSON: names and meaning of fields stay. Times are nanoseconds since 1970, 0 for none; incidents are named by their numbers.
type Snapshot struct {
	Stories []EntrySnapshot `json:"stories,omitempty"`
	// Facts are those of incidents that are not raised.
	Facts []MemberSnapshot `json:"facts,omitempty"`
}

// EntrySnapshot is what is kept of a story.
type EntrySnapshot struct {
	ID      string `json:"id"`
	PartOf  string `json:"part_of,omitempty"`
	Unsent  bool   `json:"unsent,omitempty"`
	Untold  bool   `json:"untold,omitempty"`
	Changed bool   `json:"changed,omitempty"`
	Closed  bool   `json:"closed,omitempty"`
	// Lost is the share of events that was lost.
	Lost    float64          `json:"lost,omitempty"`
	Verdict *VerdictSnapshot `json:"verdict,omitempty"`
	Opened  int64            `json:"opened"`
	Last    int64            `json:"last,omitempty"`
	ToldAt  int64            `json:"told_at,omitempty"`
	// Origin is written by the caller.
	Origin        json.RawMessage              `json:"origin,omitempty"`
	Facts         FactsSnapshot                `json:"facts"`
	Merged        uint64                       `json:"merged,omitempty"`
	Members       []MemberSnapshot             `json:"members,omitempty"`
	Signatures    []incident.SignatureSnapshot `json:"signatures,omitempty"`
	Steps         []StepSnapshot               `json:"steps,omitempty"`
	MoreSteps     uint64                       `json:"more_steps,omitempty"`
	Processes     []incident.NamedSnapshot     `json:"processes,omitempty"`
	MoreProcesses uint64                       `json:"more_processes,omitempty"`
	Score         float64                      `json:"score,omitempty"`
}

// MemberSnapshot names an open incident. Facts are there as long as it is provisional in its story, or in none.
type MemberSnapshot struct {
	Incident uint64         `json:"incident"`
	Facts    *FactsSnapshot `json:"facts,omitempty"`
}

// FactsSnapshot is what is kept of facts. Rules are named by their keys.
type FactsSnapshot struct {
	Events    uint64   `json:"events,omitempty"`
	UIDs      []string `json:"uids,omitempty"`
	Instances []string `json:"instances,omitempty"`
	Rules     []string `json:"rules,omitempty"`
	MoreRules uint64   `json:"more_rules,omitempty"`
	Omitted   uint64   `json:"omitted,omitempty"`
}

// StepSnapshot is what is kept of a step.
type StepSnapshot struct {
	incident.BehaviourSnapshot

	Parent     incident.Process `json:"parent"`
	Executable string           `json:"executable,omitempty"`
}

// Snapshot returns what has to be kept, given how an origin is written. It shares nothing that changes with the book. It has to be taken
// after Tidy and together with the snapshot of the tracker: incidents that are not in that are left out.
func (b *Book) Snapshot(of incident.Snapshot, origin func(any) json.RawMessage) Snapshot {
	kept := map[uint64]bool{}
	for at := range of.Incidents {
		kept[of.Incidents[at].Number] = true
	}
	var all Snapshot
	for _, s := range b.stories {
		written := s.snapshot(kept)
		written.Origin = origin(s.Origin)
		all.Stories = append(all.Stories, written)
	}
	for i, f := range b.facts {
		if kept[i.Number] {
			all.Facts = append(all.Facts, MemberSnapshot{i.Number, f.snapshot()})
		}
	}
	slices.SortFunc(all.Facts, func(x, y MemberSnapshot) int { return cmp.Compare(x.Incident, y.Incident) })
	return all
}

func (s *Story) snapshot(kept map[uint64]bool) EntrySnapshot {
	written := EntrySnapshot{
		ID: s.ID, PartOf: s.PartOf, Unsent: s.Unsent.Load(), Untold: s.Untold.Load(), Changed: s.changed, Closed: s.closed,
		Lost: s.lost, Verdict: s.verdict.snapshot(), Opened: incident.Nanoseconds(s.opened), Last: incident.Nanoseconds(s.last), ToldAt: incident.Nanoseconds(s.toldAt),
		Facts: *s.facts.snapshot(), Merged: s.merged, MoreSteps: s.moreSteps, Score: s.score,
		Processes: incident.NamedSnapshots(s.processes), MoreProcesses: s.moreProcesses,
	}
	for _, i := range s.members {
		if !kept[i.Number] {
			continue
		}
		member := MemberSnapshot{Incident: i.Number}
		if f := s.provisional[i]; f != nil {
			member.Facts = f.snapshot()
		}
		written.Members = append(written.Members, member)
	}
	for _, signature := range s.signatures {
		written.Signatures = append(written.Signatures, signature.Snapshot())
	}
	for at := range s.steps {
		step := &s.steps[at]
		written.Steps = append(written.Steps, StepSnapshot{step.Snapshot(), incident.ProcessOf(step.Parent), step.Executable})
	}
	return written
}

// VerdictSnapshot is what is kept of a verdict. The texts are bytes, since they may be anything.
type VerdictSnapshot struct {
	Kind    string `json:"kind"`
	Comment []byte `json:"comment,omitempty"`
	By      []byte `json:"by,omitempty"`
	At      int64  `json:"at"`
}

func (v Verdict) snapshot() *VerdictSnapshot {
	if v.Kind == "" {
		return nil
	}
	return &VerdictSnapshot{v.Kind, []byte(v.Comment), []byte(v.By), incident.Nanoseconds(v.At)}
}

func (v *VerdictSnapshot) restore() Verdict {
	if v == nil || v.Kind != Benign && v.Kind != Malicious {
		return Verdict{}
	}
	return Verdict{v.Kind, string(v.Comment), string(v.By), incident.TimeOf(v.At)}
}

func (f *Facts) snapshot() *FactsSnapshot {
	s := FactsSnapshot{
		Events: f.Events, UIDs: slices.Clone(f.UIDs), Instances: slices.Clone(f.Instances), MoreRules: f.MoreRules, Omitted: f.Omitted,
	}
	for _, rule := range f.Rules {
		s.Rules = append(s.Rules, rule.Key())
	}
	return &s
}
