// SPDX-License-Identifier: Apache-2.0

package names

// Events of the tracer "privilege".
const (
	EventPrivilegeUserChange         = "meerkat.privilege.user_change"
	EventPrivilegeGroupChange        = "meerkat.privilege.group_change"
	EventPrivilegeCapabilitiesChange = "meerkat.privilege.capabilities_change"
	EventPrivilegeCapabilityUse      = "meerkat.privilege.capability_use"
	EventPrivilegeNamespaceChange    = "meerkat.privilege.namespace_change"
	EventPrivilegeRootChange         = "meerkat.privilege.root_change"
	EventPrivilegeRestrictionChange  = "meerkat.privilege.restriction_change"
)

// Attributes and metrics of privileges.
const (
	PrivilegeOperation = "meerkat.privilege.operation"

	PrivilegeBeforeRealID       = "meerkat.privilege.before.real_id"
	PrivilegeBeforeEffectiveID  = "meerkat.privilege.before.effective_id"
	PrivilegeBeforeSavedID      = "meerkat.privilege.before.saved_id"
	PrivilegeBeforeFilesystemID = "meerkat.privilege.before.filesystem_id"
	PrivilegeAfterRealID        = "meerkat.privilege.after.real_id"
	PrivilegeAfterEffectiveID   = "meerkat.privilege.after.effective_id"
	PrivilegeAfterSavedID       = "meerkat.privilege.after.saved_id"
	PrivilegeAfterFilesystemID  = "meerkat.privilege.after.filesystem_id"
	PrivilegeGroups             = "meerkat.privilege.groups"
	PrivilegeGroupCount         = "meerkat.privilege.group_count"

	PrivilegeCapabilitiesEffective   = "meerkat.privilege.capabilities.effective"
	PrivilegeCapabilitiesPermitted   = "meerkat.privilege.capabilities.permitted"
	PrivilegeCapabilitiesInheritable = "meerkat.privilege.capabilities.inheritable"
	PrivilegeCapabilitiesAmbient     = "meerkat.privilege.capabilities.ambient"
	PrivilegeCapabilitiesGained      = "meerkat.privilege.capabilities.gained"
	PrivilegeCapabilitiesLost        = "meerkat.privilege.capabilities.lost"

	PrivilegeCapability = "meerkat.privilege.capability"
	PrivilegeResult     = "meerkat.privilege.result"
	PrivilegeSyscall    = "meerkat.privilege.syscall"

	PrivilegeNamespaceKinds  = "meerkat.privilege.namespace.kinds"
	PrivilegeNamespaceTarget = "meerkat.privilege.namespace.target"
	PrivilegeNamespaceMount  = "meerkat.privilege.namespace.mnt"
	PrivilegeNamespaceCgroup = "meerkat.privilege.namespace.cgroup"
	PrivilegeNamespaceUTS    = "meerkat.privilege.namespace.uts"
	PrivilegeNamespaceIPC    = "meerkat.privilege.namespace.ipc"
	PrivilegeNamespaceUser   = "meerkat.privilege.namespace.user"
	PrivilegeNamespacePID    = "meerkat.privilege.namespace.pid"
	PrivilegeNamespaceNet    = "meerkat.privilege.namespace.net"
	PrivilegeNamespaceTime   = "meerkat.privilege.namespace.time"

	PrivilegeRootArgument   = "meerkat.privilege.root.argument"
	PrivilegeRootPath       = "meerkat.privilege.root.path"
	PrivilegeRootPathStatus = "meerkat.privilege.root.path_status"
	PrivilegeRootFilesystem = "meerkat.privilege.root.filesystem"

	PrivilegeSecurebits     = "meerkat.privilege.securebits"
	PrivilegeSeccompMode    = "meerkat.privilege.seccomp.mode"
	PrivilegeSeccompFilters = "meerkat.privilege.seccomp.filters"

	MetricPrivilegeOperations = "meerkat.privilege.operations"
	PrivilegeEvent            = "meerkat.privilege.event"
)

// PrivilegeEvents describes the events of the tracer "privilege".
func PrivilegeEvents() []Event {
	ids := []string{
		PrivilegeOperation, PrivilegeBeforeRealID, PrivilegeBeforeEffectiveID, PrivilegeBeforeSavedID, PrivilegeBeforeFilesystemID,
		PrivilegeAfterRealID, PrivilegeAfterEffectiveID, PrivilegeAfterSavedID, PrivilegeAfterFilesystemID, ErrorType,
	}
	return []Event{
		{EventPrivilegeUserChange, "A process changes its user ids.", ids},
		{EventPrivilegeGroupChange, "A process changes its group ids or its supplementary groups.",
			append([]string{PrivilegeGroups, PrivilegeGroupCount}, ids...)},
		{EventPrivilegeCapabilitiesChange, "A process changes its capabilities. What they become by a change of user or by an exec is not told.", []string{
			PrivilegeOperation, PrivilegeCapabilitiesEffective, PrivilegeCapabilitiesPermitted, PrivilegeCapabilitiesInheritable,
			PrivilegeCapabilitiesAmbient, PrivilegeCapabilitiesGained, PrivilegeCapabilitiesLost, ErrorType,
		}},
		{EventPrivilegeCapabilityUse, "A process does something that takes one of the configured capabilities, or is refused it.", []string{
			PrivilegeCapability, PrivilegeResult, PrivilegeSyscall, PrivilegeNamespaceUser, ErrorType,
		}},
		{EventPrivilegeNamespaceChange, "A process gets into other namespaces, or is created in new ones.", []string{
			PrivilegeOperation, PrivilegeNamespaceKinds, PrivilegeNamespaceTarget, PrivilegeNamespaceMount, PrivilegeNamespaceCgroup,
			PrivilegeNamespaceUTS, PrivilegeNamespaceIPC, PrivilegeNamespaceUser, PrivilegeNamespacePID, PrivilegeNamespaceNet,
			PrivilegeNamespaceTime, ErrorType,
		}},
		{EventPrivilegeRootChange, "A process gets another root directory.", []string{
			PrivilegeOperation, PrivilegeRootArgument, PrivilegeRootPath, PrivilegeRootPathStatus, PrivilegeRootFilesystem,
			PrivilegeNamespaceMount, ErrorType,
		}},
		{EventPrivilegeRestrictionChange, "A process restricts itself, or changes what happens to its capabilities.", []string{
			PrivilegeOperation, PrivilegeSecurebits, PrivilegeSeccompMode, PrivilegeSeccompFilters, ErrorType,
		}},
	}
}

