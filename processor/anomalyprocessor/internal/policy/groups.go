// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"slices"
	"strings"
)

// group is a number of system calls that a tracer watches.
type group struct {
	tracer string
	// operations are the tracer's words for a use; one that ends in _ stands for all that begin so.
	operations []string
	calls      []string
	// always tells that runtimes allow the calls; with are capabilities of which one is enough for that.
	always bool
	with   []string
}

// groups are what a profile takes away if the workload has no use for it.
func groups() []group {
	admin := []string{"CAP_SYS_ADMIN"}
	return []group{
		{tracer: "injection", operations: []string{"ptrace_"}, calls: []string{"ptrace"}, always: true},
		{tracer: "injection", operations: []string{"memory_write"}, calls: []string{"process_vm_writev"}, always: true},
		{tracer: "injection", operations: []string{"descriptor_get"}, calls: []string{"pidfd_getfd"}, with: []string{"CAP_SYS_PTRACE"}},
		{tracer: "injection", operations: []string{"memfd_create"}, calls: []string{"memfd_create", "memfd_secret"}, always: true},
		{tracer: "injection", operations: []string{"bpf_load"}, calls: []string{"bpf"}, with: []string{"CAP_SYS_ADMIN", "CAP_BPF"}},
		{tracer: "injection", operations: []string{"perf_open"}, calls: []string{"perf_event_open"}, with: []string{"CAP_SYS_ADMIN", "CAP_PERFMON"}},
		{tracer: "injection", operations: []string{"module_load", "module_unload"}, calls: []string{"init_module", "finit_module", "delete_module"},
			with: []string{"CAP_SYS_MODULE"}},
		{tracer: "injection", operations: []string{"kexec_load", "kexec_file_load"}, calls: []string{"kexec_load", "kexec_file_load"},
			with: []string{"CAP_SYS_BOOT"}},
		{tracer: "injection", operations: []string{"io_uring_"}, calls: []string{"io_uring_setup", "io_uring_enter", "io_uring_register"}},
		{tracer: "mount", operations: []string{
			"mount", "bind", "remount", "propagation", "move", "umount", "move_mount", "mount_setattr", "open_tree", "fsmount", "fsconfig",
		}, calls: []string{
			"mount", "umount", "umount2", "fsopen", "fsconfig", "fsmount", "fspick", "open_tree", "open_tree_attr", "move_mount", "mount_setattr",
		}, with: admin},
		{tracer: "privilege", operations: []string{"pivot_root"}, calls: []string{"pivot_root"}},
		{tracer: "privilege", operations: []string{"chroot"}, calls: []string{"chroot"}, with: []string{"CAP_SYS_CHROOT"}},
		{tracer: "privilege", operations: []string{"setns"}, calls: []string{"setns"}, with: admin},
		{tracer: "privilege", operations: []string{"unshare"}, calls: []string{"unshare"}, with: admin},
	}
}

// used tells whether one of the operations is the group's.
func (g *group) used(operations []string) bool {
	return slices.ContainsFunc(operations, func(operation string) bool {
		return slices.ContainsFunc(g.operations, func(own string) bool {
			return operation == own || strings.HasSuffix(own, "_") && strings.HasPrefix(operation, own)
		})
	})
}

// allowed tells whether runtimes allow the group to who has these capabilities.
func (g *group) allowed(capabilities []string) bool {
	return g.always || slices.ContainsFunc(g.with, func(c string) bool { return slices.Contains(capabilities, c) })
}
