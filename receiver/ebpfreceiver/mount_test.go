// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// mountInfo is a line of a mountinfo file.
type mountInfo struct {
	id                              int64
	root, point, filesystem, source string
}

// mountsAt lists the mounts that a process sees at a place, the uppermost last.
func mountsAt(t *testing.T, folder, point string) []mountInfo {
	t.Helper()
	content, err := os.ReadFile(folder + "mountinfo")
	require.NoError(t, err)
	var all []mountInfo
	for line := range strings.Lines(string(content)) {
		before, after, _ := strings.Cut(line, " - ")
		first, last := strings.Fields(before), strings.Fields(after)
		if first[4] != point {
			continue
		}
		id, err := strconv.ParseInt(first[0], 10, 64)
		require.NoError(t, err)
		all = append(all, mountInfo{id: id, root: first[3], point: first[4], filesystem: last[0], source: last[1]})
	}
	return all
}

// mounter runs actions in a mount namespace of its own, of which nothing gets out.
func mounter(t *testing.T, actions ...string) actor {
	t.Helper()
	a := startActor(t, ownMounts, append([]string{"mount - / - 0x44000"}, actions...)...)
	a.Results = a.Results[1:]
	return a
}

// byMount matches the events of a process and an operation on a target.
func byMount(pid int, operation, target string) func(record) bool {
	return func(r record) bool {
		return byPID(pid)(r) && r.str(names.MountOperation) == operation && r.str(names.MountTarget) == target
	}
}

// mountFolders makes folders to mount on. Their path has no symbolic link.
func mountFolders(t *testing.T, folders ...string) string {
	t.Helper()
	d, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	require.NoError(t, os.Chmod(d, 0o755))
	require.NoError(t, os.Chmod(filepath.Dir(d), 0o755)) // others must be able to reach it
	for _, folder := range folders {
		require.NoError(t, os.MkdirAll(filepath.Join(d, folder), 0o755))
	}
	return d
}

func (l *live) assertMount(r record, a actor, want mountInfo) {
	l.t.Helper()
	assert.Equal(l.t, want.point, r.str(names.MountTarget))
	assert.Equal(l.t, want.root, r.str(names.MountRoot))
	assert.Equal(l.t, want.filesystem, r.str(names.MountFilesystem))
	assert.Equal(l.t, want.id, r.num(names.MountID))
	assert.Equal(l.t, namespaceOf(l.t, a.thread(), "mnt"), r.num(names.MountNamespace))
	assert.False(l.t, r.has(names.MountPathSource))
	assert.False(l.t, r.has(names.MountPathStatus))
	assert.False(l.t, r.has(names.ErrorType))
	assert.False(l.t, r.flag(names.MountInContainer))
}

func TestMount_mountsAreWhatProcSays(t *testing.T) {
	l := startLive(t, only("mount"))
	d := mountFolders(t, "disk", "source/inner", "target", "moved")
	a := mounter(t, "mount first "+d+"/disk tmpfs 0xe", "chdir "+d, "mount source/inner target - 0x5000", "mount - target - 0x1021",
		"mount - disk - 0x100000", "umount2 target 2")
	require.Equal(t, []string{"", "", "", "", "", ""}, a.Results)

	mounted := l.one(names.EventMountMount, byMount(a.PID, "mount", d+"/disk"))
	disk := mountsAt(t, a.thread(), d+"/disk")
	require.Len(t, disk, 1)
	l.assertMount(mounted, a, disk[0])
	assert.Equal(t, "first", mounted.str(names.MountSource))
	assert.Equal(t, []string{"nosuid", "nodev", "noexec"}, mounted.strs(names.MountFlags))
	assert.Equal(t, d+"/disk", disk[0].point)

	bound := l.one(names.EventMountMount, byMount(a.PID, "bind", d+"/target"))
	assert.Equal(t, d+"/source/inner", bound.str(names.MountSource))
	assert.Equal(t, []string{"bind", "rec"}, bound.strs(names.MountFlags))
	assert.Equal(t, filesystemOf(t, "/proc/self/mountinfo", d), bound.str(names.MountFilesystem))
	assert.True(t, strings.HasSuffix(bound.str(names.MountRoot), "/source/inner"), bound.str(names.MountRoot))
	assert.False(t, bound.has(names.MountPathSource))

	remounted := l.one(names.EventMountChange, byMount(a.PID, "remount", d+"/target"))
	assert.Equal(t, []string{"ro", "remount", "bind"}, remounted.strs(names.MountFlags))
	assert.Equal(t, "argument", remounted.str(names.MountPathSource))
	shared := l.one(names.EventMountChange, byMount(a.PID, "propagation", d+"/disk"))
	assert.Equal(t, []string{"shared"}, shared.strs(names.MountFlags))
	unmounted := l.one(names.EventMountUnmount, byMount(a.PID, "umount", d+"/target"))
	assert.Equal(t, []string{"detach"}, unmounted.strs(names.MountFlags))
	assert.Empty(t, mountsAt(t, a.thread(), d+"/target"))
}

