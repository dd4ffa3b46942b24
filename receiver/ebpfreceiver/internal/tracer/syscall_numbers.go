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

// syscallTable has for each number of a system call what it does, as entry puts it. 32-bit calls come behind the
// others.
func syscallTable[O, E any](operations map[string]O, entry func(name string, o O, isCompat bool) E) [2 * syscallsMax]E {
	var table [2 * syscallsMax]E
	for name, o := range operations {
		native, compat, hasNative, hasCompat := syscallNumbers(name)
		if hasNative {
			table[native] = entry(name, o, false)
		}
		if hasCompat {
			table[syscallsMax+compat] = entry(name, o, true)
		}
	}
	return table
}

// asByte is the entry of a table that says no more than which operation it is.
func asByte[O ~uint32](_ string, o O, _ bool) uint8 { return uint8(o) }

// SyscallName is the name of a system call of an architecture, as of runtime.GOARCH, or of the 32-bit one
// beside it. It is empty for numbers that are not known.
func SyscallName(architecture string, number uint32, isCompat bool) string {
	table, compat := syscallTables(architecture)
	if isCompat {
		table = compat
	}
	if table == nil {
		return ""
	}
	return table.SyscallNumbers[int(number)]
}
