// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/habit"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/profile"
)

// takeHabit takes in what an event that was read last, and is learned, says of habits.
func (c *core) takeHabit(s *scratch, p *profile.Profile) {
	p.Watched(s.reader.Tracer())
	if s.reader.Habit(&s.event, &s.habit) {
		p.Note(&s.habit, &s.observation, s.event.Time)
	}
	s.reader.Labels(func(label *habit.Habit) { p.Note(label, nil, s.event.Time) })
}

// noteHabit takes in what a record of a kind that is not judged says of habits, unless an open incident is about its process.
func (c *core) noteHabit(s *scratch, log plog.LogRecord) {
	if !s.reader.Note(log, &s.event, &s.habit) {
		return
	}
	p := c.own(s, s.event.Workload)
	p.Watched(s.reader.Tracer())
	at, _ := beside(p).Clock.Take(s.event.Time, s.now)
	if !beside(p).Tracker.Suspects(s.event.Process, s.event.Parent, at) {
		p.Note(&s.habit, nil, at)
	}
}

// allowedHabit takes in what an event that the configuration allows says of habits: policies allow it too.
func (c *core) allowedHabit(s *scratch) {
	if !s.reader.Habit(&s.event, &s.habit) {
		return
	}
	p := c.own(s, s.event.Workload)
	p.Watched(s.reader.Tracer())
	at, _ := beside(p).Clock.Take(s.event.Time, s.now)
	p.Note(&s.habit, nil, at)
}
