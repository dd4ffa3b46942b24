// SPDX-License-Identifier: Apache-2.0

package corpus

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
)

func session(phase string, events ...string) *Session {
	s := &Session{Workload: "web", Phase: phase, Version: 1, Logs: plog.NewLogs()}
	scope := s.Logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty()
	for _, event := range events {
		scope.LogRecords().AppendEmpty().SetEventName(event)
	}
	return s
}

func TestRead_whatWasWritten(t *testing.T) {
	folder := t.TempDir()
	attack := session(Attack, "meerkat.process.exec", "meerkat.file.create")
	attack.Attack, attack.Gap = "web-shell", time.Hour
	attack.Steps = []Step{{Name: "command", Technique: "T1059", Decisive: true, First: 5, Processes: []Process{{PID: 7, Created: 3}}}}
	written := []*Session{session(Train, "meerkat.process.exec"), session(Test), attack}
	require.NoError(t, Write(folder, "web", written))
	read, err := Read(folder, "web")
	require.NoError(t, err)
	require.Len(t, read, len(written))
	for at := range read {
		want, got := *written[at], *read[at]
		assert.Equal(t, want.Logs.LogRecordCount(), got.Logs.LogRecordCount())
		want.Logs, got.Logs = plog.Logs{}, plog.Logs{}
		assert.Equal(t, want, got)
	}
	assert.Equal(t, "meerkat.file.create", read[2].Logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(1).EventName())
}

func TestRead_complains(t *testing.T) {
	folder := t.TempDir()
	_, err := Read(folder, "web")
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NoError(t, Write(folder, "web", []*Session{session(Train, "meerkat.process.exec"), session(Test, "meerkat.process.exec")}))
	labels := filepath.Join(folder, "web"+labelsSuffix)
	for text, complaint := range map[string]string{
		"{":                    "unexpected end",
		"[null]":               "session 0 is missing",
		"[{}]":                 "there is more behind the last of 1 sessions",
		"[{}, {}, {}]":         "session 2: EOF",
		`[{"version": "one"}]`: "cannot unmarshal",
	} {
		require.NoError(t, os.WriteFile(labels, []byte(text), 0o600))
		_, err := Read(folder, "web")
		assert.ErrorContains(t, err, complaint, text)
	}
	require.NoError(t, os.WriteFile(filepath.Join(folder, splitName), []byte("["), 0o600))
	_, err = ReadSplit(folder)
	assert.ErrorContains(t, err, splitName)
}

func FuzzRead(f *testing.F) {
	folder := f.TempDir()
	require.NoError(f, Write(folder, "web", []*Session{session(Train, "meerkat.process.exec")}))
	packed, err := os.ReadFile(filepath.Join(folder, "web"+eventsSuffix))
	require.NoError(f, err)
	f.Add(packed)
	f.Add([]byte{})
	f.Fuzz(func(_ *testing.T, packed []byte) {
		_ = readEvents(bytes.NewReader(packed), []*Session{{}, {}})
	})
}
