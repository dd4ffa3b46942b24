// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// What a runtime does on behalf of a container, and what happens inside.
func TestContainer_privileges(t *testing.T) {
	c := startContainerd(t)
	l := startLive(t, only("privilege"))
	id := containerID(201)
	first := c.start(id, "/bin/busybox mkdir /tmp/jail; /bin/busybox chroot /tmp/jail /none; /bin/busybox sleep 1000")
	proc := fmt.Sprintf("/proc/%d/", first)
	mine := inContainer(id)
	namespaces := []string{"ipc", "mnt", "pid", "uts"}

	// The container's own namespaces, by whatever call of the runtime they came to be.
	seen := func(event, kind string) bool {
		return len(l.find(event, func(r record) bool {
			return mine(r) && r.num("meerkat.privilege.namespace."+kind) == namespaceOf(t, proc, kind)
		})) > 0
	}
	require.Eventually(t, func() bool { return seen(names.EventPrivilegeNamespaceChange, "mnt") }, patience, 20e6)
	pivoted := l.one(names.EventPrivilegeRootChange, func(r record) bool {
		return mine(r) && r.str(names.PrivilegeOperation) == "pivot_root"
	})
	assert.Equal(t, namespaceOf(t, proc, "mnt"), pivoted.num(names.PrivilegeNamespaceMount))
	assert.Equal(t, "/", pivoted.str(names.PrivilegeRootPath))
	assert.Equal(t, filesystemOf(t, proc+"mountinfo", "/"), pivoted.str(names.PrivilegeRootFilesystem))
	chroot := l.one(names.EventPrivilegeRootChange, func(r record) bool {
		return mine(r) && r.str(names.PrivilegeOperation) == "chroot"
	})
	assert.Equal(t, "/tmp/jail", chroot.str(names.PrivilegeRootPath))
	assert.Equal(t, "busybox", chroot.str(names.ProcessExecutableName))
	l.one(names.EventPrivilegeRestrictionChange, func(r record) bool {
		return mine(r) && r.str(names.PrivilegeOperation) == "no_new_privileges" && r.num(names.ProcessPID) == int64(first)
	})
	assert.Equal(t, []string{"1"}, statusOf(t, proc, "NoNewPrivs"))

	printed := c.exec(id, "/bin/busybox", "sh", "-c", "/bin/busybox hostname denied; /bin/busybox readlink /proc/self/ns/mnt")
	assert.Contains(t, printed, fmt.Sprintf("mnt:[%d]", namespaceOf(t, proc, "mnt")))
	denied := l.one(names.EventPrivilegeCapabilityUse, func(r record) bool {
		return mine(r) && r.str(names.PrivilegeSyscall) == "sethostname"
	})
	assert.Equal(t, "denied", denied.str(names.PrivilegeResult))
	assert.Equal(t, "CAP_SYS_ADMIN", denied.str(names.PrivilegeCapability))
	// runc joins all of them, at once or one by one.
	joined := map[string]int64{}
	for _, r := range l.find(names.EventPrivilegeNamespaceChange, func(r record) bool { return r.str(names.PrivilegeOperation) == "setns" }) {
		for _, kind := range r.strs(names.PrivilegeNamespaceKinds) {
			if inode := r.num("meerkat.privilege.namespace." + kind); inode == namespaceOf(t, proc, kind) {
				joined[kind] = inode
			}
		}
	}
	for _, kind := range namespaces {
		assert.Contains(t, joined, kind)
	}
}

// A shell from outside that joins a container is seen with the namespaces of the container.
func TestContainer_nsenter(t *testing.T) {
	c := startContainerd(t)
	l := startLive(t, only("privilege"))
	first := c.start(containerID(202), "/bin/busybox sleep 1000")
	output, err := exec.Command("nsenter", "--target", fmt.Sprint(first), "--mount", "--uts", "/bin/busybox", "true").CombinedOutput()
	require.NoError(t, err, string(output))
	byNsenter := func(r record) bool {
		return r.str(names.ProcessExecutableName) == "nsenter" && r.str(names.PrivilegeOperation) == "setns"
	}
	kinds := map[string]bool{}
	require.Eventually(t, func() bool {
		for _, r := range l.find(names.EventPrivilegeNamespaceChange, byNsenter) {
			for _, kind := range r.strs(names.PrivilegeNamespaceKinds) {
				kinds[kind] = r.num("meerkat.privilege.namespace."+kind) == namespaceOf(t, fmt.Sprintf("/proc/%d/", first), kind)
			}
		}
		return kinds["mnt"] && kinds["uts"]
	}, patience, 20e6, "%v", kinds)
	assert.False(t, slices.ContainsFunc(l.find(names.EventPrivilegeNamespaceChange, byNsenter), func(r record) bool {
		return strings.Contains(r.Resource.Attributes().AsRaw()[names.CgroupPath].(string), containerID(202))
	}), "it stays in the cgroup of whoever called it")
}
