// SPDX-License-Identifier: Apache-2.0

package incident

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"time"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/profile"
)

// Snapshot is what a tracker needs for going on after a restart as if there had been none. It is written as JSON: names and meaning of
// fields stay. Times are nanoseconds since 1970, 0 for none.
type Snapshot struct {
	// Opened is how many incidents there were, which is the number of the last one.
	Opened    uint64         `json:"opened"`
	Learned   bool           `json:"learned,omitempty"`
	Incidents []OpenSnapshot `json:"incidents,omitempty"`
	// Processes are those that lead to an incident, the one that was quiet the longest first.
	Processes []ProcessSnapshot `json:"processes,omitempty"`
}

// OpenSnapshot is what is kept of an open incident.
type OpenSnapshot struct {
	Number         uint64              `json:"number"`
	Opened         int64               `json:"opened"`
	Last           int64               `json:"last"`
	Raised         bool                `json:"raised,omitempty"`
	Hinted         bool                `json:"hinted,omitempty"`
	RaisedAt       int64               `json:"raised_at,omitempty"`
	Nodes          []NodeSnapshot      `json:"nodes,omitempty"`
	Behaviours     []BehaviourSnapshot `json:"behaviours,omitempty"`
	MoreNodes      uint32              `json:"more_nodes,omitempty"`
	MoreBehaviours uint32              `json:"more_behaviours,omitempty"`
	MoreVariants   uint32              `json:"more_variants,omitempty"`
	Named          []NamedSnapshot     `json:"named,omitempty"`
	MoreNamed      uint32              `json:"more_named,omitempty"`
	// Files are paths as bytes, since a path may be anything.
	Files [][]byte `json:"files,omitempty"`
}

// Process tells a process apart.
type Process struct {
	PID     uint32 `json:"pid"`
	Created int64  `json:"created,omitempty"`
}

// NodeSnapshot is what is kept of a process that did something surprising.
type NodeSnapshot struct {
	Process    Process `json:"process"`
	Parent     Process `json:"parent"`
	Executable string  `json:"executable,omitempty"`
	First      int64   `json:"first"`
}

// ProcessSnapshot is what is kept of a process that leads to an incident.
type ProcessSnapshot struct {
	Process Process `json:"process"`
	Parent  Process `json:"parent"`
	// Incident is its number, 0 if the process has none itself.
	Incident uint64 `json:"incident,omitempty"`
	Unusual  bool   `json:"unusual,omitempty"`
	Ended    bool   `json:"ended,omitempty"`
	Executed bool   `json:"executed,omitempty"`
	Seen     int64  `json:"seen"`
	// Executable is what it runs, Began when it executed something first, Started what was executed below it then, Odd what of that was surprising.
	Executable string `json:"executable,omitempty"`
	Began      int64  `json:"began,omitempty"`
	Started    uint32 `json:"started,omitempty"`
	Odd        uint32 `json:"odd,omitempty"`
}

// Snapshot returns what has to be kept. It shares nothing that changes with the tracker. While a workload is learned everything is
// surprising, so of what is not raised only what is sensitive is kept then; and nothing ever if onlyRaised.
func (t *Tracker) Snapshot(onlyRaised bool) Snapshot {
	s := Snapshot{Opened: t.stats.Opened, Learned: t.learned}
	kept := map[*Incident]bool{}
	for _, i := range t.open {
		if i.Raised || !onlyRaised && (t.learned || len(i.Sensitivities()) > 0) {
			kept[i] = true
			s.Incidents = append(s.Incidents, i.snapshot())
		}
	}
	if len(kept) > 0 {
		s.Processes = t.leading(kept)
	}
	return s
}

// leading returns the processes through which something can be linked to one of the incidents.
func (t *Tracker) leading(kept map[*Incident]bool) []ProcessSnapshot {
	leads := map[*process]bool{}
	for _, p := range t.processes {
		path := []*process{p}
		for at := 0; !kept[path[at].incident.whole()]; at++ {
			parent, ok := t.processes[path[at].parent]
			if !ok || at == ancestorsMax {
				path = nil
				break
			}
			path = append(path, parent)
		}
		for _, on := range path {
			leads[on] = true
		}
	}
	for i := range kept {
		for n := range i.Nodes {
			t.leadUp(i.Nodes[n].Process, leads)
		}
		for n := range i.Named {
			t.leadUp(i.Named[n].Process, leads)
		}
	}
	sorted := slices.SortedFunc(maps.Keys(leads), func(a, b *process) int {
		return cmp.Or(cmp.Compare(a.touched, b.touched), cmp.Compare(a.key.PID, b.key.PID), cmp.Compare(a.key.Created, b.key.Created))
	})
	processes := make([]ProcessSnapshot, len(sorted))
	for at, p := range sorted {
		processes[at] = ProcessSnapshot{
			Process: ProcessOf(p.key), Parent: ProcessOf(p.parent), Unusual: p.unusual, Ended: p.ended, Executed: p.executed, Seen: p.seen,
			Executable: p.executable, Began: p.began, Started: p.started, Odd: p.odd,
		}
		if of := p.incident.whole(); kept[of] {
			processes[at].Incident = of.Number
		}
	}
	return processes
}

// leadUp adds a process and those above it, of which the jobs are that it is a part of.
func (t *Tracker) leadUp(key behaviour.ProcessKey, leads map[*process]bool) {
	for range ancestorsMax + 1 {
		p, ok := t.processes[key]
		if !ok {
			return
		}
		leads[p] = true
		key = p.parent
	}
}

