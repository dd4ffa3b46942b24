// SPDX-License-Identifier: Apache-2.0

package incident

import (
	"slices"
	"strings"
	"time"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/profile"
)

// Behaviour is one distinct unusual behaviour of an incident.
type Behaviour struct {
	// ID is the same for the same behaviour in other incidents, Keys are for telling the profile what became of it.
	ID   uint64
	Keys profile.Keys
	// Variants are the keys of what differs from the first time only in its arguments. Excuses are what is accepted with it: that these rules
	// match, and other names that are made up in the same way.
	Variants, Excuses []profile.Keys
	// Weight is what it counts: the surprise in bits, and more for what is sensitive.
	Weight float64
	// Expected tells that it is ordinary news of a new version.
	Expected    bool
	Sensitivity behaviour.Sensitivity
	Action      behaviour.Action
	Process     behaviour.ProcessKey
	First       time.Time
	// Count is how often it was seen.
	Count uint32
	// Destination tells that the object is where data goes.
	Destination bool
	// Forbidden tells that somebody said that it is malicious.
	Forbidden bool
	// Ends are those of its first connections.
	Ends []End
	// lookedUp has a bit for each name that was looked up and may carry data, by its hash: the second kind of name with the same bit is not counted.
	lookedUp uint64
	// Object and Explanation are for people.
	Object, Explanation string
}

// Node is a process of an incident that did something surprising itself.
type Node struct {
	Process, Parent behaviour.ProcessKey
	Executable      string
	First           time.Time
}

// Incident is what is linked.
type Incident struct {
	// Number tells the incidents of a tracker apart, in the order in which they were opened.
	Number       uint64
	Opened, Last time.Time
	// Raised tells that the score reached the bar, at RaisedAt. It stays so.
	Raised     bool
	RaisedAt   time.Time
	Nodes      []Node
	Behaviours []Behaviour
	// Named are processes that belong to it without being a part of it. They change nothing of what it weighs and of what is linked to it.
	Named []Named
	// MoreNodes, MoreBehaviours, MoreVariants and MoreNamed count what was beyond the limits.
	MoreNodes, MoreBehaviours, MoreVariants, MoreNamed uint32

	files  map[string]bool
	index  map[uint64]int
	closed bool
	// small tells that it was opened when there was hardly any room.
	small bool
	// hinted tells that a rule said something about it.
	hinted bool
	// into is the incident that this one has turned out to be a part of.
	into *Incident
}

// decisive is how many behaviours are not to be expected of a new version.
func (i *Incident) decisive() int {
	count := 0
	for at := range i.Behaviours {
		if !i.Behaviours[at].Expected {
			count++
		}
	}
	return count
}

// Sensitivities returns in which ways an incident is sensitive, in order. One that is in none is at most a notice: something is new.
func (i *Incident) Sensitivities() []behaviour.Sensitivity {
	var kinds []behaviour.Sensitivity
	for at := range i.Behaviours {
		if s := i.Behaviours[at].Sensitivity; s != behaviour.Ordinary && !slices.Contains(kinds, s) {
			kinds = append(kinds, s)
		}
	}
	slices.Sort(kinds)
	return kinds
}

// grave tells whether something in it is sensitive in a way that new versions seldom are.
func (i *Incident) grave() bool {
	return slices.ContainsFunc(i.Behaviours, func(b Behaviour) bool {
		switch b.Sensitivity {
		case behaviour.Credentials, behaviour.Persistence, behaviour.Intrusion, behaviour.Traces:
			return true
		}
		return false
	})
}

