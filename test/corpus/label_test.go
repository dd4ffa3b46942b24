// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/meerkat-otel/meerkat/internal/corpus"
	"github.com/meerkat-otel/meerkat/internal/names"
)

func processOf(pid int64) corpus.Process {
	return corpus.Process{PID: pid, Created: time.Unix(pid, 0).UnixNano()}
}

func logOf(event string, pid, parent int64, attributes map[string]string) plog.LogRecord {
	log := plog.NewLogRecord()
	log.SetEventName(event)
	log.SetTimestamp(pcommon.Timestamp(1000 + pid))
	log.Attributes().PutInt(names.ProcessPID, pid)
	log.Attributes().PutInt(names.ProcessParentPID, parent)
	log.Attributes().PutStr(names.ProcessCreationTime, time.Unix(pid, 0).UTC().Format(time.RFC3339Nano))
	for name, value := range attributes {
		log.Attributes().PutStr(name, value)
	}
	return log
}

func TestLabeller(t *testing.T) {
	const variable = names.ProcessEnvironmentPrefix + stepVariable
	l := newLabeller(&attack{Steps: []step{{Name: "one"}, {Name: "two", Decisive: true}, {Name: "three", Paths: []string{"/root/.ssh"}}}})
	l.take(logOf(names.EventProcessExec, 1, 0, nil))
	l.take(logOf(names.EventProcessExec, 2, 1, map[string]string{variable: "1"}))
	l.take(logOf(names.EventProcessFork, 3, 2, nil))                                                                           // does what its parent does
	l.take(logOf(names.EventProcessExec, 4, 1, map[string]string{names.ProcessCommandArgs: "sh -c export CORPUS_STEP=2; id"})) // says so itself
	l.take(logOf(names.EventFileCreate, 1, 0, map[string]string{names.FilePath: "/root/.ssh/authorized_keys"}))                // the workload's own process
	l.take(logOf(names.EventProcessExec, 5, 2, map[string]string{variable: "1"}))                                              // of which nothing is kept
	l.take(logOf(names.EventFileCreate, 6, 1, map[string]string{names.FilePath: "/root/notes"}))
	steps := l.labels(map[corpus.Process]bool{processOf(1): true, processOf(2): true, processOf(3): true, processOf(4): true, processOf(6): true})
	assert.Equal(t, []corpus.Step{
		{Name: "one", First: 1002, Processes: []corpus.Process{processOf(2), processOf(3)}},
		{Name: "two", Decisive: true, First: 1004, Processes: []corpus.Process{processOf(4)}},
		{Name: "three", First: 1001, Processes: []corpus.Process{processOf(1)}},
	}, steps)
}

func TestClean(t *testing.T) {
	log := logOf(names.EventProcessExec, 4, 1, map[string]string{
		names.HostName: "mine", names.FilePath: workFolder + "/run/containerd/x", names.ProcessEnvironmentPrefix + stepVariable: "2",
	})
	log.Attributes().PutEmptySlice(names.ProcessCommandArgs).AppendEmpty().SetStr("export CORPUS_STEP=2; id")
	clean(log.Attributes())
	assert.Equal(t, hostName, textOf(log.Attributes(), names.HostName))
	assert.Equal(t, "/run/containerd/x", textOf(log.Attributes(), names.FilePath))
	assert.Equal(t, `["id"]`, textOf(log.Attributes(), names.ProcessCommandArgs))
	_, ok := log.Attributes().Get(names.ProcessEnvironmentPrefix + stepVariable)
	assert.False(t, ok)
}
