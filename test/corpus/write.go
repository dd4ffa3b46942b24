// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/meerkat-otel/meerkat/internal/corpus"
	"github.com/meerkat-otel/meerkat/internal/names"
)

// Every recording is of the same host.
const (
	hostName = "node-1"
	hostID   = "00000000000000000000000000000001"
)

// dropped are attributes that differ between machines and recordings, and tell nothing else.
var dropped = []string{
	names.ProcessEnvironmentPrefix + stepVariable, names.ProcessExecutableInode, names.ProcessExecutableDevice, names.CgroupID, names.FileInode,
	names.ProcessExecutableChanged, names.ProcessExecutableModified, names.LogRecordUID,
}

// stepMarks are what is left of labels in texts.
var stepMarks = regexp.MustCompile(`(?:export |unset )?` + stepVariable + `(?:=\d+)?;? ?`)

// held is an event that a session has, with where it is from.
type held struct {
	resource pcommon.Resource
	log      plog.LogRecord
}

// write finds the events of all sessions, and writes what is kept.
func (r *recording) write() error {
	events := map[string][]held{}
	err := eachMessage(filepath.Join(workFolder, "run", "events.proto"), func(logs plog.Logs) {
		for _, resource := range logs.ResourceLogs().All() {
			id := textOf(resource.Resource().Attributes(), names.ContainerID)
			for _, scope := range resource.ScopeLogs().All() {
				for _, log := range scope.LogRecords().All() {
					events[id] = append(events[id], held{resource.Resource(), log})
				}
			}
		}
	})
	if err != nil {
		return err
	}
	for _, of := range events {
		slices.SortStableFunc(of, func(a, b held) int { return int(a.log.Timestamp()) - int(b.log.Timestamp()) })
	}
	if err := os.MkdirAll(r.out, 0o755); err != nil {
		return err
	}
	for _, w := range r.workloads {
		var sessions []*corpus.Session
		count := 0
		for _, s := range r.sessions {
			if s.Workload == w.name {
				s.cut(events[s.container])
				sessions = append(sessions, &s.Session)
				count += s.Logs.LogRecordCount()
			}
		}
		if err := corpus.Write(r.out, w.name, sessions); err != nil {
			return err
		}
		fmt.Printf("%s: %d sessions, %d events\n", w.name, len(sessions), count)
	}
	return nil
}

// cut takes the session's events out of those of its container, with labels.
func (s *recorded) cut(events []held) {
	s.Logs = plog.NewLogs()
	labels, kept := newLabeller(s.attack), map[corpus.Process]bool{}
	var resource string
	var scope plog.ScopeLogs
	for _, e := range events {
		at := e.log.Timestamp().AsTime()
		if at.Before(s.from) || !at.Before(s.to) {
			continue
		}
		labels.take(e.log)
		if e.log.EventName() == names.EventProcessFork {
			continue // only for labels: the collector does not tell of forks unless it is asked
		}
		clean(e.resource.Attributes())
		// One resource holds events until another one has some: their order is that of time.
		if now := fmt.Sprint(e.resource.Attributes().AsRaw()); scope == (plog.ScopeLogs{}) || now != resource {
			resource = now
			whole := s.Logs.ResourceLogs().AppendEmpty()
			e.resource.CopyTo(whole.Resource())
			scope = whole.ScopeLogs().AppendEmpty()
		}
		log := scope.LogRecords().AppendEmpty()
		e.log.CopyTo(log)
		clean(log.Attributes())
		log.SetObservedTimestamp(log.Timestamp())
		log.Body().SetStr(cleanText(log.Body().AsString()))
		if created, err := time.Parse(time.RFC3339Nano, textOf(log.Attributes(), names.ProcessCreationTime)); err == nil {
			kept[corpus.Process{PID: numberOf(log.Attributes(), names.ProcessPID), Created: created.UnixNano()}] = true
		}
	}
	s.Steps = labels.labels(kept)
}

// clean takes away what tells of the machine, and of labels.
func clean(attributes pcommon.Map) {
	attributes.RemoveIf(func(name string, _ pcommon.Value) bool { return slices.Contains(dropped, name) })
	for name, value := range attributes.All() {
		switch {
		case name == names.HostName:
			value.SetStr(hostName)
		case name == names.HostID:
			value.SetStr(hostID)
		case value.Type() == pcommon.ValueTypeStr:
			value.SetStr(cleanText(value.Str()))
		case value.Type() == pcommon.ValueTypeSlice:
			for _, part := range value.Slice().All() {
				if part.Type() == pcommon.ValueTypeStr {
					part.SetStr(cleanText(part.Str()))
				}
			}
		}
	}
}

func cleanText(text string) string {
	if strings.Contains(text, stepVariable) {
		text = stepMarks.ReplaceAllString(text, "")
	}
	return strings.ReplaceAll(text, workFolder, "")
}

// lossesIn returns the counts of lost events that are not zero, out of the collector's own metrics.
func lossesIn(metrics string) string {
	var lost []string
	for line := range strings.Lines(metrics) {
		if strings.HasPrefix(line, "otelcol_ebpf_events_lost") && !strings.HasSuffix(strings.TrimSpace(line), " 0") {
			lost = append(lost, strings.TrimSpace(line))
		}
	}
	if len(lost) == 0 {
		return "nothing"
	}
	return strings.Join(lost, "\n")
}
