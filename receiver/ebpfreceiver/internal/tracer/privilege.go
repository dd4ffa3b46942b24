// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	"maps"
	"slices"
	"strings"

	privilegebpf "github.com/meerkat-otel/meerkat/bpf/privilege"
)

// Privileges observes how processes come by privileges, use them, and give them up.
func Privileges() Spec {
	return Spec{
		Name: "privilege",
		Brief: "Changes of users, groups, capabilities, namespaces, root directory and restrictions, and first uses of " +
			"dangerous capabilities.",
		DefaultEnabled: true,
		Cost:           CostMedium,
		Privileges:     basePrivileges(tracefsPrivilege),
		Kinds: []string{
			"user_change", "group_change", "capabilities_change", "capability_use", "namespace_change", "root_change",
			"restriction_change",
		},
		Load: privilegebpf.LoadPrivilege,
		Hooks: []Hook{
			syscallHook(privilegebpf.PrivilegeProgPrivilegeSyscall, slices.Sorted(maps.Keys(privilegeOperations()))...),
			enterHook(privilegebpf.PrivilegeProgPrivilegeEnter, privilegeEnters()...),
			hook("sched_process_fork", privilegebpf.PrivilegeProgPrivilegeFork, privilegebpf.PrivilegeProgPrivilegeForkRaw),
			// The tracepoint is there since 6.14. The function that it is in has been there always.
			hook("cap_capable", privilegebpf.PrivilegeProgPrivilegeCapable, privilegebpf.PrivilegeProgPrivilegeCapableRaw,
				privilegebpf.PrivilegeProgPrivilegeCapableExit, privilegebpf.PrivilegeProgPrivilegeCapableEntry),
		},
	}
}

// privilegeOperations are the system calls by name.
func privilegeOperations() map[string]privilegebpf.PrivilegePrivilegeOperation {
	operations := map[string]privilegebpf.PrivilegePrivilegeOperation{
		"setuid":     privilegebpf.PrivilegePrivilegeOperationOPERATION_SETUID,
		"setreuid":   privilegebpf.PrivilegePrivilegeOperationOPERATION_SETREUID,
		"setresuid":  privilegebpf.PrivilegePrivilegeOperationOPERATION_SETRESUID,
		"setfsuid":   privilegebpf.PrivilegePrivilegeOperationOPERATION_SETFSUID,
		"setgid":     privilegebpf.PrivilegePrivilegeOperationOPERATION_SETGID,
		"setregid":   privilegebpf.PrivilegePrivilegeOperationOPERATION_SETREGID,
		"setresgid":  privilegebpf.PrivilegePrivilegeOperationOPERATION_SETRESGID,
		"setfsgid":   privilegebpf.PrivilegePrivilegeOperationOPERATION_SETFSGID,
		"setgroups":  privilegebpf.PrivilegePrivilegeOperationOPERATION_SETGROUPS,
		"capset":     privilegebpf.PrivilegePrivilegeOperationOPERATION_CAPSET,
		"prctl":      privilegebpf.PrivilegePrivilegeOperationOPERATION_PRCTL,
		"seccomp":    privilegebpf.PrivilegePrivilegeOperationOPERATION_SECCOMP,
		"setns":      privilegebpf.PrivilegePrivilegeOperationOPERATION_SETNS,
		"unshare":    privilegebpf.PrivilegePrivilegeOperationOPERATION_UNSHARE,
		"clone":      privilegebpf.PrivilegePrivilegeOperationOPERATION_CLONE,
		"clone3":     privilegebpf.PrivilegePrivilegeOperationOPERATION_CLONE3,
		"chroot":     privilegebpf.PrivilegePrivilegeOperationOPERATION_CHROOT,
		"pivot_root": privilegebpf.PrivilegePrivilegeOperationOPERATION_PIVOT_ROOT,
	}
	for name, operation := range maps.Clone(operations) {
		// 32-bit architectures have had ids of 16 bits, and give the calls for longer ones another name.
		if setsIDs(operation) {
			operations[name+"32"] = operation
		}
	}
	return operations
}

func setsIDs(operation privilegebpf.PrivilegePrivilegeOperation) bool {
	return operation <= privilegebpf.PrivilegePrivilegeOperationOPERATION_SETGROUPS
}

// privilegeEnters are the calls before which the credentials are remembered.
func privilegeEnters() []string {
	names := []string{"capset", "prctl"}
	for name, operation := range privilegeOperations() {
		if setsIDs(operation) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// memoryCalls are those in which the kernel asks for CAP_SYS_ADMIN to account for memory. Not all is
// lost with them: what clone() needs it for is an event of its own.
func memoryCalls() map[string]privilegebpf.PrivilegeMemoryCall {
	calls := map[string]privilegebpf.PrivilegeMemoryCall{}
	for call, names := range map[privilegebpf.PrivilegeMemoryCall]string{
		privilegebpf.PrivilegeMemoryCallMEMORY_CALL_ALWAYS: "mmap mmap2 munmap brk mremap mprotect pkey_mprotect madvise mlock mlock2 " +
			"mlockall remap_file_pages clone clone3 fork vfork execve execveat shmget shmat ipc io_setup memfd_create memfd_secret " +
			"truncate truncate64",
		privilegebpf.PrivilegeMemoryCallMEMORY_CALL_WRITES_TO_FIRST: "write writev pwrite64 pwritev pwritev2 ftruncate ftruncate64 fallocate " +
			"sendfile sendfile64",
		privilegebpf.PrivilegeMemoryCallMEMORY_CALL_WRITES_TO_THIRD: "splice copy_file_range",
	} {
		for name := range strings.FieldsSeq(names) {
			calls[name] = call
		}
	}
	return calls
}

// PrivilegeConstants are the constants of the tracer's programs. capabilities has a bit for each one whose
// use is reported; everywhere says that it is outside containers too.
func PrivilegeConstants(capabilities uint64, everywhere bool) map[string]any {
	scope := privilegebpf.PrivilegeCapabilityScopeCAPABILITIES_IN_CONTAINERS
	if everywhere {
		scope = privilegebpf.PrivilegeCapabilityScopeCAPABILITIES_EVERYWHERE
	}
	return map[string]any{
		privilegebpf.PrivilegeVarOperations:           syscallTable(privilegeOperations(), asByte),
		privilegebpf.PrivilegeVarMemoryCalls:          syscallTable(memoryCalls(), asByte),
		privilegebpf.PrivilegeVarCapabilitiesReported: capabilities,
		privilegebpf.PrivilegeVarCapabilityUseScope:   uint32(scope),
	}
}