// add takes in a surprising event, or one that rules say something about. It returns whether the incident weighs more now.
func (i *Incident) add(p *process, e *behaviour.Event, o *profile.Observation, j profile.Judgement, hint Hint) bool {
	i.Last = maxTime(i.Last, e.Time)
	i.addNode(p, e)
	i.addFile(e)
	i.hinted = i.hinted || hint.Bits > 0
	id := j.Behaviour
	weight := min(j.Bits, countedBitsMax) + hint.Bits
	if o.Sensitivity != behaviour.Ordinary {
		weight += sensitiveBits
	}
	if at, ok := i.index[id]; ok {
		b := &i.Behaviours[at]
		b.Count++
		b.Forbidden = b.Forbidden || j.Forbidden
		b.addEnd(e)
		before := b.Weight
		b.Weight = max(b.Weight, weight) + b.tunnel(e, o)
		i.MoreVariants += b.vary(o, j, hint)
		return b.Weight > before
	}
	added := Behaviour{
		ID: id, Keys: o.Keys(), Weight: weight, Expected: j.New && o.Sensitivity == behaviour.Ordinary && hint.Bits == 0, Sensitivity: o.Sensitivity,
		Action: e.Action, Process: p.key, First: e.Time, Count: 1,
		Destination: e.Action == behaviour.Connect || e.Action == behaviour.Datagram,
		Object:      cut(string(o.Object.Text()), objectBytesMax), Explanation: cut(profile.Explain(e, o, j), explanationBytesMax), Forbidden: j.Forbidden,
	}
	i.MoreVariants += added.vary(o, j, hint)
	added.addEnd(e)
	added.tunnel(e, o)
	return i.addBehaviour(&added)
}

func (i *Incident) addBehaviour(added *Behaviour) bool {
	if len(i.Behaviours) < i.most(behavioursMax) {
		i.index[added.ID] = len(i.Behaviours)
		i.Behaviours = append(i.Behaviours, *added)
		return true
	}
	i.MoreBehaviours++
	return i.displace(added)
}

// keepBehaviour takes in a behaviour of another incident.
func (i *Incident) keepBehaviour(other *Behaviour) {
	at, ok := i.index[other.ID]
	if !ok {
		i.addBehaviour(other)
		return
	}
	b := &i.Behaviours[at]
	b.Join(other)
	if other.First.Before(b.First) {
		b.First, b.Process = other.First, other.Process
	}
}

// displace puts a behaviour in the place of the least one, so that whoever does much that is unusual can't hide what is more so.
func (i *Incident) displace(added *Behaviour) bool {
	least := 0
	for at := range i.Behaviours {
		if i.Behaviours[at].less(&i.Behaviours[least]) {
			least = at
		}
	}
	if !i.Behaviours[least].less(added) {
		return false
	}
	delete(i.index, i.Behaviours[least].ID)
	i.index[added.ID] = least
	i.Behaviours[least] = *added
	return true
}

// less tells whether a behaviour says less than another.
func (b *Behaviour) less(other *Behaviour) bool {
	if b.Expected != other.Expected {
		return b.Expected
	}
	return b.Weight < other.Weight
}

func (i *Incident) addNode(p *process, e *behaviour.Event) {
	if slices.ContainsFunc(i.Nodes, func(n Node) bool { return n.Process == p.key }) {
		return
	}
	i.unname(p.key)
	i.keepNode(&Node{Process: p.key, Parent: p.parent, Executable: strings.Clone(cut(e.Executable, executableBytesMax)), First: e.Time})
}

// keepNode takes in a process, which may be of another incident.
func (i *Incident) keepNode(n *Node) {
	at := slices.IndexFunc(i.Nodes, func(other Node) bool { return other.Process == n.Process })
	switch {
	case at >= 0:
		i.Nodes[at].First = minTime(i.Nodes[at].First, n.First)
	case len(i.Nodes) < i.most(nodesMax):
		i.Nodes = append(i.Nodes, *n)
	default:
		i.MoreNodes++
	}
}

// addFile remembers what an incident made, so that who executes or reads it belongs to it.
func (i *Incident) addFile(e *behaviour.Event) {
	path := e.Path
	switch e.Action {
	case behaviour.Rename, behaviour.Link:
		path = e.Target
	case behaviour.Write, behaviour.Create:
	default:
		return
	}
	if len(i.files) < i.most(filesMax) && len(path) <= fileBytesMax && !strings.HasPrefix(path, "/dev/null") {
		i.files[strings.Clone(path)] = true
	}
}

// cut leaves so many bytes of a text, of which the last letter is a whole one.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most-len("…")], "") + "…"
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func minTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
