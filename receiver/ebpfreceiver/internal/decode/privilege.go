// SPDX-License-Identifier: Apache-2.0

package decode

import (
	privilegebpf "github.com/meerkat-otel/meerkat/bpf/privilege"
)

// Kinds of the tracer "privilege".
const (
	KindPrivilegeUserChange         = uint16(privilegebpf.PrivilegePrivilegeKindPRIVILEGE_USER_CHANGE)
	KindPrivilegeGroupChange        = uint16(privilegebpf.PrivilegePrivilegeKindPRIVILEGE_GROUP_CHANGE)
	KindPrivilegeCapabilitiesChange = uint16(privilegebpf.PrivilegePrivilegeKindPRIVILEGE_CAPABILITIES_CHANGE)
	KindPrivilegeCapabilityUse      = uint16(privilegebpf.PrivilegePrivilegeKindPRIVILEGE_CAPABILITY_USE)
	KindPrivilegeNamespaceChange    = uint16(privilegebpf.PrivilegePrivilegeKindPRIVILEGE_NAMESPACE_CHANGE)
	KindPrivilegeRootChange         = uint16(privilegebpf.PrivilegePrivilegeKindPRIVILEGE_ROOT_CHANGE)
	KindPrivilegeRestrictionChange  = uint16(privilegebpf.PrivilegePrivilegeKindPRIVILEGE_RESTRICTION_CHANGE)
)

// PrivilegeOperation is what was called.
type PrivilegeOperation uint8

// Values of PrivilegeOperation. Those of user and group ids, in this order, come first.
const (
	OperationSetuid          = PrivilegeOperation(privilegebpf.PrivilegePrivilegeOperationOPERATION_SETUID)
	OperationSetreuid        = PrivilegeOperation(privilegebpf.PrivilegePrivilegeOperationOPERATION_SETREUID)
	OperationSetresuid       = PrivilegeOperation(privilegebpf.PrivilegePrivilegeOperationOPERATION_SETRESUID)
	OperationSetfsuid        = PrivilegeOperation(privilegebpf.PrivilegePrivilegeOperationOPERATION_SETFSUID)
	OperationSetgid          = PrivilegeOperation(privilegebpf.PrivilegePrivilegeOperationOPERATION_SETGID)
	OperationSetregid        = PrivilegeOperation(privilegebpf.PrivilegePrivilegeOperationOPERATION_SETREGID)
	OperationSetresgid       = PrivilegeOperation(privilegebpf.PrivilegePrivilegeOperationOPERATION_SETRESGID)
	OperationSetfsgid        = PrivilegeOperation(privilegebpf.PrivilegePrivilegeOperationOPERATION_SETFSGID)
	OperationSetgroups       = PrivilegeOperation(privilegebpf.PrivilegePrivilegeOperationOPERATION_SETGROUPS)
	OperationCapset          = PrivilegeOperation(privilegebpf.PrivilegePrivilegeOperationOPERATION_CAPSET)
	OperationSeccomp         = PrivilegeOperation(privilegebpf.PrivilegePrivilegeOperationOPERATION_SECCOMP)
	OperationSetns           = PrivilegeOperation(privilegebpf.PrivilegePrivilegeOperationOPERATION_SETNS)
	OperationUnshare         = PrivilegeOperation(privilegebpf.PrivilegePrivilegeOperationOPERATION_UNSHARE)
	OperationClone           = PrivilegeOperation(privilegebpf.PrivilegePrivilegeOperationOPERATION_CLONE)
	OperationClone3          = PrivilegeOperation(privilegebpf.PrivilegePrivilegeOperationOPERATION_CLONE3)
	OperationChroot          = PrivilegeOperation(privilegebpf.PrivilegePrivilegeOperationOPERATION_CHROOT)
	OperationPivotRoot       = PrivilegeOperation(privilegebpf.PrivilegePrivilegeOperationOPERATION_PIVOT_ROOT)
	OperationAmbient         = PrivilegeOperation(privilegebpf.PrivilegePrivilegeOperationOPERATION_AMBIENT)
	OperationSecurebits      = PrivilegeOperation(privilegebpf.PrivilegePrivilegeOperationOPERATION_SECUREBITS)
	OperationKeepCaps        = PrivilegeOperation(privilegebpf.PrivilegePrivilegeOperationOPERATION_KEEP_CAPABILITIES)
	OperationNoNewPrivileges = PrivilegeOperation(privilegebpf.PrivilegePrivilegeOperationOPERATION_NO_NEW_PRIVILEGES)
)

// IDs are those of a user or a group in the four roles that they have for a process.
type IDs = privilegebpf.PrivilegeIds

// Namespaces are inode numbers.
type Namespaces = privilegebpf.PrivilegeNamespaces

func hasPrivilegeFlag(flags uint8, flag privilegebpf.PrivilegePrivilegeFlags) bool {
	return privilegebpf.PrivilegePrivilegeFlags(flags)&flag != 0
}

// PrivilegeIDs is a change of user or group ids, or an attempt at one. Header.Kind tells which.
type PrivilegeIDs struct {
	*privilegebpf.PrivilegeIdsEvent
	head *Header
}

// Head implements Event.
func (e *PrivilegeIDs) Head() *Header { return e.head }

