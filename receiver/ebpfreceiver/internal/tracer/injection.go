// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	injectionbpf "github.com/meerkat-otel/meerkat/bpf/injection"
)

// Injection observes ways to put code where it was not: into other processes, memory, the loader's
// configuration and the kernel.
func Injection() Spec {
	return Spec{
		Name: "injection",
		Brief: "Access to the memory of other processes, execution without a file, changes of the loader's configuration, " +
			"code for the kernel, work submitted through io_uring.",
		DefaultEnabled: true,
		Cost:           CostMedium,
		Privileges:     basePrivileges(),
		Kinds: []string{
			"process_access", "memory_file", "fileless_exec", "executable_memory", "loader_change", "kernel_code", "io_uring", "repeat",
		},
		Load: injectionbpf.LoadInjection,
		Hooks: []Hook{
			syscallHook(injectionbpf.InjectionProgInjectionSyscall, slices.Sorted(maps.Keys(injectionCalls()))...),
			hook("sched_process_exec", injectionbpf.InjectionProgInjectionExec, injectionbpf.InjectionProgInjectionExecRaw),
			// In the order of the kernels' versions, newest first: each is refused by older ones.
			hook("io_uring_submit", injectionbpf.InjectionProgInjectionSubmitRequest, injectionbpf.InjectionProgInjectionSubmitRequestRaw,
				injectionbpf.InjectionProgInjectionSubmitEntry, injectionbpf.InjectionProgInjectionSubmitEntrySeven,
				injectionbpf.InjectionProgInjectionSubmitEntryFive),
			// Without it the loading of a module is seen all the same, but not its name. Kernels without
			// modules don't have it.
			optional(hook("module_load", injectionbpf.InjectionProgInjectionModule, injectionbpf.InjectionProgInjectionModuleRaw)),
		},
	}
}

// InjectionLoaderFiles is the map of files whose change is reported.
const InjectionLoaderFiles = injectionbpf.InjectionMapLoaderFiles

// injectionCall is what one system call does.
type injectionCall = injectionbpf.InjectionInjectionCall

func callOf(operation injectionbpf.InjectionInjectionOperation) injectionCall {
	return injectionCall{Operation: uint8(operation)}
}

// InjectionMemoryCalls are the calls by which memory becomes executable. They are frequent, so they are
// looked at only where that is asked for.
func InjectionMemoryCalls() []string { return []string{"mmap", "mmap2", "mprotect", "pkey_mprotect"} }

// injectionCalls are the calls by name. The numbers in the fields are positions of arguments, from 1.
func injectionCalls() map[string]injectionCall {
	calls := map[string]injectionCall{
		"ptrace":            callOf(injectionbpf.InjectionInjectionOperationOPERATION_PTRACE),
		"process_vm_writev": callOf(injectionbpf.InjectionInjectionOperationOPERATION_MEMORY_WRITE),
		"pidfd_getfd":       callOf(injectionbpf.InjectionInjectionOperationOPERATION_DESCRIPTOR_GET),
		"memfd_create":      callOf(injectionbpf.InjectionInjectionOperationOPERATION_MEMFD_CREATE),
		"bpf":               callOf(injectionbpf.InjectionInjectionOperationOPERATION_BPF_LOAD),
		"perf_event_open":   callOf(injectionbpf.InjectionInjectionOperationOPERATION_PERF_OPEN),
		"init_module":       callOf(injectionbpf.InjectionInjectionOperationOPERATION_MODULE_INIT),
		"finit_module":      callOf(injectionbpf.InjectionInjectionOperationOPERATION_MODULE_FINIT),
		"delete_module":     callOf(injectionbpf.InjectionInjectionOperationOPERATION_MODULE_DELETE),
		"kexec_load":        callOf(injectionbpf.InjectionInjectionOperationOPERATION_KEXEC_LOAD),
		"kexec_file_load":   callOf(injectionbpf.InjectionInjectionOperationOPERATION_KEXEC_FILE_LOAD),
		"io_uring_setup":    callOf(injectionbpf.InjectionInjectionOperationOPERATION_IO_URING_SETUP),
	}
	for _, name := range InjectionMemoryCalls() {
		calls[name] = callOf(injectionbpf.InjectionInjectionOperationOPERATION_PROTECT)
		if strings.HasPrefix(name, "mmap") {
			calls[name] = callOf(injectionbpf.InjectionInjectionOperationOPERATION_MAP)
		}
	}
	for operation, ofFiles := range map[injectionbpf.InjectionInjectionOperation]map[string]injectionCall{
		injectionbpf.InjectionInjectionOperationOPERATION_OPEN: {
			"open": {Path: 1, Flags: 2}, "creat": {Path: 1}, "openat": {Directory: 1, Path: 2, Flags: 3},
			"openat2": {Directory: 1, Path: 2, FlagsBehind: 3}, "open_by_handle_at": {Flags: 3},
		},
		injectionbpf.InjectionInjectionOperationOPERATION_RENAME: {
			"rename": {Path: 2}, "renameat": {Directory: 3, Path: 4}, "renameat2": {Directory: 3, Path: 4},
		},
		injectionbpf.InjectionInjectionOperationOPERATION_LINK:    {"link": {Path: 2}, "linkat": {Directory: 3, Path: 4}},
		injectionbpf.InjectionInjectionOperationOPERATION_SYMLINK: {"symlink": {Path: 2}, "symlinkat": {Directory: 2, Path: 3}},
	} {
		for name, call := range ofFiles {
			call.Operation = uint8(operation)
			calls[name] = call
		}
	}
	return calls
}

