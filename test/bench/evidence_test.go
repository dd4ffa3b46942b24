// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// written is one record as the collector writes it.
type written struct {
	event      string
	time       int64
	attributes map[string]any
}

// line is what the file exporter writes for a batch.
func line(t *testing.T, records ...written) []byte {
	t.Helper()
	logs := plog.NewLogs()
	all := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for _, w := range records {
		record := all.AppendEmpty()
		record.SetEventName(w.event)
		record.SetTimestamp(pcommon.Timestamp(w.time))
		require.NoError(t, record.Attributes().FromRaw(w.attributes))
	}
	content, err := (&plog.JSONMarshaler{}).MarshalLogs(logs)
	require.NoError(t, err)
	return append(content, '\n')
}

func appendTo(t *testing.T, path string, content []byte) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	require.NoError(t, err)
	_, err = file.Write(content)
	require.NoError(t, err)
	require.NoError(t, file.Close())
}

func opened(time int64, pid int, path string, repeats int) written {
	w := written{names.EventFileOpen, time, map[string]any{names.ProcessPID: pid, names.FilePath: path}}
	if repeats > 0 {
		w.attributes[names.RepeatCount] = repeats
	}
	return w
}

func TestEvidence_findsOwnRecords(t *testing.T) {
	d := t.TempDir()
	e := newEvidence(d, "/pool")
	execs := e.expect(kindExec, "/execs", nil, nil)
	same := e.expect(kindOpenSame, "/same", nil, nil)
	fresh := e.expect(kindOpenNew, "/pool", []int{7, 8}, nil)
	connects := e.expect(kindConnect, "/pool", nil, []int{4000})

	appendTo(t, filepath.Join(d, currentFile), line(t,
		written{names.EventProcessExec, 1, map[string]any{names.ProcessPID: 5, names.ProcessExecutablePath: "/execs/" + programName}},
		written{names.EventProcessExit, 2, map[string]any{names.ProcessPID: 5, names.ProcessExecutablePath: "/execs/" + programName}},
		written{names.EventProcessExec, 3, map[string]any{names.ProcessPID: 6, names.ProcessExecutablePath: "/bin/true"}},
		opened(4, 9, "/same/same0", 0), opened(5, 9, "/same/same0", 41),
		opened(6, 7, "/pool/0", 0), opened(7, 8, "/pool/1", 0), opened(8, 9, "/pool/2", 0),
		written{names.EventTCPConnect, 9, map[string]any{names.ProcessPID: 5, names.ServerPort: 4000, names.ClientPort: 1}},
		written{names.EventTCPConnect, 10, map[string]any{names.ProcessPID: 5, names.ServerPort: 4001, names.ClientPort: 1}},
	))
	require.NoError(t, e.read())
	assert.Equal(t, map[string]int{"process.exec": 1, "process.exit": 1}, execs.counts)
	assert.Equal(t, map[string]int{"file.open": 42}, same.counts)
	assert.Equal(t, map[string]int{"file.open": 2}, fresh.counts)
	assert.Equal(t, map[string]int{"tcp.connect": 1}, connects.counts)
	assert.Equal(t, 10, e.records)
}

// A file that is full is renamed, and a line may be half written.
func TestEvidence_rotation(t *testing.T) {
	d := t.TempDir()
	e := newEvidence(d, "/pool")
	same := e.expect(kindOpenSame, "/same", nil, nil)
	current, full := filepath.Join(d, currentFile), filepath.Join(d, "events-2026-11-25T06-34-49.000.json")

	second := line(t, opened(2, 9, "/same/b", 0))
	appendTo(t, current, line(t, opened(1, 9, "/same/a", 0)))
	appendTo(t, current, second[:10])
	require.NoError(t, e.read())
	assert.Equal(t, 1, same.counts["file.open"])

	appendTo(t, current, second[10:])
	require.NoError(t, os.Rename(current, full))
	appendTo(t, current, line(t, opened(3, 9, "/same/c", 0)))
	require.NoError(t, e.read())
	require.NoError(t, e.read())
	assert.Equal(t, 3, same.counts["file.open"])
	assert.Zero(t, same.doubled)
	assert.NoFileExists(t, full)
	assert.FileExists(t, current)
}

func TestEvidence_notJSON(t *testing.T) {
	d := t.TempDir()
	appendTo(t, filepath.Join(d, currentFile), []byte("{\n"))
	require.ErrorContains(t, newEvidence(d, "/pool").read(), currentFile)
}

// An event that was delivered twice does not make up for one that was not delivered.
func TestTally_check(t *testing.T) {
	d := t.TempDir()
	e := newEvidence(d, "/pool")
	fresh := e.expect(kindOpenNew, "/pool", []int{7}, nil)
	appendTo(t, filepath.Join(d, currentFile), line(t, opened(1, 7, "/pool/0", 0), opened(1, 7, "/pool/0", 0), opened(2, 7, "/pool/2", 0)))
	require.NoError(t, e.read())
	checks := fresh.check(kindOpenNew, 3, balance{})
	require.Len(t, checks, 1)
	assert.Equal(t, check{Event: "file.open", Done: 3, Found: 3, Doubled: 1}, checks[0])
	assert.EqualValues(t, 1, checks[0].unexplained())
}

func TestCheck_unexplained(t *testing.T) {
	for _, c := range []struct {
		name string
		is   check
		want int64
	}{
		{"all there", check{Done: 10, Found: 10}, 0},
		{"counted as lost", check{Done: 10, Found: 7, Lost: 3}, 0},
		{"others lost some too", check{Done: 10, Found: 7, Lost: 5}, 0},
		{"vanished", check{Done: 10, Found: 7, Lost: 1}, 2},
		{"too many", check{Done: 10, Found: 11, Lost: 5}, 1},
	} {
		assert.Equal(t, c.want, c.is.unexplained(), c.name)
	}
}
