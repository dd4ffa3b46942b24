// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// drift is a script that executes what was there, what it has made, what it has changed, and what lies in
// memory alone; the arguments tell which is which.
const drift = `
/bin/busybox true as-it-was
/bin/busybox cp /bin/busybox /tmp/made; /bin/busybox touch -d '2001-01-01 00:00:00' /tmp/made; /tmp/made true made
/bin/busybox true again`

func (l *live) execWith(id, argument string) record {
	l.t.Helper()
	return l.one(names.EventProcessExec, func(r record) bool {
		return inContainer(id)(r) && slices.Contains(r.strs(names.ProcessCommandArgs), argument)
	})
}

func (l *live) assertDrift(id string, want map[string]bool) {
	l.t.Helper()
	for argument, created := range want {
		r := l.execWith(id, argument)
		if assert.True(l.t, r.has(names.ProcessExecutableCreatedInContainer), argument) {
			assert.Equal(l.t, created, r.flag(names.ProcessExecutableCreatedInContainer), argument)
		}
	}
}

func TestContainer_createdInside(t *testing.T) {
	c := startContainerd(t)
	l := startLive(t, only("process"))
	id := containerID(300)
	c.run(id, drift)
	l.assertDrift(id, map[string]bool{"as-it-was": false, "made": true, "again": false})
	assert.Equal(t, "2001-01-01T00:00:00Z", l.execWith(id, "made").str(names.ProcessExecutableModified), "which anybody can set")
	assert.False(t, l.execWith(id, "made").has(names.ProcessExecutableUpperLayer))
	for _, r := range l.find(names.EventProcessExec, inContainer(id)) {
		assert.Equal(t, r.str(names.ProcessExecutableName) == "busybox" || r.str(names.ProcessExecutableName) == "made",
			r.has(names.ProcessExecutableCreatedInContainer), "%s: the runtime's own is not the container's", r.str(names.ProcessExecutablePath))
	}
	// What runs outside of containers has no such attribute.
	assert.Empty(t, l.find(names.EventProcessExec, func(r record) bool {
		_, inside := r.Resource.Attributes().Get(names.ContainerID)
		return !inside && r.has(names.ProcessExecutableCreatedInContainer)
	}))
}

// On overlayfs the layer tells, even if the container was there before: see the next test for the rest.
func TestContainer_createdInUpperLayer(t *testing.T) {
	c := startContainerd(t)
	l := startLive(t, only("process"))
	c.rootfs = mountOverlay(t, c.rootfs)
	id := containerID(301)
	c.run(id, drift)
	l.assertDrift(id, map[string]bool{"as-it-was": false, "made": true, "again": false})
	for argument, upper := range map[string]bool{"as-it-was": false, "made": true} {
		r := l.execWith(id, argument)
		require.True(t, r.has(names.ProcessExecutableUpperLayer), "tmp is not a mount of its own here")
		assert.Equal(t, upper, r.flag(names.ProcessExecutableUpperLayer))
	}
}

// The age of a container that was there before the receiver is that of its first process.
func TestContainer_createdInOlderContainer(t *testing.T) {
	c := startContainerd(t)
	id := containerID(302)
	c.keep(id)
	l := startLive(t, only("process"))
	output, err := c.ctr("task", "exec", "--exec-id", "drift", id, "/bin/busybox", "sh", "-c", drift).CombinedOutput()
	require.NoError(t, err, string(output))
	l.assertDrift(id, map[string]bool{"as-it-was": false, "made": true, "again": false})
}

// A container in a user namespace, besides all the others that containers have.
func TestContainer_inUserNamespace(t *testing.T) {
	const hostUser = 200000
	c := startContainerd(t)
	require.NoError(t, filepath.WalkDir(c.rootfs, func(path string, _ os.DirEntry, err error) error {
		require.NoError(t, err)
		return os.Lchown(path, hostUser, hostUser)
	}))
	for folder := filepath.Dir(c.rootfs); folder != os.TempDir() && folder != "/"; folder = filepath.Dir(folder) {
		require.NoError(t, os.Chmod(folder, 0o755))
	}
	l := startLive(t, only("process"))
	id := containerID(303)
	output, err := c.ctr("run", "--rm", "--config", c.userNamespaceSpec(hostUser,
		"/bin/busybox readlink /proc/self/ns/user; /bin/busybox id -u"), id).CombinedOutput()
	require.NoError(t, err, string(output))
	own, err := os.Readlink("/proc/self/ns/user")
	require.NoError(t, err)
	require.NotContains(t, string(output), own)
	require.Contains(t, string(output), "]\n0\n", "it takes itself for root")
	r := l.execWith(id, "readlink")
	assert.EqualValues(t, hostUser, r.num(names.ProcessUserID))
	assert.Equal(t, "/bin/busybox", r.str(names.ProcessExecutablePath))
	assert.Equal(t, "200000", r.str(names.ProcessExecutableOwnerID))
	assert.NotEqual(t, r.num(names.ProcessPID), r.num(names.ProcessVPID))
	var stat unix.Stat_t
	require.NoError(t, unix.Stat(filepath.Join(c.rootfs, "bin/busybox"), &stat))
	assertIsStat(t, r, stat)
}

// userNamespaceSpec writes what runc is to do: the runtime's usual, in a user namespace.
func (c *containers) userNamespaceSpec(hostUser int, script string) string {
	c.t.Helper()
	usual, err := c.ctr("oci", "spec").Output()
	require.NoError(c.t, err)
	var spec map[string]any
	require.NoError(c.t, json.Unmarshal(usual, &spec))
	spec["root"] = map[string]any{"path": c.rootfs}
	spec["process"].(map[string]any)["args"] = []string{"/bin/busybox", "sh", "-c", script}
	linux := spec["linux"].(map[string]any)
	linux["cgroupsPath"] = "/default/" + containerID(303)
	linux["namespaces"] = append(linux["namespaces"].([]any), map[string]any{"type": "user"})
	for _, mapping := range []string{"uidMappings", "gidMappings"} {
		linux[mapping] = []map[string]any{{"containerID": 0, "hostID": hostUser, "size": 65536}}
	}
	changed, err := json.Marshal(spec)
	require.NoError(c.t, err)
	path := filepath.Join(c.t.TempDir(), "config.json")
	require.NoError(c.t, os.WriteFile(path, changed, 0o644))
	return path
}
