// SPDX-License-Identifier: Apache-2.0

package profile

import "slices"

// Marks of what was told of a node. They are not exported: after a restart it is told again, which changes nothing.
const (
	toldNormal = 1 << iota
	toldForbidden
)

// News is what a profile has to tell to others: whole behaviours, by the numbers of Judgement.Behaviour.
type News struct {
	// Normal are behaviours that are normal for the workload, Forbidden those that somebody said are malicious; both in order.
	Normal, Forbidden []uint64
	// Left is how many had no room. Those that were never told are told next time.
	Left int
}

// Version returns the hash of the version that was seen last for the first time, 0 if none is known.
func (p *Profile) Version() uint64 {
	if len(p.versions) == 0 {
		return 0
	}
	return p.versions[len(p.versions)-1]
}

// VersionHash is what Version returns of a version.
func VersionHash(version string) uint64 {
	if version == "" {
		return 0
	}
	return text(version)
}

// Tell returns at most so many behaviours: those that have become normal or forbidden since they were told, and the part of all others whose turn
// it is, so that after as many turns as there are everything was told again. A profile that learns has nothing to tell: all is normal to it.
func (p *Profile) Tell(turn, turns uint64, most int) News {
	var fresh, again []*node
	for i := range p.table.slots {
		n := &p.table.slots[i]
		told := p.toTell(n)
		switch {
		case told == 0:
		case n.told&told == 0:
			fresh = append(fresh, n)
		case n.key%turns == turn%turns:
			again = append(again, n)
		}
	}
	byKey := func(a, b *node) int {
		if a.key < b.key {
			return -1
		}
		return 1
	}
	slices.SortFunc(fresh, byKey)
	slices.SortFunc(again, byKey)
	all := slices.Concat(fresh, again)
	news := News{Left: max(len(all)-most, 0)}
	for _, n := range all[:len(all)-news.Left] {
		n.told = p.toTell(n)
		if n.told == toldForbidden {
			news.Forbidden = append(news.Forbidden, n.key)
		} else {
			news.Normal = append(news.Normal, n.key)
		}
	}
	slices.Sort(news.Normal)
	slices.Sort(news.Forbidden)
	return news
}

// toTell returns what is to be told of a node, 0 for nothing.
func (p *Profile) toTell(n *node) uint8 {
	switch {
	case n.key == 0 || n.flags&flagWhole == 0:
	case n.flags&flagForbidden != 0:
		return toldForbidden
	case p.state != Learning && p.normal(n):
		return toldNormal
	}
	return 0
}

// decides tells whether a chain is the one whose leaf stands for the behaviour.
func (o *Observation) decides(c *chain) bool {
	return c == &o.exact || c == &o.wide && o.exact.count == 0
}

func wholeFlag(whole bool) uint8 {
	if whole {
		return flagWhole
	}
	return 0
}
