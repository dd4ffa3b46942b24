// SPDX-License-Identifier: Apache-2.0

package chain

import (
	"cmp"
	"slices"
	"time"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/fleet"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/incident"
)

// Member is an incident that may be part of a chain.
type Member struct {
	Incident *fleet.Incident
	// Extra is the caller's, who says how many bytes it takes. The package never looks at it.
	Extra any

	key         string
	bytes       int
	seen        time.Time
	suppressed  bool
	signature   incident.Signature
	opened      []incident.End
	entries     []incident.End
	cause, like *Member
	effects     int
	chain       *Chain
}

// Chain returns the chain that it is part of, nil if it is of none.
func (m *Member) Chain() *Chain { return m.chain }

// Connected tells that it is joined with another one along a connection.
func (m *Member) Connected() bool { return m.cause != nil || m.effects > 0 }

// Book has all incidents that are remembered. It is not safe for concurrent use.
type Book struct {
	limits  Limits
	members map[string]*Member
	chains  []*Chain
	bytes   int
	made    uint64
	stats   Stats
}

// Stats counts what became of incidents, and which limits were hit.
type Stats struct {
	Incidents, Chains, Bytes int
	// Joined counts incidents that were joined with another one, Ambiguous those that could have had several causes.
	Joined, Ambiguous uint64
	// Forgotten counts incidents that had to go for others, Omitted those that had no room in their chain.
	Forgotten, Omitted uint64
}

// NewBook returns a book without incidents.
func NewBook(limits Limits) *Book { return &Book{limits: limits, members: map[string]*Member{}} }

// Stats returns the present figures.
func (b *Book) Stats() Stats {
	stats := b.stats
	stats.Incidents, stats.Chains, stats.Bytes = len(b.members), len(b.chains), b.bytes
	return stats
}

// Find returns what is remembered of an incident, nil if it is not.
func (b *Book) Find(host, id string) *Member { return b.members[keyOf(host, id)] }

// Members returns all incidents, in an order that depends on nothing but them.
func (b *Book) Members() []*Member {
	all := make([]*Member, 0, len(b.members))
	for _, m := range b.members {
		all = append(all, m)
	}
	slices.SortFunc(all, func(x, y *Member) int {
		return cmp.Or(x.Incident.Opened.Compare(y.Incident.Opened), cmp.Compare(x.key, y.key))
	})
	return all
}

// Chains returns all chains, the oldest first. They stay the book's.
func (b *Book) Chains() []*Chain { return b.chains }

// Put takes in what was told of an incident, in the place of what was told before, and joins it with others. One that is suppressed is joined with none.
func (b *Book) Put(i *fleet.Incident, suppressed bool, extra any, bytes int, now time.Time) *Member {
	key := keyOf(i.Host, i.ID)
	m, known := b.members[key]
	bytes += fixedBytes
	if !known {
		b.makeRoom(bytes)
		m = &Member{key: key}
		b.members[key] = m
	}
	b.bytes += bytes - m.bytes
	m.Extra, m.bytes, m.seen, m.suppressed = extra, bytes, now, suppressed
	m.know(i)
	if m.chain != nil {
		m.chain.changed = true
	}
	b.review(m)
	if !suppressed {
		b.join(m)
	}
	return m
}

// know takes in an incident, and what it is joined by.
func (m *Member) know(i *fleet.Incident) {
	m.Incident, m.signature, m.opened, m.entries = i, i.Signature(), openings(i), entries(i)
}

// Again takes in that more is known of an incident than was told. It may be joined by that.
func (b *Book) Again(m *Member, i *fleet.Incident) {
	m.know(i)
	if !m.suppressed {
		b.join(m)
	}
}

// Suppress says whether an incident is suppressed, when that has changed.
func (b *Book) Suppress(m *Member, suppressed bool) {
	if m.suppressed == suppressed {
		return
	}
	m.suppressed = suppressed
	b.review(m)
	if !suppressed {
		b.join(m)
	}
}

func keyOf(host, id string) string { return host + "\x00" + id }

// makeRoom forgets incidents until there is room for one more.
func (b *Book) makeRoom(bytes int) {
	for len(b.members) > 0 && (len(b.members) >= b.limits.IncidentsMax || b.bytes+bytes > b.limits.BytesMax) {
		var least *Member
		for _, m := range b.members {
			if least == nil || m.before(least) {
				least = m
			}
		}
		b.stats.Forgotten++
		b.forget(least)
	}
}

// before tells whether an incident is forgotten before another one.
func (m *Member) before(other *Member) bool {
	if m.Incident.Closed != other.Incident.Closed {
		return m.Incident.Closed
	}
	return cmp.Or(m.seen.Compare(other.seen), cmp.Compare(m.key, other.key)) < 0
}

func (b *Book) forget(m *Member) {
	delete(b.members, m.key)
	b.bytes -= m.bytes
	for _, other := range b.members {
		if other.cause == m {
			other.cause = nil
		}
		if other.like == m {
			other.like = nil
		}
	}
	b.leave(m)
}

// Tidy forgets what is over for long, and chains that are none any more and of which all was told.
func (b *Book) Tidy(now time.Time) {
	for _, m := range b.Members() {
		if quiet := now.Sub(m.seen); m.Incident.Closed && quiet > rememberedMax || quiet > silentMax {
			b.forget(m)
		}
	}
	b.chains = slices.DeleteFunc(b.chains, func(c *Chain) bool { return len(c.members) < 2 && !c.Pending() })
}
