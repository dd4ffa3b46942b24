// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	"maps"
	"slices"

	mountbpf "github.com/meerkat-otel/meerkat/bpf/mount"
)

// Mount observes file systems that are mounted, moved, changed and unmounted.
func Mount() Spec {
	return Spec{
		Name:           "mount",
		Brief:          "File systems that are mounted, bound, moved, changed and unmounted, and the steps towards that.",
		DefaultEnabled: true,
		Cost:           CostLow,
		Privileges:     basePrivileges(),
		Kinds:          []string{"mount", "unmount", "change", "move", "configure"},
		Load:           mountbpf.LoadMount,
		Hooks: []Hook{
			syscallHook(mountbpf.MountProgMountSyscall, slices.Sorted(maps.Keys(mountOperations()))...),
		},
	}
}

// mountOperations are the system calls by name. 32-bit architectures have had one of unmounting before umount2.
func mountOperations() map[string]mountbpf.MountMountOperation {
	return map[string]mountbpf.MountMountOperation{
		"mount":          mountbpf.MountMountOperationOPERATION_MOUNT,
		"umount":         mountbpf.MountMountOperationOPERATION_UMOUNT_OLD,
		"umount2":        mountbpf.MountMountOperationOPERATION_UMOUNT,
		"move_mount":     mountbpf.MountMountOperationOPERATION_MOVE_MOUNT,
		"fsopen":         mountbpf.MountMountOperationOPERATION_FSOPEN,
		"fsconfig":       mountbpf.MountMountOperationOPERATION_FSCONFIG,
		"fsmount":        mountbpf.MountMountOperationOPERATION_FSMOUNT,
		"fspick":         mountbpf.MountMountOperationOPERATION_FSPICK,
		"open_tree":      mountbpf.MountMountOperationOPERATION_OPEN_TREE,
		"open_tree_attr": mountbpf.MountMountOperationOPERATION_OPEN_TREE,
		"mount_setattr":  mountbpf.MountMountOperationOPERATION_MOUNT_SETATTR,
	}
}

// MountConstants are the constants of the tracer's programs that depend on the architecture alone.
func MountConstants() map[string]any {
	return map[string]any{mountbpf.MountVarOperations: syscallTable(mountOperations(), asByte)}
}