// injectionIOUring are the operations of io_uring that do what a tracer would otherwise see at the end of a
// system call; numbers of include/uapi/linux/io_uring.h.
func injectionIOUring() []int {
	const (
		accept, connect                                = 13, 16
		openat, openat2                                = 18, 28
		renameat, unlinkat, mkdirat, symlinkat, linkat = 35, 36, 37, 38, 39
		fsetxattr, setxattr, socket                    = 41, 42, 45
		ftruncate, bind, listen                        = 55, 56, 57
	)
	return []int{
		accept, connect, openat, openat2, renameat, unlinkat, mkdirat, symlinkat, linkat, fsetxattr, setxattr, socket,
		ftruncate, bind, listen,
	}
}

// InjectionConstants are the constants of the tracer's programs that depend on the architecture alone.
func InjectionConstants() map[string]any {
	var operations uint64
	for _, operation := range injectionIOUring() {
		operations |= 1 << operation
	}
	return map[string]any{
		injectionbpf.InjectionVarInjectionCalls:    syscallTable(injectionCalls(), injectionEntry),
		injectionbpf.InjectionVarIoUringOperations: operations,
	}
}

// injectionEntry leaves out the old 32-bit mmap: it has its arguments in memory, and nobody has called it for
// decades.
func injectionEntry(name string, call injectionCall, isCompat bool) injectionCall {
	if isCompat && name == "mmap" {
		return injectionCall{}
	}
	return call
}

// SetInjectionLoaderFiles names the files whose change is reported, and, with a slash at the end,
// directories.
func SetInjectionLoaderFiles(t *Tracer, files []string) error {
	for _, file := range files {
		for _, key := range loaderKeys(file) {
			if err := t.Map(InjectionLoaderFiles).Put(key, uint8(1)); err != nil {
				return fmt.Errorf("add the loader file %q: %w", file, err)
			}
		}
	}
	return nil
}

// loaderKeys are those by which the kernel half finds a file.
func loaderKeys(file string) []injectionbpf.InjectionLoaderFile {
	key := func(directory, name string) (k injectionbpf.InjectionLoaderFile) {
		copy(k.Directory[:], directory)
		copy(k.Name[:], name)
		return k
	}
	if directory, isDirectory := strings.CutSuffix(file, "/"); isDirectory {
		return []injectionbpf.InjectionLoaderFile{key(path.Base(directory), "")}
	}
	name := path.Base(file)
	return []injectionbpf.InjectionLoaderFile{key(path.Base(path.Dir(file)), name), key("", name)}
}

// InjectionSeenKey names what a process did in one time window.
type InjectionSeenKey = injectionbpf.InjectionInjectionSeenKey

// InjectionSeenCount says how often it happened again.
type InjectionSeenCount = injectionbpf.InjectionSeenCount
