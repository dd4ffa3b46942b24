// SPDX-License-Identifier: Apache-2.0

package main

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/meerkat-otel/meerkat/internal/corpus"
	"github.com/meerkat-otel/meerkat/internal/names"
)

// labeller finds out from the events of a session which processes an attack consists of. It goes by the variable that attacks set, by
// who made whom, and by the paths that the attack says nobody else touches.
type labeller struct {
	attack *attack
	// latest has the process that a pid belongs to now, steps the step that a process does and those that it makes do as well, touched
	// those that it does by itself.
	latest  map[int64]corpus.Process
	steps   map[corpus.Process]int
	touched map[corpus.Process][]int
	first   map[int]int64
}

func newLabeller(a *attack) *labeller {
	return &labeller{
		attack: a, latest: map[int64]corpus.Process{}, steps: map[corpus.Process]int{}, touched: map[corpus.Process][]int{}, first: map[int]int64{},
	}
}

var stepInText = regexp.MustCompile(`export ` + stepVariable + `=(\d+)`)

func textOf(attributes pcommon.Map, name string) string {
	value, ok := attributes.Get(name)
	if !ok {
		return ""
	}
	return value.AsString()
}

func numberOf(attributes pcommon.Map, name string) int64 {
	value, ok := attributes.Get(name)
	if !ok {
		return 0
	}
	return value.Int()
}

// take looks at an event. Events have to come in the order in which they happened.
func (l *labeller) take(log plog.LogRecord) {
	if l.attack == nil {
		return
	}
	attributes := log.Attributes()
	created, err := time.Parse(time.RFC3339Nano, textOf(attributes, names.ProcessCreationTime))
	if err != nil {
		return
	}
	process := corpus.Process{PID: numberOf(attributes, names.ProcessPID), Created: created.UnixNano()}
	if l.latest[process.PID] != process {
		l.latest[process.PID] = process
		// A process that executes nothing does what the one that made it does.
		if parent, ok := l.latest[numberOf(attributes, names.ProcessParentPID)]; ok {
			l.steps[process] = l.steps[parent]
		}
	}
	at := log.Timestamp().AsTime().UnixNano()
	if log.EventName() == names.EventProcessExec {
		if step := stepOf(attributes); step > 0 {
			if l.first[step] == 0 {
				l.first[step] = at
			}
			l.steps[process] = step
		}
		return
	}
	l.byPath(process, at, textOf(attributes, names.FilePath), textOf(attributes, names.FileNewPath))
}

func stepOf(attributes pcommon.Map) int {
	text := textOf(attributes, names.ProcessEnvironmentPrefix+stepVariable)
	if found := stepInText.FindStringSubmatch(textOf(attributes, names.ProcessCommandArgs)); found != nil {
		text = found[1]
	}
	step, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return step
}

// byPath is about processes that carry no step.
func (l *labeller) byPath(process corpus.Process, at int64, paths ...string) {
	if l.steps[process] > 0 {
		return
	}
	for number, s := range l.attack.Steps {
		for _, mark := range s.Paths {
			if !slices.ContainsFunc(paths, func(path string) bool { return path != "" && strings.HasPrefix(path, mark) }) {
				continue
			}
			if l.first[number+1] == 0 {
				l.first[number+1] = at
			}
			if !slices.Contains(l.touched[process], number+1) {
				l.touched[process] = append(l.touched[process], number+1)
			}
		}
	}
}

// labels returns the steps with their processes, of those that are in the events that are kept.
func (l *labeller) labels(kept map[corpus.Process]bool) []corpus.Step {
	if l.attack == nil {
		return nil
	}
	var steps []corpus.Step
	for at, s := range l.attack.Steps {
		step := corpus.Step{Name: s.Name, Technique: s.Technique, Decisive: s.Decisive, First: l.first[at+1]}
		for process := range kept {
			if l.steps[process] == at+1 || slices.Contains(l.touched[process], at+1) {
				step.Processes = append(step.Processes, process)
			}
		}
		slices.SortFunc(step.Processes, func(a, b corpus.Process) int {
			if a.Created != b.Created {
				return int(a.Created - b.Created)
			}
			return int(a.PID - b.PID)
		})
		steps = append(steps, step)
	}
	return steps
}
