// SPDX-License-Identifier: Apache-2.0

package watch

import (
	"container/list"
	"strings"
	"time"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/series"
)

// entry is a series that is known.
type entry struct {
	key      key
	workload *group
	used     time.Time
	place    *list.Element
	counter  counter
	detector series.Detector
}

// group is what is kept of a workload.
type group struct {
	name    string
	entries []*entry
	// findings are the last anomalies, next is where the next one goes.
	findings []Finding
	next     int
	// incident tells that one is open.
	incident bool
}

// store holds all series, the one that had a point last in front.
type store struct {
	limits    Limits
	entries   map[key]*entry
	workloads map[string]*group
	order     *list.List
	// evicted counts series that were forgotten for another: for the bound on all, and for that of a workload.
	evicted, evictedOfWorkload uint64
}

func newStore(limits Limits) *store {
	return &store{limits: limits, entries: map[key]*entry{}, workloads: map[string]*group{}, order: list.New()}
}

// get returns a series, or nil if it is new and there is no room.
func (s *store) get(k key, workload string, now time.Time) *entry {
	if e, ok := s.entries[k]; ok {
		e.used = now
		s.order.MoveToFront(e.place)
		return e
	}
	if !s.makeRoom(workload, now) {
		return nil
	}
	g, ok := s.workloads[workload]
	if !ok {
		g = &group{name: strings.Clone(workload)}
		s.workloads[g.name] = g
	}
	e := &entry{key: k, workload: g, used: now}
	e.place = s.order.PushFront(e)
	s.entries[k] = e
	g.entries = append(g.entries, e)
	return e
}

// makeRoom forgets a series that has had no points for a while, if it has to.
func (s *store) makeRoom(workload string, now time.Time) bool {
	if g, ok := s.workloads[workload]; ok && len(g.entries) >= s.limits.WorkloadSeriesMax {
		oldest := g.entries[0]
		for _, e := range g.entries {
			if e.used.Before(oldest.used) {
				oldest = e
			}
		}
		if now.Sub(oldest.used) < idleMin {
			return false
		}
		s.evictedOfWorkload++
		s.forget(oldest)
	}
	if len(s.entries) < s.limits.series() {
		return true
	}
	back := s.order.Back()
	if back == nil {
		return false
	}
	oldest := back.Value.(*entry)
	if now.Sub(oldest.used) < idleMin {
		return false
	}
	s.evicted++
	s.forget(oldest)
	return true
}

func (s *store) forget(e *entry) {
	delete(s.entries, e.key)
	s.order.Remove(e.place)
	g := e.workload
	for at := range g.entries {
		if g.entries[at] == e {
			last := len(g.entries) - 1
			g.entries[at], g.entries[last] = g.entries[last], nil
			g.entries = g.entries[:last]
			break
		}
	}
	if len(g.entries) == 0 {
		delete(s.workloads, g.name)
	}
}
