// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"fmt"
	"math/bits"
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

// statusOf reads the fields of a line in a status file of /proc.
func statusOf(t *testing.T, folder, key string) []string {
	t.Helper()
	content, err := os.ReadFile(folder + "status")
	require.NoError(t, err)
	for line := range strings.Lines(string(content)) {
		if rest, found := strings.CutPrefix(line, key+":"); found {
			return strings.Fields(rest)
		}
	}
	t.Fatalf("%sstatus has no %s", folder, key)
	return nil
}

// byOperation matches the events of a process and an operation.
func byOperation(pid int, operation string) func(record) bool {
	return func(r record) bool { return byPID(pid)(r) && r.str(names.PrivilegeOperation) == operation }
}

// idsOf are real, effective, saved and file system's id in an event, "-" for those that it lacks.
func (r record) idsOf(keys [4]string) []string {
	ids := make([]string, len(keys))
	for i, key := range keys {
		ids[i] = "-"
		if r.has(key) {
			ids[i] = r.str(key)
		}
	}
	return ids
}

var (
	idsBefore = [4]string{
		names.PrivilegeBeforeRealID, names.PrivilegeBeforeEffectiveID, names.PrivilegeBeforeSavedID, names.PrivilegeBeforeFilesystemID,
	}
	idsAfter = [4]string{
		names.PrivilegeAfterRealID, names.PrivilegeAfterEffectiveID, names.PrivilegeAfterSavedID, names.PrivilegeAfterFilesystemID,
	}
)

func TestPrivilege_idsAreWhatProcSays(t *testing.T) {
	l := startLive(t, only("privilege"))
	for action, c := range map[string]struct{ event, key, before, after string }{
		"setresuid 11 12 13": {names.EventPrivilegeUserChange, "Uid", "0 0 0 0", "11 12 13 12"},
		"setreuid 21 22":     {names.EventPrivilegeUserChange, "Uid", "0 0 0 0", "21 22 22 22"},
		"setuid 31":          {names.EventPrivilegeUserChange, "Uid", "0 0 0 0", "31 31 31 31"},
		"setfsuid 41":        {names.EventPrivilegeUserChange, "Uid", "- - - 0", "- - - 41"},
		"setresgid -1 52 -1": {names.EventPrivilegeGroupChange, "Gid", "- 0 - 0", "- 52 - 52"},
		"setregid 61 62":     {names.EventPrivilegeGroupChange, "Gid", "0 0 0 0", "61 62 62 62"},
		"setgid 71":          {names.EventPrivilegeGroupChange, "Gid", "0 0 0 0", "71 71 71 71"},
		"setfsgid 81":        {names.EventPrivilegeGroupChange, "Gid", "- - - 0", "- - - 81"},
	} {
		t.Run(action, func(t *testing.T) {
			a := startActor(t, nil, action)
			require.Equal(t, []string{""}, a.Results)
			operation, _, _ := strings.Cut(action, " ")
			r := l.one(c.event, byOperation(a.PID, operation))
			assert.Equal(t, strings.Fields(c.before), r.idsOf(idsBefore))
			assert.Equal(t, strings.Fields(c.after), r.idsOf(idsAfter))
			now := statusOf(t, a.thread(), c.key)
			for i, id := range r.idsOf(idsAfter) {
				if id != "-" {
					assert.Equal(t, now[i], id)
				}
			}
			assert.Equal(t, statusOf(t, a.thread(), "Uid")[1], r.str(names.ProcessUserID))
			assert.False(t, r.has(names.ErrorType))
			self, err := os.Executable()
			require.NoError(t, err)
			assert.Equal(t, self, r.str(names.ProcessExecutablePath))
		})
	}
}

func TestPrivilege_supplementaryGroups(t *testing.T) {
	l := startLive(t, only("privilege"))
	a := startActor(t, nil, "setgroups 7 8 9")
	r := l.one(names.EventPrivilegeGroupChange, byOperation(a.PID, "setgroups"))
	assert.Equal(t, statusOf(t, a.thread(), "Groups"), r.strs(names.PrivilegeGroups))
	assert.Equal(t, []string{"7", "8", "9"}, r.strs(names.PrivilegeGroups))
	assert.EqualValues(t, 3, r.num(names.PrivilegeGroupCount))

	action := "setgroups"
	for id := range 40 {
		action += " " + strconv.Itoa(100+id)
	}
	a = startActor(t, nil, action)
	r = l.one(names.EventPrivilegeGroupChange, byOperation(a.PID, "setgroups"))
	assert.Equal(t, statusOf(t, a.thread(), "Groups")[:32], r.strs(names.PrivilegeGroups))
	assert.EqualValues(t, 40, r.num(names.PrivilegeGroupCount))
}

