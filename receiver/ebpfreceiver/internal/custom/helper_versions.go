// SPDX-License-Identifier: Apache-2.0

package custom

import (
	"fmt"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
)

// helpersSince are the last helpers of each version of Linux that has brought some since 5.10, the oldest that is
// served. Helpers are numbered in the order in which they came.
func helpersSince() []struct {
	last    asm.BuiltinFunc
	version string
} {
	return []struct {
		last    asm.BuiltinFunc
		version string
	}{
		{asm.FnRedirectPeer, "5.10"}, {asm.FnSockFromFile, "5.11"}, {asm.FnCheckMtu, "5.12"}, {asm.FnSnprintf, "5.13"},
		{asm.FnSysClose, "5.14"}, {asm.FnTaskPtRegs, "5.15"}, {asm.FnKallsymsLookupName, "5.16"}, {asm.FnGetFuncArgCnt, "5.17"},
		{asm.FnImaFileHash, "5.18"}, {asm.FnDynptrData, "5.19"}, {asm.FnTcpRawCheckSyncookieIpv6, "6.0"},
		{asm.FnUserRingbufDrain, "6.1"}, {lastHelper, "6.2"},
	}
}

// missingHelper says which helper a program calls that a kernel does not have, by the kernel's type information;
// empty if there is none, or nobody knows.
func missingHelper(p *ebpf.ProgramSpec, kernel *btf.Spec) string {
	var numbers *btf.Enum
	if err := kernel.TypeByName("bpf_func_id", &numbers); err != nil {
		return ""
	}
	var end uint64 // what is behind the last one
	for _, value := range numbers.Values {
		if value.Name == "__BPF_FUNC_MAX_ID" {
			end = value.Value
		}
	}
	if end == 0 {
		return ""
	}
	for i := range p.Instructions {
		ins := &p.Instructions[i]
		if !ins.IsBuiltinCall() || uint64(ins.Constant) < end {
			continue
		}
		helper := asm.BuiltinFunc(ins.Constant)
		for _, since := range helpersSince() {
			if helper <= since.last {
				return fmt.Sprintf("this kernel has no helper %s, which came with Linux %s", helperName(helper), since.version)
			}
		}
	}
	return ""
}