// BeforeKnown reports that Before is what was there before.
func (e *PrivilegeIDs) BeforeKnown() bool {
	return hasPrivilegeFlag(e.Flags, privilegebpf.PrivilegePrivilegeFlagsPRIVILEGE_BEFORE_KNOWN)
}

// ListedGroups are the supplementary groups, or the first of them.
func (e *PrivilegeIDs) ListedGroups() []uint32 {
	return e.Groups[:min(int(e.GroupsListed), len(e.Groups))]
}

// PrivilegeCapabilities is a change of capabilities, or an attempt at one.
type PrivilegeCapabilities struct {
	*privilegebpf.PrivilegeCapabilitiesEvent
	head *Header
}

// Head implements Event.
func (e *PrivilegeCapabilities) Head() *Header { return e.head }

// BeforeKnown reports that Before is what was there before.
func (e *PrivilegeCapabilities) BeforeKnown() bool {
	return hasPrivilegeFlag(e.Flags, privilegebpf.PrivilegePrivilegeFlagsPRIVILEGE_BEFORE_KNOWN)
}

// PrivilegeCapabilityUse is something that takes a capability and was done, or refused.
type PrivilegeCapabilityUse struct {
	*privilegebpf.PrivilegeCapabilityUseEvent
	head *Header
}

// Head implements Event.
func (e *PrivilegeCapabilityUse) Head() *Header { return e.head }

// InSyscall reports that Syscall is the number of the system call.
func (e *PrivilegeCapabilityUse) InSyscall() bool {
	return hasPrivilegeFlag(e.Flags, privilegebpf.PrivilegePrivilegeFlagsPRIVILEGE_IN_SYSCALL)
}

// Compat reports that the system call is a 32-bit one.
func (e *PrivilegeCapabilityUse) Compat() bool {
	return hasPrivilegeFlag(e.Flags, privilegebpf.PrivilegePrivilegeFlagsPRIVILEGE_COMPAT)
}

// PrivilegeNamespaces is a process that got into other namespaces, or tried to.
type PrivilegeNamespaces struct {
	*privilegebpf.PrivilegeNamespaceEvent
	head *Header
}

// Head implements Event.
func (e *PrivilegeNamespaces) Head() *Header { return e.head }

// PrivilegeRoot is a process that got another root directory, or tried to.
type PrivilegeRoot struct {
	*privilegebpf.PrivilegeRootEvent
	head *Header
	// Argument is the new root as it was given; Directory is what it is relative to, empty if it is absolute.
	Directory, Argument []byte
	// Root is the new root as the mount namespace has it, and Filesystem the type of file system there.
	Root, Filesystem []byte
}

// Head implements Event.
func (e *PrivilegeRoot) Head() *Header { return e.head }

// PrivilegeRestriction is a process that is restricted from now on, or tried to be.
type PrivilegeRestriction struct {
	*privilegebpf.PrivilegeRestrictionEvent
	head *Header
}

// Head implements Event.
func (e *PrivilegeRestriction) Head() *Header { return e.head }

type privilegeDecoder struct {
	ids          PrivilegeIDs
	capabilities PrivilegeCapabilities
	use          PrivilegeCapabilityUse
	namespaces   PrivilegeNamespaces
	root         PrivilegeRoot
	restriction  PrivilegeRestriction
}

// NewPrivilege returns a decoder for the records of the tracer "privilege".
func NewPrivilege() Decoder { return &privilegeDecoder{} }

// Decode implements Decoder.
func (d *privilegeDecoder) Decode(record []byte) (Event, error) {
	header, _, err := view[Header](record)
	if err != nil {
		return nil, err
	}
	switch header.Kind {
	case KindPrivilegeUserChange, KindPrivilegeGroupChange:
		d.ids.head = header
		return &d.ids, fixed(&d.ids.PrivilegeIdsEvent, record)
	case KindPrivilegeCapabilitiesChange:
		d.capabilities.head = header
		return &d.capabilities, fixed(&d.capabilities.PrivilegeCapabilitiesEvent, record)
	case KindPrivilegeCapabilityUse:
		d.use.head = header
		return &d.use, fixed(&d.use.PrivilegeCapabilityUseEvent, record)
	case KindPrivilegeNamespaceChange:
		d.namespaces.head = header
		return &d.namespaces, fixed(&d.namespaces.PrivilegeNamespaceEvent, record)
	case KindPrivilegeRootChange:
		d.root.head = header
		return &d.root, d.decodeRoot(record)
	case KindPrivilegeRestrictionChange:
		d.restriction.head = header
		return &d.restriction, fixed(&d.restriction.PrivilegeRestrictionEvent, record)
	}
	return nil, ErrUnknownKind
}

func (d *privilegeDecoder) decodeRoot(record []byte) error {
	e, rest, err := view[privilegebpf.PrivilegeRootEvent](record)
	if err != nil {
		return err
	}
	t := tail{rest: rest}
	d.root.PrivilegeRootEvent = e
	d.root.Directory = t.next(int(e.DirectoryBytes))
	d.root.Argument = t.next(int(e.ArgumentBytes))
	d.root.Root = t.next(int(e.RootBytes))
	d.root.Filesystem = t.next(int(e.FilesystemBytes))
	return t.end()
}