// PrivilegeAttributes describes the attributes of privilege events.
func PrivilegeAttributes() []Attribute {
	before := func(role string) string {
		return role + " id before, in the initial user namespace, if it changed."
	}
	after := func(role string) string {
		return role + " id after, in the initial user namespace, if it changed or it is not known whether it did; " +
			"of a failed call the one that was asked for, in the caller's user namespace."
	}
	set := func(kind string) string {
		return kind + " set after, if it changed or it is not known whether it did; of a failed call the one that was asked for."
	}
	inode := func(kind string) string {
		return "Inode number of the " + kind + " namespace, as `/proc/PID/ns` has it."
	}
	return []Attribute{
		{PrivilegeOperation, String, "What was called: the name of the system call, or, for those of prctl(), `ambient_capabilities`, `securebits`, `keep_capabilities` or `no_new_privileges`."},
		{PrivilegeBeforeRealID, Int, before("Real")},
		{PrivilegeBeforeEffectiveID, Int, before("Effective")},
		{PrivilegeBeforeSavedID, Int, before("Saved")},
		{PrivilegeBeforeFilesystemID, Int, before("File system's")},
		{PrivilegeAfterRealID, Int, after("Real")},
		{PrivilegeAfterEffectiveID, Int, after("Effective")},
		{PrivilegeAfterSavedID, Int, after("Saved")},
		{PrivilegeAfterFilesystemID, Int, after("File system's")},
		{PrivilegeGroups, StringArray, "Ids of the supplementary groups after setgroups(), at most 32 of them."},
		{PrivilegeGroupCount, Int, "Number of supplementary groups; of a failed call how many were given."},
		{PrivilegeCapabilitiesEffective, StringArray, set("Effective")},
		{PrivilegeCapabilitiesPermitted, StringArray, set("Permitted")},
		{PrivilegeCapabilitiesInheritable, StringArray, set("Inheritable")},
		{PrivilegeCapabilitiesAmbient, StringArray, set("Ambient")},
		{PrivilegeCapabilitiesGained, StringArray, "What the effective set has now and had not before."},
		{PrivilegeCapabilitiesLost, StringArray, "What the effective set had before and has not now."},
		{PrivilegeCapability, String, "The capability (`CAP_SYS_ADMIN`)."},
		{PrivilegeResult, String, "`granted` or `denied`."},
		{PrivilegeSyscall, String, "The system call in which it was asked for."},
		{PrivilegeNamespaceKinds, StringArray, "Kinds of namespaces that were changed, by the names that they have in `/proc/PID/ns`."},
		{PrivilegeNamespaceTarget, Int, "Inode number of the namespace that setns() was given; absent if it was given a process."},
		{PrivilegeNamespaceMount, Int, inode("mount")},
		{PrivilegeNamespaceCgroup, Int, inode("cgroup")},
		{PrivilegeNamespaceUTS, Int, inode("UTS")},
		{PrivilegeNamespaceIPC, Int, inode("IPC")},
		{PrivilegeNamespaceUser, Int, inode("user")},
		{PrivilegeNamespacePID, Int, "Inode number of the pid namespace of the process's children, as `/proc/PID/ns/pid_for_children` has it."},
		{PrivilegeNamespaceNet, Int, inode("network")},
		{PrivilegeNamespaceTime, Int, "Inode number of the time namespace of the process's children, as `/proc/PID/ns/time_for_children` has it."},
		{PrivilegeRootArgument, String, "The new root as the process gave it, with its working directory in front if it was relative."},
		{PrivilegeRootPath, String, "Where the new root is in the mount namespace, `/` after pivot_root()."},
		{PrivilegeRootPathStatus, String, "Present when the path needs care: `truncated` lacks its beginning, `deleted` is the name that the directory had, `unreachable` lies outside the mount namespace."},
		{PrivilegeRootFilesystem, String, "Type of the file system that the new root is on (`overlay`)."},
		{PrivilegeSecurebits, StringArray, "The securebits after the call, by name (`noroot_locked`); of a failed call those that were asked for."},
		{PrivilegeSeccompMode, String, "Mode of seccomp after the call: `disabled`, `strict` or `filter`."},
		{PrivilegeSeccompFilters, Int, "Number of seccomp filters after the call. Absent before Linux 5.9."},
	}
}

// PrivilegeOperations counts what the events of the tracer tell, those that are reported once for many
// included.
func PrivilegeOperations() Metric {
	return Metric{MetricPrivilegeOperations, "{operation}", "Changes of privileges and uses of capabilities, with those that failed and those that are not reported since they repeat others.", []string{PrivilegeEvent}}
}

// PrivilegeMetrics describes the counts per workload of the tracer "privilege".
func PrivilegeMetrics() []Metric {
	return []Metric{PrivilegeOperations()}
}