func TestMount_move(t *testing.T) {
	l := startLive(t, only("mount"))
	d := mountFolders(t, "disk", "moved")
	a := mounter(t, "mount first "+d+"/disk tmpfs 0", "mount "+d+"/disk "+d+"/moved - 0x2000")
	require.Equal(t, []string{"", ""}, a.Results)
	moved := l.one(names.EventMountMove, byMount(a.PID, "move", d+"/moved"))
	assert.Equal(t, d+"/disk", moved.str(names.MountSource))
	assert.Equal(t, []string{"move"}, moved.strs(names.MountFlags))
	assert.Len(t, mountsAt(t, a.thread(), d+"/moved"), 1)
}

func TestMount_refused(t *testing.T) {
	l := startLive(t, only("mount"))
	d := mountFolders(t, "disk")
	a := startActor(t, nobody(), "mount first "+d+"/disk tmpfs 0", "mount "+d+"/disk "+d+"/disk - 0x1000", "umount2 / 0",
		"fsopen tmpfs")
	require.Equal(t, []string{"EPERM", "EPERM", "EPERM", "EPERM"}, a.Results)
	refused := l.one(names.EventMountMount, byMount(a.PID, "mount", d+"/disk"))
	assert.Equal(t, "tmpfs", refused.str(names.MountFilesystem))
	assert.Equal(t, "first", refused.str(names.MountSource))
	bound := l.one(names.EventMountMount, byMount(a.PID, "bind", d+"/disk"))
	assert.Equal(t, d+"/disk", bound.str(names.MountSource))
	unmounted := l.one(names.EventMountUnmount, byMount(a.PID, "umount", "/"))
	opened := l.one(names.EventMountConfigure, byPID(a.PID))
	assert.Equal(t, "tmpfs", opened.str(names.MountFilesystem))
	for _, r := range []record{refused, bound, unmounted, opened} {
		assert.Equal(t, "EPERM", r.str(names.ErrorType))
		assert.False(t, r.has(names.MountID))
		assert.EqualValues(t, 65534, r.num(names.ProcessUserID))
		assert.Equal(t, namespaceOf(t, a.thread(), "mnt"), r.num(names.MountNamespace))
	}
}

func TestMount_passwordInSource(t *testing.T) {
	l := startLive(t, only("mount"))
	d := mountFolders(t, "disk")
	a := mounter(t, "mount https://me:hunter2@host/share "+d+"/disk tmpfs 0")
	require.Equal(t, []string{""}, a.Results)
	r := l.one(names.EventMountMount, byMount(a.PID, "mount", d+"/disk"))
	assert.Equal(t, "https://me:REDACTED@host/share", r.str(names.MountSource))
	assert.NotContains(t, r.Body().Str(), "hunter2")
}

