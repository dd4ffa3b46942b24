// SPDX-License-Identifier: Apache-2.0

package decode

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"

	privilegebpf "github.com/meerkat-otel/meerkat/bpf/privilege"
)

func addPrivilegeRecords(add adder) {
	const known = uint8(privilegebpf.PrivilegePrivilegeFlagsPRIVILEGE_BEFORE_KNOWN)
	for name, kind := range map[string]uint16{"user_change": KindPrivilegeUserChange, "group_change": KindPrivilegeGroupChange} {
		add(name, "privilege", kind, privilegebpf.PrivilegeIdsEvent{
			Header: headerAs[privilegebpf.PrivilegeEventHeader](kind), Before: IDs{Real: 21, Effective: 22, Saved: 23, Filesystem: 24},
			After: IDs{Real: 31, Effective: 32, Saved: 33, Filesystem: 34}, Error: -1, GroupCount: 99,
			Groups: [32]uint32{41, 42, 43}, Operation: uint8(OperationSetgroups), Flags: known, GroupsListed: 3,
		}, nil)
	}
	sets := privilegebpf.PrivilegeCapabilities{Effective: 1, Permitted: 2, Inheritable: 3, Ambient: 4}
	add("capabilities_change", "privilege", KindPrivilegeCapabilitiesChange, privilegebpf.PrivilegeCapabilitiesEvent{
		Header: headerAs[privilegebpf.PrivilegeEventHeader](KindPrivilegeCapabilitiesChange),
		Before: privilegebpf.PrivilegeCapabilities{Effective: 5}, After: sets, Error: -1,
		Operation: uint8(OperationCapset), Flags: known,
	}, nil)
	add("capability_use", "privilege", KindPrivilegeCapabilityUse, privilegebpf.PrivilegeCapabilityUseEvent{
		Header: headerAs[privilegebpf.PrivilegeEventHeader](KindPrivilegeCapabilityUse), Capability: 21, Error: -1, Syscall: 22, UserNamespace: 23,
		Flags: uint8(privilegebpf.PrivilegePrivilegeFlagsPRIVILEGE_IN_SYSCALL),
	}, nil)
	add("namespace_change", "privilege", KindPrivilegeNamespaceChange, privilegebpf.PrivilegeNamespaceEvent{
		Header:     headerAs[privilegebpf.PrivilegeEventHeader](KindPrivilegeNamespaceChange),
		Namespaces: Namespaces{Mount: 21, Cgroup: 22, Uts: 23, Ipc: 24, User: 25, Pid: 26, Net: 27, Time: 28},
		Kinds:      29, Target: 30, Error: -1, Operation: uint8(OperationSetns),
	}, nil)
	var root privilegebpf.PrivilegeRootEvent
	add("root_change", "privilege", KindPrivilegeRootChange, privilegebpf.PrivilegeRootEvent{
		Header: headerAs[privilegebpf.PrivilegeEventHeader](KindPrivilegeRootChange), Error: -1, MountNamespace: 21, DirectoryBytes: 4, ArgumentBytes: 3,
		RootBytes: 8, FilesystemBytes: 5, DirectoryFlags: uint8(PathCut), RootFlags: uint8(PathUnreachable), Operation: uint8(OperationChroot),
	}, map[uintptr]int{
		unsafe.Offsetof(root.DirectoryBytes): 2, unsafe.Offsetof(root.ArgumentBytes): 2, unsafe.Offsetof(root.RootBytes): 2,
		unsafe.Offsetof(root.FilesystemBytes): 2,
	}, "/srv", "new", "/srv/new", "tmpfs")
	add("restriction_change", "privilege", KindPrivilegeRestrictionChange, privilegebpf.PrivilegeRestrictionEvent{
		Header: headerAs[privilegebpf.PrivilegeEventHeader](KindPrivilegeRestrictionChange), Before: 21, After: 22, Filters: 23, Error: -1,
		Operation: uint8(OperationSecurebits), Flags: known,
	}, nil)
}

func TestDecode_privilegeIDs(t *testing.T) {
	for _, name := range []string{"user_change", "group_change"} {
		e := decodeGood(t, name).(*PrivilegeIDs)
		assert.Equal(t, IDs{Real: 21, Effective: 22, Saved: 23, Filesystem: 24}, e.Before)
		assert.Equal(t, IDs{Real: 31, Effective: 32, Saved: 33, Filesystem: 34}, e.After)
		assert.Equal(t, []uint32{41, 42, 43}, e.ListedGroups())
		assert.EqualValues(t, 99, e.GroupCount)
		assert.EqualValues(t, -1, e.Error)
		assert.Equal(t, OperationSetgroups, PrivilegeOperation(e.Operation))
		assert.True(t, e.BeforeKnown())
		e.Flags, e.GroupsListed = 0, 255
		assert.False(t, e.BeforeKnown())
		assert.Len(t, e.ListedGroups(), 32, "a length that lies leads nowhere")
	}
}

func TestDecode_otherPrivilegeEvents(t *testing.T) {
	capabilities := decodeGood(t, "capabilities_change").(*PrivilegeCapabilities)
	assert.Equal(t, privilegebpf.PrivilegeCapabilities{Effective: 1, Permitted: 2, Inheritable: 3, Ambient: 4}, capabilities.After)
	assert.EqualValues(t, 5, capabilities.Before.Effective)
	assert.True(t, capabilities.BeforeKnown())

	use := decodeGood(t, "capability_use").(*PrivilegeCapabilityUse)
	assert.Equal(t, []uint32{21, 22, 23}, []uint32{use.Capability, use.Syscall, use.UserNamespace})
	assert.True(t, use.InSyscall())
	assert.False(t, use.Compat())
	use.Flags = uint8(privilegebpf.PrivilegePrivilegeFlagsPRIVILEGE_COMPAT)
	assert.False(t, use.InSyscall())
	assert.True(t, use.Compat())

	namespaces := decodeGood(t, "namespace_change").(*PrivilegeNamespaces)
	assert.Equal(t, Namespaces{Mount: 21, Cgroup: 22, Uts: 23, Ipc: 24, User: 25, Pid: 26, Net: 27, Time: 28}, namespaces.Namespaces)
	assert.Equal(t, []uint32{29, 30}, []uint32{namespaces.Kinds, namespaces.Target})

	root := decodeGood(t, "root_change").(*PrivilegeRoot)
	assert.Equal(t, []string{"/srv", "new", "/srv/new", "tmpfs"},
		[]string{string(root.Directory), string(root.Argument), string(root.Root), string(root.Filesystem)})
	assert.Equal(t, PathCut, PathFlags(root.DirectoryFlags))
	assert.Equal(t, PathUnreachable, PathFlags(root.RootFlags))

	restriction := decodeGood(t, "restriction_change").(*PrivilegeRestriction)
	assert.Equal(t, []uint32{21, 22, 23}, []uint32{restriction.Before, restriction.After, restriction.Filters})
}