func (i *Incident) snapshot() OpenSnapshot {
	s := OpenSnapshot{
		Number: i.Number, Opened: Nanoseconds(i.Opened), Last: Nanoseconds(i.Last), Raised: i.Raised, RaisedAt: Nanoseconds(i.RaisedAt),
		Hinted: i.hinted, MoreNodes: i.MoreNodes, MoreBehaviours: i.MoreBehaviours, MoreVariants: i.MoreVariants,
		Named: NamedSnapshots(i.Named), MoreNamed: i.MoreNamed,
	}
	for _, n := range i.Nodes {
		s.Nodes = append(s.Nodes, NodeSnapshot{ProcessOf(n.Process), ProcessOf(n.Parent), n.Executable, Nanoseconds(n.First)})
	}
	for at := range i.Behaviours {
		s.Behaviours = append(s.Behaviours, i.Behaviours[at].Snapshot())
	}
	for _, file := range slices.Sorted(maps.Keys(i.files)) {
		s.Files = append(s.Files, []byte(file))
	}
	return s
}

// BehaviourSnapshot is what is kept of a behaviour of an incident.
type BehaviourSnapshot struct {
	ID          uint64    `json:"id"`
	Keys        [3]uint64 `json:"keys"`
	Weight      float64   `json:"weight"`
	Expected    bool      `json:"expected,omitempty"`
	Sensitivity string    `json:"sensitivity,omitempty"`
	Action      string    `json:"action"`
	Process     Process   `json:"process"`
	First       int64     `json:"first"`
	Count       uint32    `json:"count"`
	Destination bool      `json:"destination,omitempty"`
	Object      string    `json:"object,omitempty"`
	Explanation string    `json:"explanation,omitempty"`
	// Variants and Excuses are what a verdict is about besides the keys.
	Variants [][3]uint64 `json:"variants,omitempty"`
	Excuses  [][3]uint64 `json:"excuses,omitempty"`
	// Ends are those by which a gateway finds what is at the other one.
	Ends      []EndSnapshot `json:"ends,omitempty"`
	Forbidden bool          `json:"forbidden,omitempty"`
	// LookedUp has a bit for each name that may carry data.
	LookedUp uint64 `json:"looked_up,omitempty"`
}

// EndSnapshot is what is kept of a connection.
type EndSnapshot struct {
	Time   int64          `json:"time"`
	Client netip.AddrPort `json:"client"`
	Server netip.AddrPort `json:"server"`
	Peer   string         `json:"peer,omitempty"`
}

// Snapshot returns what has to be kept.
func (b *Behaviour) Snapshot() BehaviourSnapshot {
	s := BehaviourSnapshot{
		ID: b.ID, Keys: numbersOf(b.Keys), Weight: b.Weight, Expected: b.Expected, Action: b.Action.String(),
		Process: ProcessOf(b.Process), First: Nanoseconds(b.First), Count: b.Count, Destination: b.Destination, Object: b.Object,
		Explanation: b.Explanation, Forbidden: b.Forbidden, LookedUp: b.lookedUp,
	}
	if b.Sensitivity != behaviour.Ordinary {
		s.Sensitivity = b.Sensitivity.String()
	}
	for _, keys := range b.Variants {
		s.Variants = append(s.Variants, numbersOf(keys))
	}
	for _, keys := range b.Excuses {
		s.Excuses = append(s.Excuses, numbersOf(keys))
	}
	for _, end := range b.Ends {
		s.Ends = append(s.Ends, EndSnapshot{Nanoseconds(end.Time), end.Client, end.Server, end.Peer})
	}
	return s
}

// SignatureSnapshot is what is kept of a signature. IDs and Weights belong together.
type SignatureSnapshot struct {
	IDs          []uint64           `json:"ids,omitempty"`
	Weights      []float64          `json:"weights,omitempty"`
	Actions      map[string]float64 `json:"actions,omitempty"`
	Destinations []string           `json:"destinations,omitempty"`
}

// Snapshot returns what has to be kept.
func (s Signature) Snapshot() SignatureSnapshot {
	kept := SignatureSnapshot{
		IDs: slices.Sorted(maps.Keys(s.weights)), Actions: map[string]float64{}, Destinations: slices.Sorted(maps.Keys(s.destinations)),
	}
	for _, id := range kept.IDs {
		kept.Weights = append(kept.Weights, s.weights[id])
	}
	for action, weight := range s.actions {
		kept.Actions[action.String()] = weight
	}
	return kept
}

// ProcessOf is how a process is written.
func ProcessOf(key behaviour.ProcessKey) Process { return Process{key.PID, key.Created} }

// Key returns the process that is meant.
func (p Process) Key() behaviour.ProcessKey {
	return behaviour.ProcessKey{PID: p.PID, Created: p.Created}
}

func numbersOf(keys profile.Keys) [3]uint64 { return [3]uint64{keys.Exact, keys.Wide, keys.Shape} }

func keysOf(keys [3]uint64) profile.Keys {
	return profile.Keys{Exact: keys[0], Wide: keys[1], Shape: keys[2]}
}

// Nanoseconds is how a time is written, 0 for none.
func Nanoseconds(at time.Time) int64 {
	if at.IsZero() {
		return 0
	}
	return at.UnixNano()
}

// TimeOf is the time that was written.
func TimeOf(nanoseconds int64) time.Time {
	if nanoseconds == 0 {
		return time.Time{}
	}
	return time.Unix(0, nanoseconds).UTC()
}
