// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// A subshell forks and executes nothing, so that no event tells of it: the exec of its child does.
func TestProcess_executorBehindASubshell(t *testing.T) {
	l := startLive(t, only("process", "file"))
	program := copyProgram(t, "/bin/true", "below-a-subshell")
	direct := copyProgram(t, "/bin/true", "below-the-shell")
	command := exec.Command("/bin/sh", "-c", "("+program+"; :); "+direct+"; :")
	require.NoError(t, command.Run())
	shell := l.one(names.EventProcessExec, byPID(command.Process.Pid))
	r := l.one(names.EventProcessExec, byExecutable(program))
	assert.NotEqual(t, shell.num(names.ProcessPID), r.num(names.ProcessParentPID))
	assert.Equal(t, shell.num(names.ProcessPID), r.num(names.ProcessExecutorPID))
	assert.Equal(t, shell.str(names.ProcessCreationTime), r.str(names.ProcessExecutorCreationTime))

	child := l.one(names.EventProcessExec, byExecutable(direct))
	assert.Equal(t, shell.num(names.ProcessPID), child.num(names.ProcessParentPID))
	assert.False(t, child.has(names.ProcessExecutorPID))

	// Every event of a process tells who its parent is, by pid and time.
	exit := l.one(names.EventProcessExit, byExecutable(direct))
	assert.Equal(t, shell.str(names.ProcessCreationTime), exit.str(names.ProcessParentCreationTime))
	assert.Equal(t, shell.num(names.ProcessPID), exit.num(names.ProcessParentPID))
	l.stop()
	seen := map[string]bool{}
	for _, record := range l.find(names.EventProcessExec, func(record) bool { return true }) {
		uid := record.str(names.LogRecordUID)
		assert.Len(t, uid, 26)
		assert.False(t, seen[uid], uid)
		seen[uid] = true
	}
	assert.NotEmpty(t, seen)
}
