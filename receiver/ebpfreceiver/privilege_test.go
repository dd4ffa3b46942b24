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
	assert.Len(t, all[1].strs(names.PrivilegeCapabilitiesAmbient), capabilitiesOf(t, a.thread(), "CapAmb"))

	assert.Equal(t, []string{"CAP_KILL", "CAP_SYS_ADMIN"}, all[2].strs(names.PrivilegeCapabilitiesGained))
	assert.Len(t, all[2].strs(names.PrivilegeCapabilitiesEffective), capabilitiesOf(t, a.thread(), "CapEff"))
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