// Calls that change nothing are no events, and calls that fail are.
func TestPrivilege_unchangedAndRefused(t *testing.T) {
	l := startLive(t, only("privilege"))
	before := l.balance("privilege")
	a := startActor(t, nil, "setuid 0", "setresuid -1 0 -1", "setfsuid -1", "setgid 0", "setgroups 1", "setgroups 1")
	l.one(names.EventPrivilegeGroupChange, byPID(a.PID))
	after := l.balance("privilege")
	assert.GreaterOrEqual(t, difference(after["user_change"], before["user_change"]).Filtered, uint64(3))
	assert.GreaterOrEqual(t, difference(after["group_change"], before["group_change"]).Filtered, uint64(2))
	assert.Empty(t, l.find(names.EventPrivilegeUserChange, byPID(a.PID)))

	a = startActor(t, nobody(), "setuid 0", "setresuid -1 1 2", "setgid 3", "setgroups 4 5", "unshare 0x40000000", "chroot /tmp",
		"prctl 28 1 0 0 0", "capset 1 1 0", "prctl 47 2 21 0 0")
	require.Equal(t, slices.Repeat([]string{"EPERM"}, 9), a.Results)
	refused := func(operation string) func(record) bool {
		return func(r record) bool { return byOperation(a.PID, operation)(r) && r.has(names.ErrorType) }
	}
	for operation, c := range map[string]struct{ event, ids string }{
		"setuid":    {names.EventPrivilegeUserChange, "- 0 - -"},
		"setresuid": {names.EventPrivilegeUserChange, "- 1 2 -"},
		"setgid":    {names.EventPrivilegeGroupChange, "- 3 - -"},
	} {
		r := l.one(c.event, refused(operation))
		assert.Equal(t, strings.Fields(c.ids), r.idsOf(idsAfter), operation)
		assert.Equal(t, []string{"-", "-", "-", "-"}, r.idsOf(idsBefore), operation)
		assert.Equal(t, "EPERM", r.str(names.ErrorType))
		assert.EqualValues(t, 65534, r.num(names.ProcessUserID))
	}
	groups := l.one(names.EventPrivilegeGroupChange, refused("setgroups"))
	assert.EqualValues(t, 2, groups.num(names.PrivilegeGroupCount))
	assert.False(t, groups.has(names.PrivilegeGroups))
	unshared := l.one(names.EventPrivilegeNamespaceChange, refused("unshare"))
	assert.Equal(t, []string{"net"}, unshared.strs(names.PrivilegeNamespaceKinds))
	assert.False(t, unshared.has(names.PrivilegeNamespaceNet))
	root := l.one(names.EventPrivilegeRootChange, refused("chroot"))
	assert.Equal(t, "/tmp", root.str(names.PrivilegeRootArgument))
	assert.False(t, root.has(names.PrivilegeRootPath))
	bits := l.one(names.EventPrivilegeRestrictionChange, refused("securebits"))
	assert.Equal(t, []string{"noroot"}, bits.strs(names.PrivilegeSecurebits))
	set := l.one(names.EventPrivilegeCapabilitiesChange, refused("capset"))
	assert.Equal(t, []string{"CAP_CHOWN"}, set.strs(names.PrivilegeCapabilitiesPermitted))
	ambient := l.one(names.EventPrivilegeCapabilitiesChange, refused("ambient_capabilities"))
	assert.Equal(t, []string{"CAP_SYS_ADMIN"}, ambient.strs(names.PrivilegeCapabilitiesAmbient))
	for _, r := range []record{groups, unshared, root, bits, set, ambient} {
		assert.Equal(t, "EPERM", r.str(names.ErrorType), r.EventName())
	}
}

// capabilitiesOf counts the capabilities of a set in /proc.
func capabilitiesOf(t *testing.T, folder, key string) int {
	t.Helper()
	set, err := strconv.ParseUint(statusOf(t, folder, key)[0], 16, 64)
	require.NoError(t, err)
	return bits.OnesCount64(set)
}

