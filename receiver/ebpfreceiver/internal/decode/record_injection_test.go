// SPDX-License-Identifier: Apache-2.0

package decode

import (
	"unsafe"

	injectionbpf "github.com/meerkat-otel/meerkat/bpf/injection"
)

func injectionKinds() map[string]uint16 {
	return map[string]uint16{
		"process_access": KindInjectionProcessAccess, "memory_file": KindInjectionMemoryFile, "fileless_exec": KindInjectionFilelessExec,
		"executable_memory": KindInjectionExecutableMemory, "loader_change": KindInjectionLoaderChange,
		"kernel_code": KindInjectionKernelCode, "io_uring": KindInjectionIOUring,
	}
}

func injectionLengths() map[uintptr]int {
	var e injectionbpf.InjectionInjectionEvent
	at := unsafe.Offsetof(e.DirectoryBytes)
	return map[uintptr]int{
		unsafe.Offsetof(e.NameBytes): 2, unsafe.Offsetof(e.PathBytes): 2, at: 2, at + 2: 2, at + 4: 2,
	}
}

// addInjection adds a record of each kind of the tracer "injection".
func addInjection(add adder) {
	for name, kind := range injectionKinds() {
		add(name, "injection", kind, injectionbpf.InjectionInjectionEvent{
			Header: headerAs[injectionbpf.InjectionEventHeader](kind), Target: headerAs[injectionbpf.InjectionEventHeader](kind),
			Window: 21, Address: 22, Bytes: 23, Inode: 24, Device: 25,
			Number: 26, GivenFlags: 27, GivenPid: 28, Error: 29, Operation: uint16(InjectionPtraceAttach),
			Flags:     uint16(injectionbpf.InjectionInjectionFlagsINJECTION_PATH_IS_ARGUMENT),
			NameBytes: 4, PathBytes: 3, DirectoryBytes: [3]uint16{2, 1, 5}, Program: 30,
		}, injectionLengths(), "name", "pat", "d1", "d", "below")
	}
}
