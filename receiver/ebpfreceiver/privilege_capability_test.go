// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"fmt"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// ofCapability matches the uses of a capability by a process.
func ofCapability(pid int, capability string) func(record) bool {
	return func(r record) bool { return byPID(pid)(r) && r.str(names.PrivilegeCapability) == capability }
}

// inNewUserNamespace is root there and somebody else outside.
func inNewUserNamespace(more uintptr) *syscall.SysProcAttr {
	mapping := []syscall.SysProcIDMap{{ContainerID: 0, HostID: 1234, Size: 1}}
	return &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWUSER | more, UidMappings: mapping, GidMappings: mapping,
		Credential: &syscall.Credential{NoSetGroups: true},
	}
}

func TestPrivilege_capabilityUse(t *testing.T) {
	l := startLive(t, only("privilege"))
	before := l.balance("privilege")
	a := startActor(t, inNewUserNamespace(syscall.CLONE_NEWUTS), "sethostname first", "repeat 50 sethostname again", "syslog 5 0 0")
	require.Equal(t, []string{"", "", "EPERM"}, a.Results)
	proc := fmt.Sprintf("/proc/%d/", a.PID)

	// This binary asks for capabilities of its own accord when it starts.
	granted := l.one(names.EventPrivilegeCapabilityUse, func(r record) bool {
		return ofCapability(a.PID, "CAP_SYS_ADMIN")(r) && r.str(names.PrivilegeSyscall) != "bpf"
	})
	assert.Equal(t, "granted", granted.str(names.PrivilegeResult))
	assert.False(t, granted.has(names.ErrorType))
	assert.Equal(t, "sethostname", granted.str(names.PrivilegeSyscall))
	assert.Equal(t, namespaceOf(t, proc, "user"), granted.num(names.PrivilegeNamespaceUser))
	assert.NotEqual(t, namespaceOf(t, "/proc/self/", "user"), granted.num(names.PrivilegeNamespaceUser))
	assert.EqualValues(t, 1234, granted.num(names.ProcessUserID))

	denied := l.one(names.EventPrivilegeCapabilityUse, ofCapability(a.PID, "CAP_SYSLOG"))
	assert.Equal(t, "denied", denied.str(names.PrivilegeResult))
	assert.Equal(t, "EPERM", denied.str(names.ErrorType))
	assert.Equal(t, "syslog", denied.str(names.PrivilegeSyscall))
	assert.Equal(t, namespaceOf(t, "/proc/self/", "user"), denied.num(names.PrivilegeNamespaceUser))

	used := difference(l.balance("privilege")["capability_use"], before["capability_use"])
	assert.GreaterOrEqual(t, used.Aggregated, uint64(50), "repeats are counted")
}

func TestPrivilege_capabilityUseWithoutDeduplication(t *testing.T) {
	l := startLive(t, func(c *Config) {
		only("privilege")(c)
		c.Tracers.Privilege.DeduplicationWindow = 0
	})
	a := startActor(t, inNewUserNamespace(syscall.CLONE_NEWUTS), "repeat 50 sethostname again")
	require.Eventually(t, func() bool {
		return len(l.find(names.EventPrivilegeCapabilityUse, func(r record) bool {
			return ofCapability(a.PID, "CAP_SYS_ADMIN")(r) && r.str(names.PrivilegeSyscall) == "sethostname"
		})) == 50
	}, patience, 10e6)
}

// What root does on the host is its ordinary work, unless somebody wants to know.
func TestPrivilege_capabilityScope(t *testing.T) {
	contained, everywhere := startLive(t, only("privilege")), startLive(t, func(c *Config) {
		only("privilege")(c)
		c.Tracers.Privilege.CapabilityScope = CapabilityScopeEverywhere
		c.Tracers.Privilege.Capabilities = []string{"CAP_SYS_ADMIN"}
	})
	a := startActor(t, &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS}, "sethostname first", "setuid 7", "syslog 5 0 0")
	require.Equal(t, []string{"", "", "EPERM"}, a.Results)
	r := everywhere.one(names.EventPrivilegeCapabilityUse, func(r record) bool {
		return ofCapability(a.PID, "CAP_SYS_ADMIN")(r) && r.str(names.PrivilegeSyscall) == "sethostname"
	})
	assert.Equal(t, "granted", r.str(names.PrivilegeResult))
	for _, l := range []*live{contained, everywhere} {
		l.one(names.EventPrivilegeUserChange, byPID(a.PID))
		l.balance("privilege")
		assert.Empty(t, l.find(names.EventPrivilegeCapabilityUse, ofCapability(a.PID, "CAP_SYSLOG")))
	}
	assert.Empty(t, contained.find(names.EventPrivilegeCapabilityUse, byPID(a.PID)))

	// Another root directory is enough for a container, whatever its namespaces.
	jail := t.TempDir()
	a = startActor(t, &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS}, "chroot "+jail, "sethostname first")
	require.Equal(t, []string{"", ""}, a.Results)
	r = contained.one(names.EventPrivilegeCapabilityUse, ofCapability(a.PID, "CAP_SYS_ADMIN"))
	assert.Equal(t, "sethostname", r.str(names.PrivilegeSyscall))
}

// The kernel asks for CAP_SYS_ADMIN whenever memory is set aside, which is nobody's use of it.
func TestPrivilege_memoryIsNoUse(t *testing.T) {
	l := startLive(t, func(c *Config) {
		only("privilege")(c)
		c.Tracers.Privilege.DeduplicationWindow = 0
	})
	file := filepath.Join("/dev/shm", fmt.Sprintf("meerkat-test-%d", syscall.Getpid()))
	t.Cleanup(func() { _ = syscall.Unlink(file) })
	a := startActor(t, inNewUserNamespace(0), "write "+file, "map 16777216", "syslog 5 0 0")
	require.Equal(t, []string{"", "", "EPERM"}, a.Results)
	l.one(names.EventPrivilegeCapabilityUse, ofCapability(a.PID, "CAP_SYSLOG"))
	var others []string
	// This binary asks when it starts, and older kernels for want of CAP_SYSLOG.
	asks := []string{"bpf", "syslog"}
	for _, r := range l.find(names.EventPrivilegeCapabilityUse, ofCapability(a.PID, "CAP_SYS_ADMIN")) {
		if !slices.Contains(asks, r.str(names.PrivilegeSyscall)) {
			others = append(others, r.str(names.PrivilegeSyscall))
		}
	}
	assert.Empty(t, slices.Compact(others))
}

func TestPrivilegeConfig_capabilitySet(t *testing.T) {
	c := PrivilegeConfig{Capabilities: []string{"CAP_CHOWN", "CAP_SYS_ADMIN", "CAP_CHECKPOINT_RESTORE"}}
	assert.EqualValues(t, 1|1<<21|1<<40, c.capabilitySet())
	assert.NotZero(t, c.capabilitySet()&(1<<21))
	d := privilegeConfigDefault()
	require.NoError(t, d.Validate())
}
