// SPDX-License-Identifier: Apache-2.0

package incident

import (
	"errors"
	"fmt"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
)

// ErrSnapshot is what every error about a snapshot wraps. It says what can't have been so.
var ErrSnapshot = errors.New("snapshot can't be of incidents")

// weightMax is more than any behaviour weighs, and little enough for sums of weights.
const weightMax = 1e6

// Restore returns a tracker that goes on where the snapshot was taken. What is beyond the limits is left out.
func Restore(s Snapshot) (*Tracker, error) {
	t := NewTracker()
	t.learned, t.stats.Opened = s.Learned, s.Opened
	open := map[uint64]*Incident{}
	for at := range s.Incidents[:min(len(s.Incidents), openMax)] {
		i, err := restore(&s.Incidents[at])
		if err != nil {
			return nil, err
		}
		if i.Number == 0 || i.Number > s.Opened || open[i.Number] != nil {
			return nil, fmt.Errorf("%w: number %d of %d twice or out of range", ErrSnapshot, i.Number, s.Opened)
		}
		open[i.Number] = i
		t.open = append(t.open, i)
	}
	for _, p := range s.Processes[max(len(s.Processes)-processesMax, 0):] {
		t.touches++
		restored := &process{
			key: p.Process.Key(), parent: p.Parent.Key(), incident: open[p.Incident], unusual: p.Unusual, ended: p.Ended, executed: p.Executed,
			touched: t.touches, seen: p.Seen, began: p.Began, started: p.Started, odd: p.Odd,
		}
		t.callIt(restored, p.Executable)
		t.processes[restored.key] = restored
	}
	for _, i := range t.open {
		for at := range i.Named {
			if p, ok := t.processes[i.Named[at].Process]; ok {
				p.named = i
			}
		}
	}
	return t, nil
}

func restore(s *OpenSnapshot) (*Incident, error) {
	i := &Incident{
		Number: s.Number, Opened: TimeOf(s.Opened), Last: TimeOf(s.Last), Raised: s.Raised, RaisedAt: TimeOf(s.RaisedAt),
		hinted: s.Hinted, MoreNodes: s.MoreNodes, MoreBehaviours: s.MoreBehaviours, MoreVariants: s.MoreVariants,
		files: map[string]bool{}, index: map[uint64]int{},
	}
	for _, n := range s.Nodes[:min(len(s.Nodes), nodesMax)] {
		i.Nodes = append(i.Nodes, Node{n.Process.Key(), n.Parent.Key(), n.Executable, TimeOf(n.First)})
	}
	for _, n := range RestoreNamed(s.Named) {
		i.keepNamed(&n)
	}
	i.MoreNamed = s.MoreNamed
	for at := range s.Behaviours[:min(len(s.Behaviours), behavioursMax)] {
		b, err := s.Behaviours[at].Restore()
		if err != nil {
			return nil, err
		}
		if _, twice := i.index[b.ID]; twice {
			return nil, fmt.Errorf("%w: behaviour %d twice", ErrSnapshot, b.ID)
		}
		i.index[b.ID] = len(i.Behaviours)
		i.Behaviours = append(i.Behaviours, b)
	}
	for _, file := range s.Files[:min(len(s.Files), filesMax)] {
		i.files[string(file)] = true
	}
	return i, nil
}

// Restore returns the behaviour that the snapshot is of.
func (s *BehaviourSnapshot) Restore() (Behaviour, error) {
	action, ok := behaviour.ParseAction(s.Action)
	if !ok {
		return Behaviour{}, fmt.Errorf("%w: action %q", ErrSnapshot, s.Action)
	}
	sensitivity, ok := behaviour.ParseSensitivity(s.Sensitivity)
	if !ok && s.Sensitivity != "" {
		return Behaviour{}, fmt.Errorf("%w: sensitivity %q", ErrSnapshot, s.Sensitivity)
	}
	if !sound(s.Weight) {
		return Behaviour{}, fmt.Errorf("%w: a weight of %v", ErrSnapshot, s.Weight)
	}
	b := Behaviour{
		ID: s.ID, Keys: keysOf(s.Keys), Weight: s.Weight, Expected: s.Expected, Sensitivity: sensitivity, Action: action,
		Process: s.Process.Key(), First: TimeOf(s.First), Count: s.Count, Destination: s.Destination, Object: s.Object, Explanation: s.Explanation,
		Forbidden: s.Forbidden, lookedUp: s.LookedUp,
	}
	for _, keys := range s.Variants {
		include(&b.Variants, keysOf(keys))
	}
	for _, keys := range s.Excuses {
		include(&b.Excuses, keysOf(keys))
	}
	for _, end := range s.Ends {
		b.AddEnds([]End{{TimeOf(end.Time), end.Client, end.Server, end.Peer}})
	}
	return b, nil
}

// Restore returns the signature that the snapshot is of.
func (s *SignatureSnapshot) Restore() (Signature, error) {
	restored := SignatureOf(&Incident{})
	if len(s.IDs) != len(s.Weights) || len(s.IDs) > behavioursMax || len(s.Destinations) > behavioursMax {
		return restored, fmt.Errorf("%w: %d weights of %d behaviours", ErrSnapshot, len(s.Weights), len(s.IDs))
	}
	for at, id := range s.IDs {
		if !sound(s.Weights[at]) {
			return restored, fmt.Errorf("%w: a weight of %v", ErrSnapshot, s.Weights[at])
		}
		restored.weights[id] = s.Weights[at]
	}
	for name, weight := range s.Actions {
		action, ok := behaviour.ParseAction(name)
		if !ok || !sound(weight/behavioursMax) {
			return restored, fmt.Errorf("%w: action %q of weight %v", ErrSnapshot, name, weight)
		}
		restored.actions[action] = weight
	}
	for _, destination := range s.Destinations {
		restored.destinations[destination] = true
	}
	return restored, nil
}

// sound tells whether a weight or score is one; NaN is none.
func sound(weight float64) bool { return weight >= 0 && weight <= weightMax }
