// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// A runtime executes a copy of itself that the container can't reach: from a mount that is gone, or from memory. What is in memory has the name
// and the arguments by which the rule about programs in memory leaves it out (exec_memory_only.yml).
func TestContainer_runtimeExecutesACopyOfItself(t *testing.T) {
	c := startContainerd(t)
	l := startLive(t, only("process", "injection"))
	id := containerID(77)
	c.start(id, "/bin/busybox sleep 100")
	c.exec(id, "/bin/busybox", "true")
	l.one(names.EventProcessExec, func(r record) bool {
		return inContainer(id)(r) && slices.Contains(r.strs(names.ProcessCommandArgs), "true")
	})
	l.stop()

	isCopy := func(r record) bool {
		arguments := r.strs(names.ProcessCommandArgs)
		return len(arguments) == 2 && strings.HasSuffix(arguments[0], "runc") && arguments[1] == "init"
	}
	copies := 0
	for _, r := range l.find(names.EventProcessExec, func(r record) bool {
		return isCopy(r) || r.flag(names.ProcessExecutableMemoryOnly)
	}) {
		if r.str(names.ProcessPathStatus) == "unreachable" {
			copies++
		}
		if r.flag(names.ProcessExecutableMemoryOnly) || strings.HasPrefix(r.str(names.ProcessExecutablePath), "/memfd:") {
			assert.True(t, isCopy(r), r.strs(names.ProcessCommandArgs))
			assert.Equal(t, "/memfd:runc_cloned:/proc/self/exe", r.str(names.ProcessExecutablePath))
		}
	}
	assert.Positive(t, copies)
	for _, r := range l.find(names.EventInjectionFilelessExec, inContainer(id)) {
		assert.Equal(t, "runc_cloned:/proc/self/exe", r.str(names.InjectionName), "nothing of the container's own")
	}
}
