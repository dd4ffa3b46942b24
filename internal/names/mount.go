// SPDX-License-Identifier: Apache-2.0

package names

// Events of the tracer "mount".
const (
	EventMountMount     = "meerkat.mount.mount"
	EventMountUnmount   = "meerkat.mount.unmount"
	EventMountChange    = "meerkat.mount.change"
	EventMountMove      = "meerkat.mount.move"
	EventMountConfigure = "meerkat.mount.configure"
)

// Attributes and metrics of mounts.
const (
	MountOperation    = "meerkat.mount.operation"
	MountSource       = "meerkat.mount.source"
	MountTarget       = "meerkat.mount.target"
	MountPathSource   = "meerkat.mount.path_source"
	MountPathStatus   = "meerkat.mount.path_status"
	MountFilesystem   = "meerkat.mount.filesystem"
	MountRoot         = "meerkat.mount.root"
	MountID           = "meerkat.mount.id"
	MountFlags        = "meerkat.mount.flags"
	MountFlagsCleared = "meerkat.mount.flags_cleared"
	MountCommand      = "meerkat.mount.command"
	MountKey          = "meerkat.mount.key"
	MountNamespace    = "meerkat.mount.namespace"
	MountInContainer  = "meerkat.mount.in_container"

	MetricMountOperations = "meerkat.mount.operations"
	MountEvent            = "meerkat.mount.event"
)

// MountEvents describes the events of the tracer "mount".
func MountEvents() []Event {
	common := []string{MountOperation, MountNamespace, MountInContainer, ErrorType}
	with := func(more ...string) []string { return append(append([]string(nil), more...), common...) }
	return []Event{
		{EventMountMount, "A file system, or a part of one, is mounted.", with(
			MountSource, MountTarget, MountPathSource, MountPathStatus, MountFilesystem, MountRoot, MountID, MountFlags)},
		{EventMountUnmount, "A file system is unmounted.", with(MountTarget, MountPathSource, MountPathStatus, MountFlags)},
		{EventMountChange, "Flags, propagation or options of a mount are changed.", with(
			MountTarget, MountPathSource, MountPathStatus, MountFilesystem, MountFlags, MountFlagsCleared, MountCommand)},
		{EventMountMove, "A mount is moved to another place.", with(
			MountSource, MountTarget, MountPathSource, MountPathStatus, MountFilesystem, MountRoot, MountID, MountFlags)},
		{EventMountConfigure, "A step towards a mount: fsopen, fsconfig, fsmount, fspick, or open_tree that makes a copy.", with(
			MountSource, MountPathSource, MountPathStatus, MountFilesystem, MountRoot, MountID, MountFlags, MountCommand, MountKey)},
	}
}

// MountAttributes describes the attributes of mount events.
func MountAttributes() []Attribute {
	return []Attribute{
		{MountOperation, String, "`mount`, `bind`, `remount`, `propagation` or `move`, all of them by mount(); otherwise the name of the system call, `umount` for umount2()."},
		{MountSource, String, "What is mounted, as the process sees it: the directory or file of a bind mount, otherwise the device, or what stands for it. Passwords in URLs are replaced by `REDACTED`."},
		{MountTarget, String, "Where it is mounted, as the process sees it."},
		{MountPathSource, String, "`argument` if the target is what the process passed to the system call: symbolic links on the way are not resolved. Absent if the kernel resolved it."},
		{MountPathStatus, String, "Present when a path needs care: `truncated` lacks its beginning, `deleted` is the name that the directory had, `unreachable` lies outside the process's root directory."},
		{MountFilesystem, String, "Type of the file system (`ext4`, `overlay`)."},
		{MountRoot, String, "Which part of its file system is mounted, `/` for all of it."},
		{MountID, Int, "Id of the mount, as in `/proc/PID/mountinfo`."},
		{MountFlags, StringArray, "Flags by name, as mount(8) has them. Of mount_setattr those that are set."},
		{MountFlagsCleared, StringArray, "Flags that mount_setattr clears."},
		{MountCommand, String, "What fsconfig does: `set_flag`, `set_string`, `set_binary`, `set_path`, `set_path_empty`, `set_fd`, `create`, `reconfigure` or `create_exclusive`."},
		{MountKey, String, "Option that fsconfig sets. Its value is not told, but for `source`."},
		{MountNamespace, Int, "Inode number of the mount namespace of the process, as `/proc/PID/ns/mnt` has it."},
		{MountInContainer, Bool, "Whether the process has a root directory, a pid namespace or a user namespace that is not the host's."},
	}
}

// MountOperations counts what the events of the tracer tell.
func MountOperations() Metric {
	return Metric{MetricMountOperations, "{operation}", "Mounts that were made, moved, changed and removed, with attempts that failed.", []string{MountEvent}}
}

// MountMetrics describes the counts per workload of the tracer "mount".
func MountMetrics() []Metric {
	return []Metric{MountOperations()}
}
