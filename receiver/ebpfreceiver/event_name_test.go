// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// Back ends that keep attributes alone find the names of events there, if that is configured.
func TestEventNameAttribute(t *testing.T) {
	l := startLive(t, func(c *Config) {
		only("process")(c)
		c.EventNameAttribute = true
	})
	pid := hold(t, exec.Command(busybox, "cat"))
	assert.Equal(t, names.EventProcessExec, l.one(names.EventProcessExec, byPID(pid)).str(names.EventNameAttribute))
}
