// SPDX-License-Identifier: Apache-2.0

package chain

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/fleet"
)

// Snapshot is what is kept of a book besides the incidents themselves, for a storage. Times are nanoseconds since 1970, 0 for none.
type Snapshot struct {
	Made    uint64           `json:"made"`
	Members []MemberSnapshot `json:"members,omitempty"`
	Chains  []LinkSnapshot   `json:"chains,omitempty"`
}

// MemberSnapshot says what an incident is joined with, by names.
type MemberSnapshot struct {
	Name       string `json:"name"`
	Seen       int64  `json:"seen"`
	Suppressed bool   `json:"suppressed,omitempty"`
	Cause      string `json:"cause,omitempty"`
	Like       string `json:"like,omitempty"`
	Chain      string `json:"chain,omitempty"`
}

// LinkSnapshot is a chain without its incidents: they say which they belong to.
type LinkSnapshot struct {
	ID      string `json:"id"`
	Number  uint64 `json:"number"`
	Into    string `json:"into,omitempty"`
	Omitted int    `json:"omitted,omitempty"`
	Changed bool   `json:"changed,omitempty"`
	Unsent  bool   `json:"unsent,omitempty"`
	Told    bool   `json:"told,omitempty"`
	ToldAt  int64  `json:"told_at,omitempty"`
}

// Kept is an incident that was kept, with what its owner keeps of it.
type Kept struct {
	Incident *fleet.Incident
	Extra    any
	Bytes    int
}

// Name is the same for the same incident, and can be a key.
func (m *Member) Name() string { return nameOf(m.key) }

func nameOf(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:16])
}

// Snapshot returns what has to be kept.
func (b *Book) Snapshot() Snapshot {
	s := Snapshot{Made: b.made}
	for _, m := range b.Members() {
		one := MemberSnapshot{Name: m.Name(), Seen: m.seen.UnixNano(), Suppressed: m.suppressed}
		if m.cause != nil {
			one.Cause = m.cause.Name()
		}
		if m.like != nil {
			one.Like = m.like.Name()
		}
		if m.chain != nil {
			one.Chain = m.chain.ID
		}
		s.Members = append(s.Members, one)
	}
	for _, c := range b.chains {
		one := LinkSnapshot{ID: c.ID, Number: c.number, Omitted: c.Omitted, Changed: c.changed, Unsent: c.Unsent, Told: c.told}
		if c.Into != nil {
			one.Into = c.Into.ID
		}
		if c.told {
			one.ToldAt = c.toldAt.UnixNano()
		}
		s.Chains = append(s.Chains, one)
	}
	return s
}

// Restore takes in what was kept, as far as its incidents are there and there is room. The book has to be empty. What refers to something that is gone
// is left out: a chain of which only one incident is left ends.
func (b *Book) Restore(s *Snapshot, kept []Kept) {
	known := make(map[string]*MemberSnapshot, len(s.Members))
	for at := range s.Members {
		known[s.Members[at].Name] = &s.Members[at]
	}
	chains := b.restoreChains(s)
	members := map[string]*Member{}
	for at := range kept {
		i := kept[at].Incident
		m := &Member{key: keyOf(i.Host, i.ID)}
		from := known[m.Name()]
		if from == nil || b.members[m.key] != nil || len(b.members) >= b.limits.IncidentsMax || b.bytes+kept[at].Bytes+fixedBytes > b.limits.BytesMax {
			b.stats.Forgotten++
			continue
		}
		m.Extra, m.bytes, m.seen, m.suppressed = kept[at].Extra, kept[at].Bytes+fixedBytes, time.Unix(0, from.Seen), from.Suppressed
		m.know(i)
		b.members[m.key], members[from.Name] = m, m
		b.bytes += m.bytes
	}
	for _, m := range b.Members() {
		from := known[m.Name()]
		b.restoreLinks(m, members[from.Cause], members[from.Like], chains[from.Chain])
	}
	b.dissolve()
}

func (b *Book) restoreChains(s *Snapshot) map[string]*Chain {
	b.made = s.Made
	chains := map[string]*Chain{}
	for at := range s.Chains {
		from := &s.Chains[at]
		if chains[from.ID] != nil || from.ID == "" {
			continue
		}
		c := &Chain{ID: from.ID, number: from.Number, Omitted: from.Omitted, changed: from.Changed, Unsent: from.Unsent, told: from.Told}
		if from.Told {
			c.toldAt = time.Unix(0, from.ToldAt)
		}
		b.made = max(b.made, from.Number)
		chains[from.ID] = c
		b.chains = append(b.chains, c)
	}
	for at := range s.Chains {
		if c, into := chains[s.Chains[at].ID], chains[s.Chains[at].Into]; c != nil && into != c {
			c.Into = into
		}
	}
	slices.SortStableFunc(b.chains, func(x, y *Chain) int { return cmp.Compare(x.number, y.number) })
	return chains
}

// restoreLinks joins an incident with what it was joined with.
func (b *Book) restoreLinks(m, cause, like *Member, c *Chain) {
	if c == nil || len(c.members) >= membersMax {
		return
	}
	c.members = append(c.members, m)
	m.chain = c
	if cause != nil && cause != m && !cause.descends(m) && cause.effects < effectsMax {
		m.cause = cause
		cause.effects++
	}
	if like != m {
		m.like = like
	}
}

// dissolve ends what was joined with something that is not there any more.
func (b *Book) dissolve() {
	for _, m := range b.Members() {
		if m.cause != nil && m.cause.chain != m.chain {
			m.cause.effects--
			m.cause = nil
		}
		if m.like != nil && m.like.chain != m.chain {
			m.like = nil
		}
	}
	for _, c := range b.chains {
		if len(c.members) == 1 {
			c.Extra = c.members[0].Extra // to tell the end by
			c.remove(c.members[0])
			c.changed = true
		}
	}
	b.chains = slices.DeleteFunc(b.chains, func(c *Chain) bool { return len(c.members) == 0 && c.Extra == nil })
}
