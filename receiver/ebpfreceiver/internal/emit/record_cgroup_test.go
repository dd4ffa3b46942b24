// SPDX-License-Identifier: Apache-2.0

//go:build linux

package emit_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/process"
)

// cgroup is one that was made for a recording, so that nothing in it is particular to a machine.
type cgroup struct {
	t    *testing.T
	name string
	path string
}

// newCgroup makes one, which is removed when the test has ended.
func newCgroup(t *testing.T, name string) *cgroup {
	t.Helper()
	hierarchy, err := process.FindHierarchy()
	require.NoError(t, err)
	c := &cgroup{t: t, name: name, path: filepath.Join(hierarchy.MountPoint, name)}
	require.NoError(t, os.Mkdir(c.path, 0o755))
	t.Cleanup(func() {
		require.Eventually(t, func() bool { return os.Remove(c.path) == nil }, recorderPatience, 10*time.Millisecond)
	})
	return c
}

func (c *cgroup) join(pid int) {
	c.t.Helper()
	require.NoError(c.t, os.WriteFile(filepath.Join(c.path, "cgroup.procs"), []byte(strconv.Itoa(pid)), 0))
}

// line is the cgroup as a step has it: its id, which is the inode of its folder, and its path.
func (c *cgroup) line() []byte {
	c.t.Helper()
	var stat unix.Stat_t
	require.NoError(c.t, unix.Stat(c.path, &stat))
	return fmt.Appendf(nil, "%d /%s\n", stat.Ino, c.name)
}
