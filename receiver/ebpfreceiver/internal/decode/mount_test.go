// SPDX-License-Identifier: Apache-2.0

package decode

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"

	mountbpf "github.com/meerkat-otel/meerkat/bpf/mount"
)

var mountKinds = map[string]uint16{
	"mount": KindMountMount, "unmount": KindMountUnmount, "change": KindMountChange, "move": KindMountMove, "configure": KindMountConfigure,
}

func addMountRecords(add adder) {
	var e mountbpf.MountMountEvent
	lengths := map[uintptr]int{
		unsafe.Offsetof(e.SourceDirectoryBytes): 2, unsafe.Offsetof(e.SourceBytes): 2, unsafe.Offsetof(e.TargetDirectoryBytes): 2,
		unsafe.Offsetof(e.TargetBytes): 2, unsafe.Offsetof(e.FilesystemBytes): 2, unsafe.Offsetof(e.PointBytes): 2,
		unsafe.Offsetof(e.RootBytes): 2,
	}
	for name, kind := range mountKinds {
		add(name, "mount", kind, mountbpf.MountMountEvent{
			Header: headerAs[mountbpf.MountEventHeader](kind), GivenFlags: 21, ClearedFlags: 22, Propagation: 23, MountId: 24,
			MountNamespace: 25, Error: -1, Command: 26,
			SourceDirectoryBytes: 4, SourceBytes: 3, TargetDirectoryBytes: 5, TargetBytes: 2, FilesystemBytes: 6, PointBytes: 8, RootBytes: 1,
			SourceDirectoryFlags: 1, TargetDirectoryFlags: 2, PointFlags: 4, RootFlags: 1, Operation: uint8(MountOperationBind),
			Flags: uint8(mountbpf.MountMountFlagsMOUNT_IN_CONTAINER), Key: [64]uint8{'s', 'i', 'z', 'e'},
		}, lengths, "/srv", "one", "/home", "to", "ext4fs", "/home/to", "/")
	}
}

func TestDecode_mount(t *testing.T) {
	for name := range mountKinds {
		e := decodeGood(t, name).(*Mount)
		assert.Equal(t, []string{"/srv", "one", "/home", "to", "ext4fs", "/home/to", "/", "size"}, []string{
			string(e.SourceDirectory), string(e.Source), string(e.TargetDirectory), string(e.Target), string(e.Filesystem),
			string(e.Point), string(e.Root), string(e.KeyName()),
		})
		assert.Equal(t, []uint64{21, 22, 23, 24, 25, 26},
			[]uint64{e.GivenFlags, e.ClearedFlags, e.Propagation, uint64(e.MountId), uint64(e.MountNamespace), uint64(e.Command)})
		assert.EqualValues(t, -1, e.Error)
		assert.Equal(t, MountOperationBind, MountOperation(e.Operation))
		assert.Equal(t, PathCut, PathFlags(e.SourceDirectoryFlags))
		assert.Equal(t, PathDeleted, PathFlags(e.TargetDirectoryFlags))
		assert.Equal(t, PathUnreachable, PathFlags(e.PointFlags))
		assert.True(t, e.InContainer())
		assert.False(t, e.ByDescriptor())
		e.Flags = uint8(mountbpf.MountMountFlagsMOUNT_BY_DESCRIPTOR)
		assert.False(t, e.InContainer())
		assert.True(t, e.ByDescriptor())
	}
}
