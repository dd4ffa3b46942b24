// SPDX-License-Identifier: Apache-2.0

package chain

// join joins an incident with its cause, with those that it is the cause of, or with one that is like it on another host.
func (b *Book) join(m *Member) {
	all := b.Members()
	b.findCause(m, all)
	if len(m.opened) > 0 {
		for _, other := range all {
			if other.cause == nil && !other.suppressed && connected(m, other) {
				b.findCause(other, all)
			}
		}
	}
	if m.chain != nil || b.limits.OnlyConnected {
		return
	}
	shown := make(map[uint64]bool, len(m.Incident.Steps))
	for at := range m.Incident.Steps {
		shown[m.Incident.Steps[at].ID] = true
	}
	for _, other := range all {
		// Only those that were joined with none by being alike are compared with, so that from one to the next no other thing becomes the same.
		if other != m && other.like == nil && !other.suppressed && other.shows(shown) && alike(m, other) {
			if b.unite(other, m) {
				m.like = other
			}
			return
		}
	}
}

// shows tells whether an incident has one of these behaviours. With none in common two are never alike, which costs much more to find out.
func (m *Member) shows(behaviours map[uint64]bool) bool {
	for at := range m.Incident.Steps {
		if behaviours[m.Incident.Steps[at].ID] {
			return true
		}
	}
	return false
}

// findCause joins an incident with the one whose connection it began with. If there could be two, nobody can tell.
func (b *Book) findCause(m *Member, all []*Member) {
	if m.cause != nil || len(m.entries) == 0 {
		return
	}
	var cause *Member
	for _, other := range all {
		if other == m || other.suppressed || !connected(other, m) {
			continue
		}
		if cause != nil {
			b.stats.Ambiguous++
			return
		}
		cause = other
	}
	if cause == nil || cause.descends(m) {
		return
	}
	if cause.effects >= effectsMax {
		b.omit(cause.chain)
		return
	}
	if b.unite(cause, m) {
		m.cause = cause
		cause.effects++
	}
}

// descends tells whether an incident was caused by another, through whichever others.
func (m *Member) descends(from *Member) bool {
	for at, steps := m, 0; at != nil && steps <= membersMax; at, steps = at.cause, steps+1 {
		if at == from {
			return true
		}
	}
	return false
}

// unite makes two incidents part of one chain, and tells whether there is room for that.
func (b *Book) unite(first, second *Member) bool {
	one, other := first.chain, second.chain
	switch {
	case one == nil && other == nil:
		b.made++
		c := newChain(b.made, first, second)
		b.chains = append(b.chains, c)
		c.add(first)
		c.add(second)
		b.stats.Joined += 2
	case one == other:
	case one == nil:
		return b.extend(other, first)
	case other == nil:
		return b.extend(one, second)
	default:
		return b.absorb(one, other)
	}
	return true
}

func (b *Book) extend(c *Chain, m *Member) bool {
	if len(c.members) >= membersMax {
		b.omit(c)
		return false
	}
	c.add(m)
	b.stats.Joined++
	return true
}

// absorb makes one chain of two: the one that was there first.
func (b *Book) absorb(one, other *Chain) bool {
	if len(one.members)+len(other.members) > membersMax {
		b.omit(one)
		return false
	}
	if other.number < one.number {
		one, other = other, one
	}
	for _, m := range other.members {
		one.add(m)
	}
	other.members, other.Into, other.changed = nil, one, true
	return true
}

func (b *Book) omit(c *Chain) {
	b.stats.Omitted++
	if c != nil {
		c.Omitted++
	}
}

// review ends what an incident was joined by for being alike, if it is not any longer.
func (b *Book) review(m *Member) {
	for _, other := range b.Members() {
		if other.like == nil || other != m && other.like != m {
			continue
		}
		if !other.suppressed && !other.like.suppressed && alike(other, other.like) {
			continue
		}
		other.like = nil
		if !other.Connected() {
			b.leave(other)
		}
	}
}

// leave takes an incident out of its chain.
func (b *Book) leave(m *Member) {
	c := m.chain
	if c == nil {
		return
	}
	if m.cause != nil {
		m.cause.effects--
		m.cause = nil
	}
	c.remove(m)
	c.changed = true
	if len(c.members) == 1 {
		c.remove(c.members[0])
	}
}
