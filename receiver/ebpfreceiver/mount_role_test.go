// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import "golang.org/x/sys/unix"

func fsopen(words []string) error {
	fs, err := unix.Fsopen(words[0], 0)
	if err != nil {
		return err
	}
	return unix.Close(fs)
}

// newMount makes a mount of memory by the calls for that.
func newMount(words []string) error {
	fs, err := unix.Fsopen("tmpfs", unix.FSOPEN_CLOEXEC)
	if err != nil {
		return err
	}
	defer unix.Close(fs)
	// There is no such option.
	_ = unix.FsconfigSetString(fs, "source", "the source")
	_ = unix.FsconfigSetString(fs, "size", "1m")
	_ = unix.FsconfigSetString(fs, "password", "hunter2")
	if err := unix.FsconfigCreate(fs); err != nil {
		return err
	}
	made, err := unix.Fsmount(fs, unix.FSMOUNT_CLOEXEC, unix.MOUNT_ATTR_NODEV|unix.MOUNT_ATTR_NOEXEC)
	if err != nil {
		return err
	}
	defer unix.Close(made)
	return unix.MoveMount(made, "", unix.AT_FDCWD, words[0], unix.MOVE_MOUNT_F_EMPTY_PATH)
}

// setMountAttributes makes a mount read-only and private, and lets it have devices.
func setMountAttributes(words []string) error {
	attributes := &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY, Attr_clr: unix.MOUNT_ATTR_NODEV, Propagation: unix.MS_PRIVATE}
	return unix.MountSetattr(unix.AT_FDCWD, words[0], 0, attributes)
}

// reconfigureMount changes nothing by the calls that change a file system.
func reconfigureMount(words []string) error {
	picked, err := unix.Fspick(unix.AT_FDCWD, words[0], unix.FSPICK_CLOEXEC)
	if err != nil {
		return err
	}
	defer unix.Close(picked)
	return unix.FsconfigReconfigure(picked)
}

// copyMount puts a copy of a place somewhere else by the calls for that.
func copyMount(words []string) error {
	tree, err := unix.OpenTree(unix.AT_FDCWD, words[0], unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
	if err != nil {
		return err
	}
	defer unix.Close(tree)
	return unix.MoveMount(tree, "", unix.AT_FDCWD, words[1], unix.MOVE_MOUNT_F_EMPTY_PATH)
}
