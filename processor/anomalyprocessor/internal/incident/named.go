// SPDX-License-Identifier: Apache-2.0

package incident

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
)

// Role is why a process belongs to an incident.
type Role uint8

// Roles.
const (
	// Unusual is a process that did something unusual itself: it is a node of the incident.
	Unusual Role = iota + 1
	// Job is a program that executed what is unusual and hardly anything else, or that forked to do so.
	Job
	// Below is what a process of the incident, or such a job, has started.
	Below
	roles
)

var roleNames = [roles]string{Unusual: "unusual", Job: "job", Below: "below"}

// String returns the name that leaves Meerkat.
func (r Role) String() string {
	if r >= roles {
		return ""
	}
	return roleNames[r]
}

// ParseRole returns the role of a name.
func ParseRole(name string) (Role, bool) {
	at := slices.Index(roleNames[:], name)
	return Role(max(at, 0)), at > 0
}

// Named is a process that belongs to an incident. Unless its role is Unusual it is no part of it: it did nothing that is unusual.
type Named struct {
	Process, Parent behaviour.ProcessKey
	Executable      string
	First           time.Time
	Role            Role
}

// callIt keeps what a process runs. Processes share the names of their programs.
func (t *Tracker) callIt(p *process, executable string) {
	if executable == p.executable {
		return
	}
	name, ok := t.executables[executable]
	if !ok {
		if len(t.executables) >= executablesMax || len(executable) > executableBytesMax {
			t.stats.Nameless++
			p.executable = ""
			return
		}
		name = strings.Clone(executable)
		t.executables[name] = name
	}
	p.executable = name
}

// forgetExecutables lets go of names that no process has any more.
func (t *Tracker) forgetExecutables() {
	clear(t.executables)
	for _, p := range t.processes {
		if p.executable != "" {
			t.executables[p.executable] = p.executable
		}
	}
}

// lineage are processes above one, from its parent on.
type lineage [ancestorsMax]*process

// jobsAbove fills in the jobs that a process is a part of, and the forks between them, and tells how many these are, up to the last job. What nobody is
// known to have started is the workload itself, and no job.
func (t *Tracker) jobsAbove(p *process, now time.Time, above *lineage) int {
	count := 0
	for at := range above {
		a, ok := t.processes[p.parent]
		if !ok {
			break
		}
		if a.began != 0 {
			gap := time.Duration(now.UnixNano() - a.began)
			if _, inside := t.processes[a.parent]; !inside || gap > jobMax || gap < -jobMax {
				break
			}
			count = at + 1
		}
		above[at], p = a, a
	}
	return count
}

// executes takes in that a process executes a program.
func (t *Tracker) executes(p *process, e *behaviour.Event, odd bool) {
	p.executed = true
	t.callIt(p, e.Executable)
	if p.began == 0 {
		p.began = e.Time.UnixNano()
	}
	var above lineage
	count := t.jobsAbove(p, e.Time, &above)
	for _, a := range above[:count] {
		if a.began == 0 {
			continue
		}
		a.started++
		if odd {
			a.odd++
		}
	}
}

// oddJob tells whether what a job has executed is unusual for the most part.
func (p *process) oddJob() bool { return p.odd > 0 && uint64(p.odd)*jobShare >= uint64(p.started) }

// nameWith names what belongs to an incident after a process has added something to it.
func (t *Tracker) nameWith(i *Incident, p *process, raised bool, now time.Time) {
	switch {
	case raised:
		t.nameAll(i, now)
	case i.Raised:
		t.nameJobs(i, p, now)
	}
}

// nameAll names what belongs to an incident that is raised now.
func (t *Tracker) nameAll(i *Incident, now time.Time) {
	for n := range i.Nodes {
		if p, ok := t.processes[i.Nodes[n].Process]; ok {
			t.nameJobs(i, p, i.Nodes[n].First)
		}
	}
	for _, p := range t.inOrder() {
		t.nameBelow(p, now)
	}
}

// inOrder returns all processes in an order that is the same each time.
func (t *Tracker) inOrder() []*process {
	all := make([]*process, 0, len(t.processes))
	for _, p := range t.processes {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b *process) int {
		return cmp.Or(cmp.Compare(a.touched, b.touched), cmp.Compare(a.key.PID, b.key.PID), cmp.Compare(a.key.Created, b.key.Created))
	})
	return all
}

// nameJobs names the unusual jobs that a process is a part of, and the forks on the way to them.
func (t *Tracker) nameJobs(i *Incident, p *process, now time.Time) {
	var above lineage
	count := t.jobsAbove(p, now, &above)
	forks := 0
	for at, a := range above[:count] {
		if a.began == 0 {
			continue
		}
		if a.oddJob() {
			for _, on := range above[forks : at+1] {
				t.name(i, on, Job)
			}
		}
		forks = at + 1
	}
}

// nameBelow names a process in the raised incident that its ancestors belong to.
func (t *Tracker) nameBelow(p *process, now time.Time) {
	if i := t.raisedAbove(p.parent, now); i != nil {
		t.name(i, p, Below)
	}
}

// below tells whether a process of which nothing is known but its parent may belong to an incident.
func (t *Tracker) below(parent behaviour.ProcessKey) bool {
	_, known := t.processes[parent]
	return known && len(t.open) > 0
}

// raisedAbove returns the raised incident that a process or one of its ancestors belongs to, as something unusual or as an unusual job.
func (t *Tracker) raisedAbove(key behaviour.ProcessKey, now time.Time) *Incident {
	if len(t.open) == 0 {
		return nil
	}
	for range ancestorsMax {
		p, ok := t.processes[key]
		if !ok {
			return nil
		}
		if i := p.incident.whole(); p.unusual && i != nil && i.Raised && i.active(now) {
			return i
		}
		if i := p.named.whole(); i != nil && i.active(now) && p.oddJob() {
			return i
		}
		key = p.parent
	}
	return nil
}

// name names a process in an incident, unless it is a part of it, or of another that is told.
func (t *Tracker) name(i *Incident, p *process, role Role) {
	if own := p.incident.whole(); p.named.whole() == i || own == i || own != nil && own.Raised {
		return
	}
	first := time.Unix(0, cmp.Or(p.began, p.key.Created, p.seen)).UTC()
	if !i.keepNamed(&Named{Process: p.key, Parent: p.parent, Executable: p.executable, First: first, Role: role}) {
		t.stats.Unnamed++
		return
	}
	p.named = i
}

// keepNamed takes in a process that is named, and tells whether there is room. One that is a part of the incident is not named besides.
func (i *Incident) keepNamed(n *Named) bool {
	known := func(key behaviour.ProcessKey) bool { return key == n.Process }
	switch {
	case slices.ContainsFunc(i.Nodes, func(n Node) bool { return known(n.Process) }), slices.ContainsFunc(i.Named, func(n Named) bool { return known(n.Process) }):
	case len(i.Named) < i.most(namedMax):
		i.Named = append(i.Named, *n)
	default:
		i.MoreNamed++
		return false
	}
	return true
}

// unname takes a process out that has become a part of the incident.
func (i *Incident) unname(key behaviour.ProcessKey) {
	i.Named = slices.DeleteFunc(i.Named, func(n Named) bool { return n.Process == key })
}