func TestPrivilege_capabilities(t *testing.T) {
	l := startLive(t, only("privilege"))
	// CAP_CHOWN, CAP_KILL and CAP_SYS_ADMIN of what root has.
	kept := uint64(1<<unix.CAP_CHOWN | 1<<unix.CAP_KILL | 1<<unix.CAP_SYS_ADMIN)
	a := startActor(t, nil, fmt.Sprintf("capset %d %d %d", 1<<unix.CAP_CHOWN, kept, 1<<unix.CAP_KILL),
		fmt.Sprintf("prctl 47 2 %d 0 0", unix.CAP_KILL), "prctl 47 1 5 0 0", fmt.Sprintf("capset %d %d %d", kept, kept, 1<<unix.CAP_KILL))
	require.Equal(t, []string{"", "", "", ""}, a.Results)
	require.Eventually(t, func() bool { return len(l.find(names.EventPrivilegeCapabilitiesChange, byPID(a.PID))) == 3 },
		patience, 10e6)
	all := l.find(names.EventPrivilegeCapabilitiesChange, byPID(a.PID))
	assert.Equal(t, []string{"CAP_CHOWN"}, all[0].strs(names.PrivilegeCapabilitiesEffective))
	assert.Equal(t, []string{"CAP_CHOWN", "CAP_KILL", "CAP_SYS_ADMIN"}, all[0].strs(names.PrivilegeCapabilitiesPermitted))
	assert.Equal(t, []string{"CAP_KILL"}, all[0].strs(names.PrivilegeCapabilitiesInheritable))
	assert.Contains(t, all[0].strs(names.PrivilegeCapabilitiesLost), "CAP_SYS_ADMIN")
	assert.False(t, all[0].has(names.PrivilegeCapabilitiesGained))
	assert.False(t, all[0].has(names.PrivilegeCapabilitiesAmbient))

	assert.Equal(t, "ambient_capabilities", all[1].str(names.PrivilegeOperation))
	assert.Equal(t, []string{"CAP_KILL"}, all[1].strs(names.PrivilegeCapabilitiesAmbient))
	assert.False(t, all[1].has(names.PrivilegeCapabilitiesEffective))
	assert.Equal(t, capabilitiesOf(t, a.thread(), "CapAmb"), len(all[1].strs(names.PrivilegeCapabilitiesAmbient)))

	assert.Equal(t, []string{"CAP_KILL", "CAP_SYS_ADMIN"}, all[2].strs(names.PrivilegeCapabilitiesGained))
	assert.Equal(t, capabilitiesOf(t, a.thread(), "CapEff"), len(all[2].strs(names.PrivilegeCapabilitiesEffective)))
	assert.False(t, all[2].has(names.PrivilegeCapabilitiesPermitted), "it has not changed")
}

func TestPrivilege_restrictions(t *testing.T) {
	l := startLive(t, only("privilege"))
	probes := []string{"raw_seccomp 1 0 0", "raw_seccomp 0 1 0", "prctl 22 2 0 0 0"} // as libraries do
	a := startActor(t, nil, append(probes,
		"prctl 38 1 0 0 0", "prctl 38 1 0 0 0", "seccomp prctl", "seccomp seccomp", "prctl 8 1 0 0 0", "prctl 28 0x5 0 0 0")...)
	require.Equal(t, []string{"EFAULT", "EINVAL", "EFAULT", "", "", "", "", "", ""}, a.Results)
	l.one(names.EventPrivilegeRestrictionChange, byOperation(a.PID, "no_new_privileges"))
	assert.Equal(t, []string{"1"}, statusOf(t, a.thread(), "NoNewPrivs"))
	require.Eventually(t, func() bool {
		return len(l.find(names.EventPrivilegeRestrictionChange, byOperation(a.PID, "seccomp"))) == 2
	}, patience, 10e6)
	filters := l.find(names.EventPrivilegeRestrictionChange, byOperation(a.PID, "seccomp"))[1]
	assert.Equal(t, "filter", filters.str(names.PrivilegeSeccompMode))
	assert.Equal(t, []string{"2"}, statusOf(t, a.thread(), "Seccomp"))
	assert.Equal(t, statusOf(t, a.thread(), "Seccomp_filters")[0], filters.str(names.PrivilegeSeccompFilters))
	keep := l.one(names.EventPrivilegeRestrictionChange, byOperation(a.PID, "keep_capabilities"))
	assert.Equal(t, []string{"keep_caps"}, keep.strs(names.PrivilegeSecurebits))
	bits := l.one(names.EventPrivilegeRestrictionChange, byOperation(a.PID, "securebits"))
	assert.Equal(t, []string{"noroot", "no_setuid_fixup"}, bits.strs(names.PrivilegeSecurebits))
}

// namespaceOf is the inode of a namespace as a link in /proc has it: "net:[4026531840]".
func namespaceOf(t *testing.T, folder, kind string) int64 {
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
	require.Equal(t, []string{"", "", "", ""}, a.Results)
	r := l.one(names.EventPrivilegeRootChange, byOperation(a.PID, "pivot_root"))
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