// The calls that make a mount step by step.
func TestMount_newCalls(t *testing.T) {
	l := startLive(t, only("mount"))
	d := mountFolders(t, "disk", "copy", "source")
	a := mounter(t, "new_mount "+d+"/disk", "set_mount "+d+"/disk", "reconfigure "+d+"/disk", "copy_mount "+d+"/source "+d+"/copy")
	canSet := a.Results[1] != "ENOSYS" // since 5.12
	if canSet {
		require.Empty(t, a.Results[1])
	}
	require.Equal(t, []string{"", "", ""}, []string{a.Results[0], a.Results[2], a.Results[3]})

	placed := l.one(names.EventMountMount, byMount(a.PID, "move_mount", d+"/disk"))
	disk := mountsAt(t, a.thread(), d+"/disk")
	require.Len(t, disk, 1)
	l.assertMount(placed, a, disk[0])
	assert.Equal(t, "the source", placed.str(names.MountSource))
	copied := l.one(names.EventMountMount, byMount(a.PID, "move_mount", d+"/copy"))
	copies := mountsAt(t, a.thread(), d+"/copy")
	require.Len(t, copies, 1)
	l.assertMount(copied, a, copies[0])

	var steps []string
	for _, r := range l.find(names.EventMountConfigure, byPID(a.PID)) {
		step := []string{r.str(names.MountOperation), r.str(names.MountFilesystem), r.str(names.MountCommand), r.str(names.MountKey), r.str(names.MountSource)}
		steps = append(steps, strings.Join(step, "|"))
		assert.NotContains(t, r.Body().Str(), "hunter2")
		for _, value := range r.Attributes().All() {
			assert.NotContains(t, value.AsString(), "hunter2")
		}
	}
	assert.Equal(t, []string{
		"fsopen|tmpfs|||", "fsconfig|tmpfs|set_string|source|the source", "fsconfig|tmpfs|set_string|size|", "fsconfig|tmpfs|set_string|password|",
		"fsconfig|tmpfs|create||", "fsmount|tmpfs|||the source", "fspick|tmpfs|||" + d + "/disk",
		"open_tree|" + filesystemOf(t, "/proc/self/mountinfo", d) + "|||" + d + "/source",
	}, steps)
	created := l.find(names.EventMountConfigure, func(r record) bool { return byPID(a.PID)(r) && r.str(names.MountOperation) == "fsmount" })
	assert.Equal(t, []string{"nodev", "noexec"}, created[0].strs(names.MountFlags))
	assert.Equal(t, disk[0].id, created[0].num(names.MountID))
	refused := l.one(names.EventMountConfigure, func(r record) bool { return byPID(a.PID)(r) && r.str(names.MountKey) == "password" })
	assert.Equal(t, "EINVAL", refused.str(names.ErrorType), "it is no option of this type")
	if canSet {
		changed := l.one(names.EventMountChange, byMount(a.PID, "mount_setattr", d+"/disk"))
		assert.Equal(t, []string{"ro", "private"}, changed.strs(names.MountFlags))
		assert.Equal(t, []string{"nodev"}, changed.strs(names.MountFlagsCleared))
	}
	picked := l.one(names.EventMountChange, func(r record) bool { return byPID(a.PID)(r) && r.str(names.MountOperation) == "fsconfig" })
	assert.Equal(t, "reconfigure", picked.str(names.MountCommand))
	assert.Equal(t, "tmpfs", picked.str(names.MountFilesystem))
}

// What is mounted into a container comes from the host, and the runtime does it on its behalf.
func TestContainer_mountInto(t *testing.T) {
	c := startContainerd(t)
	l := startLive(t, only("mount"))
	id, source := containerID(301), mountFolders(t, "data")+"/data"
	require.NoError(t, os.WriteFile(source+"/marker", []byte("here"), 0o644))
	require.NoError(t, os.Mkdir(c.rootfs+"/mnt", 0o755))
	pid := c.start(id, "/bin/busybox cat /mnt/marker; /bin/busybox mount -t tmpfs none /tmp; /bin/busybox sleep 1000",
		"--mount", "type=bind,src="+source+",dst=/mnt,options=rbind:ro")
	mine := inContainer(id)
	proc := "/proc/" + strconv.Itoa(pid) + "/"

	inside := mountsAt(t, proc, "/mnt")
	require.Len(t, inside, 1)
	bound := l.one(names.EventMountMount, func(r record) bool {
		return mine(r) && r.str(names.MountRoot) == inside[0].root && strings.HasSuffix(r.str(names.MountTarget), "/mnt")
	})
	assert.True(t, strings.HasSuffix(inside[0].root, "/data"))
	assert.Equal(t, inside[0].filesystem, bound.str(names.MountFilesystem))
	assert.Equal(t, namespaceOf(t, proc, "mnt"), bound.num(names.MountNamespace))
	assert.Equal(t, inside[0].id, bound.num(names.MountID))
	assert.True(t, bound.flag(names.MountInContainer))
	if bound.str(names.MountOperation) == "bind" {
		assert.Equal(t, source, bound.str(names.MountSource))
	}
	refused := l.one(names.EventMountMount, func(r record) bool {
		return mine(r) && r.str(names.ProcessExecutableName) == "busybox" && r.str(names.MountTarget) == "/tmp"
	})
	assert.Equal(t, "EPERM", refused.str(names.ErrorType))
	assert.True(t, refused.flag(names.MountInContainer))
}

// The kernel's accounts add up.
func TestMount_balance(t *testing.T) {
	l := startLive(t, only("mount"))
	d := mountFolders(t, "disk")
	before := l.balance("mount")
	actions := []string{}
	for range 50 {
		actions = append(actions, "mount first "+d+"/disk tmpfs 0", "umount2 "+d+"/disk 0")
	}
	a := mounter(t, actions...)
	require.Eventually(t, func() bool {
		return len(l.find(names.EventMountUnmount, byPID(a.PID))) == 50 && len(l.find(names.EventMountMount, byPID(a.PID))) == 50
	}, patience, 10*time.Millisecond)
	for _, kind := range []string{"mount", "unmount"} {
		account := difference(l.balance("mount")[kind], before[kind])
		assert.GreaterOrEqual(t, account.Delivered, uint64(50))
		assert.Zero(t, account.lost())
	}
}
