// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/habit"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/incident"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/profile"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/record"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/sigma"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/story"
)

// scratch is the memory for judging, used again and again, by one goroutine at a time.
type scratch struct {
	reader      *record.Reader
	event       behaviour.Event
	observation profile.Observation
	habit       habit.Habit
	forRules    sigma.Event
	numbers     []int
	rules       *ruleset
	matched     []*sigma.Rule
	// owned is the profile that is owned at present, nil if there is none.
	owned *profile.Profile
	// touched are stories of its workload that something was added to.
	touched []*story.Story
	now     time.Time
	to      *logs
	// part tells of each record whether it is part of an incident.
	part    []bool
	reports []report
	// earlier are records that came before, and that have turned out to be part of an incident.
	earlier []plog.Logs
}

func newScratch() *scratch { return &scratch{reader: record.NewReader()} }

// judged is what was found out about a batch.
type judged struct {
	// part tells of each record whether it is part of an incident. It is nil if everything goes on anyhow.
	part []bool
	// earlier are records that came before, and that go on now because they are part of an incident.
	earlier []plog.Logs
	// reports are what is to be told.
	reports []report
}

// judge judges all records.
func (c *core) judge(to *logs, data plog.Logs) judged {
	s := c.scratch.Get().(*scratch)
	defer c.scratch.Put(s)
	return c.judgeWith(s, to, data)
}

func (c *core) judgeWith(s *scratch, to *logs, data plog.Logs) judged {
	s.now, s.to, s.part, s.reports, s.earlier = c.now(), to, nil, nil, nil
	s.rules = c.rules.current.Load() // the same for the whole batch, whatever is loaded meanwhile
	for _, resource := range data.ResourceLogs().All() {
		s.reader.SetResource(resource.Resource())
		for _, scope := range resource.ScopeLogs().All() {
			for _, log := range scope.LogRecords().All() {
				part := c.judgeRecord(s, resource.Resource(), log)
				if to.onlyIncidents {
					s.part = append(s.part, part)
				}
			}
		}
		c.release(s)
	}
	return judged{s.part, s.earlier, s.reports}
}

// release ends the ownership of a profile. What came together is told of together.
func (c *core) release(s *scratch) {
	if s.owned == nil {
		return
	}
	for _, touched := range s.touched {
		if touched.Due(s.now, c.config.UpdateInterval) {
			s.reports = append(s.reports, c.tell(s.owned, touched, s.now))
		}
	}
	clear(s.touched)
	s.touched = s.touched[:0]
	s.owned.Release()
	s.owned = nil
}

// own makes the profile of a workload the one that is owned.
func (c *core) own(s *scratch, workload string) *profile.Profile {
	if s.owned != nil && s.owned.Workload() == workload {
		return s.owned
	}
	c.release(s)
	s.owned = c.profiles.Acquire(workload)
	return s.owned
}

// judgeRecord judges a record, and tells whether it is part of an incident.
func (c *core) judgeRecord(s *scratch, resource pcommon.Resource, log plog.LogRecord) bool {
	if c.takeLoss(s, resource, log) {
		return false
	}
	outcome := s.reader.Read(log, &s.event)
	c.match(s, resource, log)
	resolved := outcome == record.Read
	if !resolved {
		c.tally.outcomes[outcome].Add(1)
		c.note(s, outcome)
		if outcome != record.Unresolved || !slices.ContainsFunc(s.matched, func(rule *sigma.Rule) bool { return rule.Level.Raises() }) || s.reader.ReadUnresolved(log, &s.event) != record.Read {
			c.noteHabit(s, log)
			return false
		}
	}
	for at := range c.allow {
		if c.allow[at].fits(&s.event) {
			c.tally.allowed.Add(1)
			if resolved {
				c.allowedHabit(s)
			}
			return false
		}
	}
	p := c.own(s, s.event.Workload)
	w := c.workloadOf(p)
	if w.Prepare(c.generaliser, &s.event, &s.observation, s.now) {
		c.tally.ahead.Add(1)
	}
	c.fleet.see(w, s.to, resource)
	c.joins.see(&s.event, p.Workload())
	if !resolved {
		return c.take(s, w, w.ByRules(p, &s.event, &s.observation, s.matched), resource, log)
	}
	c.tally.outcomes[record.Read].Add(1)
	v := w.ByProfile(p, &s.event, &s.observation, s.matched)
	if v.Learn {
		c.takeHabit(s, p)
	}
	return c.take(s, w, v, resource, log)
}

// match finds the rules that a record matches.
func (c *core) match(s *scratch, resource pcommon.Resource, log plog.LogRecord) {
	s.matched = s.matched[:0]
	if !s.rules.filler.Fill(resource, log, &s.forRules) {
		return
	}
	s.numbers = s.rules.set.Match(&s.forRules, s.numbers[:0])
	for _, number := range s.numbers {
		if s.rules.off[number].Load() {
			continue
		}
		s.rules.hits[number].Add(1)
		s.matched = append(s.matched, s.rules.set.Rule(number))
	}
	if cut := s.forRules.Cut(); cut > 0 {
		c.tally.cut.Add(uint64(cut))
	}
}

// take adds an event to the incident that it belongs to, and tells whether that is one that is raised.
func (c *core) take(s *scratch, w *workload, v incident.Verdict, resource pcommon.Resource, log plog.LogRecord) bool {
	c.joins.open(&s.event, w, v.Incident != nil)
	if v.Incident == nil {
		return false
	}
	for _, part := range v.Absorbed {
		w.book.Absorb(v.Incident, part)
		w.evidence.absorb(v.Incident, part)
	}
	told := w.book.Add(v.Incident, &story.Event{UID: s.reader.UID(), Instance: s.event.Instance, Rules: s.matched}, v.Changed)
	if s.to.onlyIncidents {
		c.keep(s, w, v.Incident, told != nil, resource, log)
	}
	if told == nil {
		return false
	}
	told.SetLost(c.losses.Share(record.NodeOf(resource), s.now))
	if told.Origin == nil {
		told.Origin = originOf(s.to, resource)
	}
	adopt(told, s.to)
	if !slices.Contains(s.touched, told) {
		s.touched = append(s.touched, told)
	}
	return true
}

// keep keeps a record of an incident that is not raised yet, and hands over those that were kept once it is.
func (c *core) keep(s *scratch, w *workload, i *incident.Incident, told bool, resource pcommon.Resource, log plog.LogRecord) {
	if w.evidence == nil {
		w.evidence = evidence{}
	}
	if told {
		s.earlier = w.evidence.appendTo(s.earlier, &c.evidence, i)
	} else {
		w.evidence.add(&c.evidence, i, s.event.Instance, resource, log)
	}
}
