// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/meerkat-otel/meerkat/internal/corpus"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/record"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/sigma"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/rules"
)

// sessionReader turns the log records of recorded sessions into what is replayed, in the way of the processor.
type sessionReader struct {
	reader  *record.Reader
	rules   *sigma.Set
	filler  *record.Filler
	asked   sigma.Event
	matched []int
	// outcomes counts what became of records.
	outcomes [record.Outcomes]int
}

func newSessionReader() (*sessionReader, error) {
	set, report := sigma.Load(sigma.Source{Name: "built-in", Files: rules.Files})
	if len(report.Refused) > 0 {
		return nil, fmt.Errorf("rules are refused: %v", report.Refused[0])
	}
	return &sessionReader{reader: record.NewReader(), rules: set, filler: record.NewFiller(set)}, nil
}

// workload reads all sessions of a workload.
func (r *sessionReader) workload(folder, name string) ([]*execution, error) {
	sessions, err := corpus.Read(folder, name)
	if err != nil {
		return nil, err
	}
	runs := make([]*execution, 0, len(sessions))
	for at, s := range sessions {
		x := &execution{number: at, workload: s.Workload, phase: s.Phase, chain: s.Attack, apart: sessionsApart, evil: map[behaviour.ProcessKey]bool{}}
		x.label(s.Steps)
		for _, resource := range s.Logs.ResourceLogs().All() {
			r.reader.SetResource(resource.Resource())
			for _, scope := range resource.ScopeLogs().All() {
				for _, log := range scope.LogRecords().All() {
					r.add(x, resource.Resource(), log)
				}
			}
		}
		x.spread(s.Gap)
		runs = append(runs, x)
	}
	return runs, nil
}

// label takes over what an attack consists of.
func (x *execution) label(steps []corpus.Step) {
	for _, s := range steps {
		mine := step{name: s.Name, decisive: s.Decisive, first: time.Unix(0, s.First).UTC(), evil: map[behaviour.ProcessKey]bool{}}
		for _, p := range s.Processes {
			key := behaviour.ProcessKey{PID: uint32(p.PID), Created: p.Created}
			mine.evil[key], x.evil[key] = true, true
		}
		x.steps = append(x.steps, mine)
	}
}

// add reads a record, and asks the rules about it.
func (r *sessionReader) add(x *execution, resource pcommon.Resource, log plog.LogRecord) {
	var e event
	outcome := r.reader.Read(log, &e.Event)
	r.outcomes[outcome]++
	if e.note = outcome == record.Context; !e.note && outcome != record.Read {
		return
	}
	e.Arguments = slices.Clone(e.Arguments) // the reader uses them again
	if !e.note && r.filler.Fill(resource, log, &r.asked) {
		r.matched = r.rules.Match(&r.asked, r.matched[:0])
		for _, number := range r.matched {
			e.matched = append(e.matched, r.rules.Rule(number))
		}
	}
	x.events = append(x.events, e)
}

// spread puts time between the steps of an attack.
func (x *execution) spread(gap time.Duration) {
	if gap == 0 {
		return
	}
	later := func(at time.Time) time.Duration {
		begun := 0
		for _, s := range x.steps[1:] {
			if s.first.Unix() > 0 && !at.Before(s.first) {
				begun++
			}
		}
		return time.Duration(begun) * gap
	}
	moved := make([]time.Time, len(x.steps))
	for at, s := range x.steps {
		moved[at] = s.first.Add(later(s.first))
	}
	for at := range x.events {
		e := &x.events[at]
		e.Time = e.Time.Add(later(e.Time))
	}
	for at := range x.steps {
		x.steps[at].first = moved[at]
	}
}

// readSessions reads the workloads of a corpus that the project recorded.
func readSessions(folder string, names []string) ([]*execution, *sessionReader, error) {
	r, err := newSessionReader()
	if err != nil {
		return nil, nil, err
	}
	var runs []*execution
	for _, name := range names {
		more, err := r.workload(folder, name)
		if err != nil {
			return nil, nil, fmt.Errorf("corpus of %s: %w", name, err)
		}
		runs = append(runs, more...)
	}
	return runs, r, nil
}

// String tells what became of the records.
func (r *sessionReader) String() string {
	parts := [record.Outcomes]string{"judged", "not judged", "unresolved", "unreadable", "context"}
	for at, count := range r.outcomes {
		parts[at] = fmt.Sprintf("%d %s", count, parts[at])
	}
	return strings.Join(parts[:], ", ")
}
