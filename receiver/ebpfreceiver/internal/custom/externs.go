// SPDX-License-Identifier: Apache-2.0

package custom

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/features"
	"golang.org/x/sys/unix"
)

// externMap is a map of one entry that stands in for extern variables. A C program can't have a map of that name.
const externMap = ".kconfig.known"

// Extern variables that libbpf makes up, each of them 8 bytes wide in the map.
const (
	externBytes          = 8
	externKernelVersion  = "LINUX_KERNEL_VERSION"
	externCookie         = "LINUX_HAS_BPF_COOKIE"
	externSyscallWrapper = "LINUX_HAS_SYSCALL_WRAPPER"
)

func externs() []string { return []string{externKernelVersion, externCookie, externSyscallWrapper} }

func isExtern(name string) bool { return externNumber(name) >= 0 }

func externNumber(name string) int {
	for i, known := range externs() {
		if name == known {
			return i
		}
	}
	return -1
}

// checkExterns refuses extern variables that are not known.
func checkExterns(object []byte) error {
	types, err := btf.LoadSpecFromReader(bytes.NewReader(object))
	if errors.Is(err, btf.ErrNotFound) {
		return nil // Inspect says so
	}
	if err != nil {
		return fmt.Errorf("read the type information of the object: %w", err)
	}
	var section *btf.Datasec
	if err := types.TypeByName(externSectionRenamed, &section); err != nil {
		if errors.Is(err, btf.ErrNotFound) {
			return nil
		}
		return fmt.Errorf("extern variables: %w", err)
	}
	for _, variable := range section.Vars {
		v, ok := variable.Type.(*btf.Var)
		if !ok {
			return errors.New("extern variables: the type information is broken: compile again")
		}
		if !isExtern(v.Name) {
			return fmt.Errorf("the extern variable %q is not known here: many a kernel does not tell how it was built; "+
				"find out by CO-RE instead (bpf_core_field_exists)", v.Name)
		}
		if variable.Size > externBytes {
			return fmt.Errorf("the extern variable %q has %d bytes: declare it as int or _Bool", v.Name, variable.Size)
		}
	}
	return nil
}

// resolveExterns makes programs read extern variables from a map of ours.
func resolveExterns(spec *ebpf.CollectionSpec) {
	used := false
	for _, p := range spec.Programs {
		for i := range p.Instructions {
			ins := &p.Instructions[i]
			number := externNumber(ins.Reference())
			if number < 0 || !ins.OpCode.IsDWordLoad() || ins.Src != asm.R0 {
				continue
			}
			used = true
			// Made anew, so that nothing of the extern variable is left in it.
			fresh := asm.Instruction{OpCode: ins.OpCode, Dst: ins.Dst, Src: asm.PseudoMapValue, Constant: int64(number) * externBytes << 32}
			fresh = fresh.WithReference(externMap).WithSource(ins.Source())
			if symbol := ins.Symbol(); symbol != "" {
				fresh = fresh.WithSymbol(symbol)
			}
			if function := btf.FuncMetadata(ins); function != nil {
				fresh = btf.WithFuncMetadata(fresh, function)
			}
			*ins = fresh
		}
	}
	if used {
		// A map of this name is frozen, so that the verifier knows the values and leaves out what is not for this kernel.
		spec.Maps[externMap] = &ebpf.MapSpec{
			Name: externSection, Type: ebpf.Array, KeySize: 4, ValueSize: uint32(externBytes * len(externs())), MaxEntries: 1,
			Flags:    unix.BPF_F_RDONLY_PROG,
			Contents: []ebpf.MapKV{{Key: uint32(0), Value: externValues()}},
		}
	}
}

func externValues() []byte {
	values := make([]byte, externBytes*len(externs()))
	set := func(name string, value uint64) {
		binary.NativeEndian.PutUint64(values[externBytes*externNumber(name):], value)
	}
	if version, err := features.LinuxVersionCode(); err == nil {
		set(externKernelVersion, uint64(version))
	}
	if haveCookies() {
		set(externCookie, 1)
	}
	// Since 4.17 on amd64 and 4.19 on arm64, which is before all kernels that are supported.
	set(externSyscallWrapper, 1)
	return values
}

// haveCookies tells whether programs can be told where they were attached: since 5.15.
func haveCookies() bool { return features.HaveProgramHelper(ebpf.Kprobe, asm.FnGetAttachCookie) == nil }
