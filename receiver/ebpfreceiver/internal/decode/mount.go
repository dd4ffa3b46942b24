// SPDX-License-Identifier: Apache-2.0

package decode

import (
	mountbpf "github.com/meerkat-otel/meerkat/bpf/mount"
)

// Kinds of the tracer "mount".
const (
	KindMountMount     = uint16(mountbpf.MountMountKindMOUNT_MOUNT)
	KindMountUnmount   = uint16(mountbpf.MountMountKindMOUNT_UNMOUNT)
	KindMountChange    = uint16(mountbpf.MountMountKindMOUNT_CHANGE)
	KindMountMove      = uint16(mountbpf.MountMountKindMOUNT_MOVE)
	KindMountConfigure = uint16(mountbpf.MountMountKindMOUNT_CONFIGURE)
)

// MountOperation is what was called, and with what intent.
type MountOperation uint8

// Values of MountOperation.
const (
	MountOperationMount       = MountOperation(mountbpf.MountMountOperationOPERATION_MOUNT)
	MountOperationUmount      = MountOperation(mountbpf.MountMountOperationOPERATION_UMOUNT)
	MountOperationMoveMount   = MountOperation(mountbpf.MountMountOperationOPERATION_MOVE_MOUNT)
	MountOperationFsopen      = MountOperation(mountbpf.MountMountOperationOPERATION_FSOPEN)
	MountOperationFsconfig    = MountOperation(mountbpf.MountMountOperationOPERATION_FSCONFIG)
	MountOperationFsmount     = MountOperation(mountbpf.MountMountOperationOPERATION_FSMOUNT)
	MountOperationFspick      = MountOperation(mountbpf.MountMountOperationOPERATION_FSPICK)
	MountOperationOpenTree    = MountOperation(mountbpf.MountMountOperationOPERATION_OPEN_TREE)
	MountOperationSetattr     = MountOperation(mountbpf.MountMountOperationOPERATION_MOUNT_SETATTR)
	MountOperationBind        = MountOperation(mountbpf.MountMountOperationOPERATION_BIND)
	MountOperationRemount     = MountOperation(mountbpf.MountMountOperationOPERATION_REMOUNT)
	MountOperationPropagation = MountOperation(mountbpf.MountMountOperationOPERATION_PROPAGATION)
	MountOperationMove        = MountOperation(mountbpf.MountMountOperationOPERATION_MOVE)
)

// Mount is something that was done to mounts, or tried. Header.Kind tells what.
type Mount struct {
	*mountbpf.MountMountEvent
	head *Header
	// SourceDirectory is what Source is relative to, empty if Source is absolute or no path.
	SourceDirectory, Source []byte
	TargetDirectory, Target []byte
	// Filesystem is the type of the file system.
	Filesystem []byte
	// Point is where the mount is that was made, and Root which part of its file system is mounted.
	Point, Root []byte
}

// Head implements Event.
func (e *Mount) Head() *Header { return e.head }

func (e *Mount) has(flag mountbpf.MountMountFlags) bool {
	return mountbpf.MountMountFlags(e.Flags)&flag != 0
}

// InContainer reports that the process is in a container.
func (e *Mount) InContainer() bool { return e.has(mountbpf.MountMountFlagsMOUNT_IN_CONTAINER) }

// ByDescriptor reports that Point and Root are those of a mount that a descriptor stands for. Otherwise it
// is the newest mount, which is probably the one.
func (e *Mount) ByDescriptor() bool { return e.has(mountbpf.MountMountFlagsMOUNT_BY_DESCRIPTOR) }

// KeyName is the name of an option of a file system.
func (e *Mount) KeyName() []byte { return UntilNUL(e.Key[:]) }

type mountDecoder struct {
	mount Mount
}

// NewMount returns a decoder for the records of the tracer "mount".
func NewMount() Decoder { return &mountDecoder{} }

// Decode implements Decoder.
func (d *mountDecoder) Decode(record []byte) (Event, error) {
	header, _, err := view[Header](record)
	if err != nil {
		return nil, err
	}
	if header.Kind > KindMountConfigure {
		return nil, ErrUnknownKind
	}
	e, rest, err := view[mountbpf.MountMountEvent](record)
	if err != nil {
		return nil, err
	}
	// In the order in which the kernel half appends them.
	t := tail{rest: rest}
	d.mount = Mount{MountMountEvent: e, head: header}
	d.mount.SourceDirectory = t.next(int(e.SourceDirectoryBytes))
	d.mount.Source = t.next(int(e.SourceBytes))
	d.mount.TargetDirectory = t.next(int(e.TargetDirectoryBytes))
	d.mount.Target = t.next(int(e.TargetBytes))
	d.mount.Filesystem = t.next(int(e.FilesystemBytes))
	d.mount.Point = t.next(int(e.PointBytes))
	d.mount.Root = t.next(int(e.RootBytes))
	return &d.mount, t.end()
}
