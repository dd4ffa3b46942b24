// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"slices"

	"github.com/axiomhq/hyperloglog"
)

// member is a workload on a host that shows a behaviour, by hashes. In an entry for all workloads, the workload is 0.
type member struct{ host, workload uint32 }

// crowd is who has shown a behaviour in one generation: one by one, and from exactMax hosts on an estimate as well.
type crowd struct {
	members []member
	sketch  *hyperloglog.Sketch
}

// entry is what is known of a behaviour, or of a behaviour in workloads with one image.
type entry struct {
	epoch     uint32
	ofImage   bool
	forbidden uint32 // the last epoch in which somebody said that it is malicious, plus 1
	crowds    [2]crowd
}

// turn makes the crowds those of the present generation and of the one before.
func (e *entry) turn(epoch uint32) {
	switch epoch - e.epoch {
	case 0:
		return
	case 1:
		e.crowds[1] = e.crowds[0]
	default:
		e.crowds[1] = crowd{}
	}
	e.crowds[0], e.epoch = crowd{}, epoch
}

// add takes in that a workload on a host shows the behaviour.
func (e *entry) add(m member) {
	c := &e.crowds[0]
	if slices.Contains(c.members, m) {
		return
	}
	if e.ofImage {
		if len(c.members) < pairsMax && c.of(m.host) < perHostMax {
			c.members = append(c.members, m)
		}
		return
	}
	if len(c.members) < exactMax {
		c.members = append(c.members, m)
		return
	}
	if c.sketch == nil {
		c.sketch, _ = hyperloglog.NewSketch(precision, false) // fails only for a precision that there is not
		for _, known := range c.members {
			c.sketch.InsertHash(spread(known.host))
		}
	}
	c.sketch.InsertHash(spread(m.host))
}

func (c *crowd) of(host uint32) int {
	count := 0
	for _, m := range c.members {
		if m.host == host {
			count++
		}
	}
	return count
}

// spread makes of a hash of a host one whose bits are all as good as any.
func spread(host uint32) uint64 {
	x := uint64(host) + 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// hosts counts the hosts that show it, without one.
func (e *entry) hosts(except uint32) int {
	distinct := map[uint32]bool{}
	estimate := 0
	for at := range e.crowds {
		for _, m := range e.crowds[at].members {
			distinct[m.host] = true
		}
		if sketch := e.crowds[at].sketch; sketch != nil {
			estimate = max(estimate, exactMax+1, int(sketch.Estimate()))
		}
	}
	if estimate > len(distinct) {
		return estimate - 1 // the one that is left out may be among them
	}
	delete(distinct, except)
	return len(distinct)
}

// elsewhere counts other workloads on other hosts: no more workloads than hosts, so that one host is no more than one.
func (e *entry) elsewhere(except member) int {
	hosts, workloads := map[uint32]bool{}, map[uint32]bool{}
	for at := range e.crowds {
		for _, m := range e.crowds[at].members {
			if m.host != except.host && m.workload != except.workload {
				hosts[m.host], workloads[m.workload] = true, true
			}
		}
	}
	return min(len(hosts), len(workloads))
}

// several tells whether more than one host shows it.
func (e *entry) several() bool {
	first, found := uint32(0), false
	for at := range e.crowds {
		for _, m := range e.crowds[at].members {
			if found && m.host != first {
				return true
			}
			first, found = m.host, true
		}
	}
	return false
}

func (e *entry) bytes() int {
	total := entryBytes
	for at := range e.crowds {
		total += memberBytes * len(e.crowds[at].members)
		if e.crowds[at].sketch != nil {
			total += sketchBytes
		}
	}
	return total
}
