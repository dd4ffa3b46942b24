// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// namespaceOf is the inode of a namespace as a link in /proc has it: "net:[4026531840]".
func namespaceOf(t testing.TB, folder, kind string) int64 {
	t.Helper()
	target, err := os.Readlink(folder + "ns/" + kind)
	require.NoError(t, err)
	_, bracketed, _ := strings.Cut(target, ":[")
	inode, err := strconv.ParseInt(strings.TrimSuffix(bracketed, "]"), 10, 64)
	require.NoError(t, err)
	return inode
}

const everyNamespace = unix.CLONE_NEWCGROUP | unix.CLONE_NEWIPC | unix.CLONE_NEWNS | unix.CLONE_NEWNET | unix.CLONE_NEWPID |
	unix.CLONE_NEWUTS

func TestPrivilege_namespaces(t *testing.T) {
	l := startLive(t, only("privilege"))
	inProc := map[string]string{"pid": "pid_for_children", "time": "time_for_children"}
	assertNamespaces := func(t *testing.T, r record, folder string, kinds ...string) {
		t.Helper()
		assert.Equal(t, kinds, r.strs(names.PrivilegeNamespaceKinds))
		for _, kind := range []string{"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"} {
			key := "meerkat.privilege.namespace." + kind
			if !slices.Contains(kinds, kind) {
				assert.False(t, r.has(key), key)
				continue
			}
			link := kind
			if name, other := inProc[kind]; other {
				link = name
			}
			assert.Equal(t, namespaceOf(t, folder, link), r.num(key), key)
			assert.NotEqual(t, namespaceOf(t, "/proc/self/", link), r.num(key), key)
		}
	}

	created := startActor(t, &syscall.SysProcAttr{Cloneflags: everyNamespace &^ unix.CLONE_NEWPID})
	r := l.one(names.EventPrivilegeNamespaceChange, byOperation(created.PID, "clone"))
	assertNamespaces(t, r, fmt.Sprintf("/proc/%d/", created.PID), "cgroup", "ipc", "mnt", "net", "uts")
	assert.EqualValues(t, os.Getpid(), r.num(names.ProcessParentPID))

	mapping := []syscall.SysProcIDMap{{ContainerID: 0, HostID: 1234, Size: 1}}
	user := startActor(t, &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWUSER, UidMappings: mapping, GidMappings: mapping})
	r = l.one(names.EventPrivilegeNamespaceChange, byOperation(user.PID, "clone"))
	assertNamespaces(t, r, fmt.Sprintf("/proc/%d/", user.PID), "user")

	unshared := startActor(t, nil, fmt.Sprintf("unshare %d", everyNamespace|unix.CLONE_NEWTIME))
	require.Equal(t, []string{""}, unshared.Results)
	r = l.one(names.EventPrivilegeNamespaceChange, byOperation(unshared.PID, "unshare"))
	// The thread has not made a child yet: only then the links of its children's namespaces can be read.
	target, err := os.Readlink(unshared.thread() + "ns/pid_for_children")
	if err == nil {
		t.Logf("pid_for_children is %s", target)
	}
	assert.Equal(t, []string{"cgroup", "ipc", "mnt", "net", "pid", "time", "uts"}, r.strs(names.PrivilegeNamespaceKinds))
	for _, kind := range []string{"cgroup", "ipc", "mnt", "net", "uts"} {
		assert.Equal(t, namespaceOf(t, unshared.thread(), kind), r.num("meerkat.privilege.namespace."+kind), kind)
	}
	assert.Equal(t, namespaceOf(t, unshared.thread(), "time_for_children"), r.num(names.PrivilegeNamespaceTime))
	assert.NotZero(t, r.num(names.PrivilegeNamespacePID))
	assert.NotEqual(t, namespaceOf(t, "/proc/self/", "pid"), r.num(names.PrivilegeNamespacePID))

	joined := startActor(t, nil, fmt.Sprintf("setns /proc/%d/ns/net 0", created.PID), fmt.Sprintf("setns /proc/%d/ns/uts %d", created.PID, unix.CLONE_NEWUTS))
	require.Equal(t, []string{"", ""}, joined.Results)
	for _, kind := range []string{"net", "uts"} {
		r = l.one(names.EventPrivilegeNamespaceChange, func(r record) bool {
			return byOperation(joined.PID, "setns")(r) && slices.Equal(r.strs(names.PrivilegeNamespaceKinds), []string{kind})
		})
		assertNamespaces(t, r, joined.thread(), kind)
		assert.Equal(t, namespaceOf(t, fmt.Sprintf("/proc/%d/", created.PID), kind), r.num(names.PrivilegeNamespaceTarget))
	}

	refused := startActor(t, nobody(), fmt.Sprintf("setns /proc/self/ns/net %d", unix.CLONE_NEWNET))
	require.Equal(t, []string{"EPERM"}, refused.Results)
	r = l.one(names.EventPrivilegeNamespaceChange, byOperation(refused.PID, "setns"))
	assert.Equal(t, "EPERM", r.str(names.ErrorType))
	assert.Equal(t, namespaceOf(t, "/proc/self/", "net"), r.num(names.PrivilegeNamespaceTarget))
}

