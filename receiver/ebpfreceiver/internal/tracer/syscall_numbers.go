// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	"runtime"

	"github.com/elastic/go-seccomp-bpf/arch"
)

// syscallNumbers returns the numbers of a system call: of this architecture, and of the 32-bit
// architecture whose programs it runs too. Not every call exists in both.
func syscallNumbers(name string) (native, compat uint32, hasNative, hasCompat bool) {
	find := func(a *arch.Info) (uint32, bool) {
		if a == nil {
			return 0, false
		}
		number, ok := a.SyscallNames[name]
		return uint32(number), ok && number < syscallsMax
	}
	ours, theirs := syscallTables(runtime.GOARCH)
	native, hasNative = find(ours)
	compat, hasCompat = find(theirs)
	return native, compat, hasNative, hasCompat
}

// syscallTables returns what an architecture's calls are, and those of the 32-bit one beside it.
func syscallTables(architecture string) (native, compat *arch.Info) {
	switch architecture {
	case "amd64":
		return arch.X86_64, arch.I386
	case "arm64":
		return arch.AARCH64, arch.ARM
	}
	return nil, nil
}