func TestPrivilege_cloneRefused(t *testing.T) {
	l := startLive(t, only("privilege"))
	a := startActor(t, nobody(), "clone 0x40000000")
	require.Equal(t, []string{"EPERM"}, a.Results)
	r := l.one(names.EventPrivilegeNamespaceChange, byOperation(a.PID, "clone"))
	assert.Equal(t, "EPERM", r.str(names.ErrorType))
	assert.Equal(t, []string{"net"}, r.strs(names.PrivilegeNamespaceKinds))
	a = startActor(t, nobody(), "clone3 0x40000000")
	require.Equal(t, []string{"EPERM"}, a.Results)
	l.one(names.EventPrivilegeNamespaceChange, byOperation(a.PID, "clone3"))
}

func TestPrivilege_rootDirectory(t *testing.T) {
	l := startLive(t, only("privilege"))
	d := t.TempDir()
	require.NoError(t, os.MkdirAll(d+"/jail/inner", 0o755))
	a := startActor(t, nil, "chdir "+d, "chroot jail", "chdir /", "chroot /inner")
	require.Equal(t, []string{"", "", "", ""}, a.Results)
	require.Eventually(t, func() bool { return len(l.find(names.EventPrivilegeRootChange, byPID(a.PID))) == 2 }, patience, 10e6)
	roots := l.find(names.EventPrivilegeRootChange, byPID(a.PID))
	assert.Equal(t, d+"/jail", roots[0].str(names.PrivilegeRootArgument))
	assert.Equal(t, d+"/jail", roots[0].str(names.PrivilegeRootPath))
	assert.Equal(t, "/inner", roots[1].str(names.PrivilegeRootArgument))
	assert.Equal(t, d+"/jail/inner", roots[1].str(names.PrivilegeRootPath))
	link, err := os.Readlink(a.thread() + "root")
	require.NoError(t, err)
	assert.Equal(t, link, roots[1].str(names.PrivilegeRootPath))
	assert.Equal(t, namespaceOf(t, a.thread(), "mnt"), roots[1].num(names.PrivilegeNamespaceMount))
	assert.Equal(t, filesystemOf(t, "/proc/self/mountinfo", d), roots[1].str(names.PrivilegeRootFilesystem))
	assert.False(t, roots[1].has(names.PrivilegeRootPathStatus))

	// Private, or the mounts would be seen outside.
	a = startActor(t, ownMounts, "mount - / - 0x44000", "mount new "+d+"/jail tmpfs 0", "chdir "+d+"/jail", "pivot_root . .")
	require.Equal(t, []string{"", "", ""}, a.Results[:3])
	r := l.one(names.EventPrivilegeRootChange, byOperation(a.PID, "pivot_root"))
	if filesystemOf(t, "/proc/self/mountinfo", "/") == "rootfs" && a.Results[3] == "EINVAL" {
		// Before 7.0 the initial root can't be put elsewhere.
		assert.Equal(t, "EINVAL", r.str(names.ErrorType))
		return
	}
	require.Empty(t, a.Results[3])
	assert.Equal(t, "tmpfs", r.str(names.PrivilegeRootFilesystem))
	assert.Equal(t, "/", r.str(names.PrivilegeRootPath))
	assert.Equal(t, namespaceOf(t, a.thread(), "mnt"), r.num(names.PrivilegeNamespaceMount))
}

// filesystemOf is the type of the file system that a path is on.
func filesystemOf(t *testing.T, mounts, path string) string {
	t.Helper()
	content, err := os.ReadFile(mounts)
	require.NoError(t, err)
	longest, kind := 0, ""
	for line := range strings.Lines(string(content)) {
		before, after, _ := strings.Cut(line, " - ")
		point := strings.Fields(before)[4]
		if (point == "/" || path == point || strings.HasPrefix(path, point+"/")) && len(point) >= longest {
			longest, kind = len(point), strings.Fields(after)[0]
		}
	}
	return kind
}
