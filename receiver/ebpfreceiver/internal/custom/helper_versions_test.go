// SPDX-License-Identifier: Apache-2.0

package custom

import (
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// kernelWith is the type information of a kernel whose last helper has a number.
func kernelWith(t *testing.T, last asm.BuiltinFunc) *btf.Spec {
	t.Helper()
	builder, err := btf.NewBuilder([]btf.Type{&btf.Enum{Name: "bpf_func_id", Size: 4, Values: []btf.EnumValue{
		{Name: "BPF_FUNC_unspec"}, {Name: "BPF_FUNC_map_lookup_elem", Value: 1}, {Name: "__BPF_FUNC_MAX_ID", Value: uint64(last) + 1},
	}}}, nil)
	require.NoError(t, err)
	spec, err := builder.Spec()
	require.NoError(t, err)
	return spec
}

func calling(helpers ...asm.BuiltinFunc) *ebpf.ProgramSpec {
	var p ebpf.ProgramSpec
	for _, helper := range helpers {
		p.Instructions = append(p.Instructions, helper.Call())
	}
	p.Instructions = append(p.Instructions, asm.Return())
	return &p
}

func TestMissingHelper(t *testing.T) {
	old, newer := kernelWith(t, asm.FnRedirectPeer), kernelWith(t, asm.FnSnprintf)
	const want = "this kernel has no helper bpf_for_each_map_elem, which came with Linux 5.13"
	p := calling(asm.FnMapLookupElem, asm.FnForEachMapElem, asm.FnLoop)
	assert.Equal(t, want, missingHelper(p, old))
	assert.Equal(t, "this kernel has no helper bpf_loop, which came with Linux 5.17", missingHelper(p, newer))
	assert.Empty(t, missingHelper(calling(asm.FnMapLookupElem, asm.FnRedirectPeer), old))
	assert.Empty(t, missingHelper(calling(lastHelper+1), old), "there is no such helper anywhere")

	builder, err := btf.NewBuilder([]btf.Type{&btf.Int{Name: "int", Size: 4}}, nil)
	require.NoError(t, err)
	other, err := builder.Spec()
	require.NoError(t, err)
	assert.Empty(t, missingHelper(p, other))

	refused := &VerifierError{Program: "walk", Section: "iter/task", Summary: "unrecognized bpf_ld_imm64 insn", Missing: want}
	assert.EqualError(t, refused, `program "walk", section "iter/task": `+want+"; its verifier says: unrecognized bpf_ld_imm64 insn")
}

// Kernels tell their helpers as the test above has it.
func TestMissingHelper_ofThisKernel(t *testing.T) {
	kernel, err := btf.LoadKernelSpec()
	require.NoError(t, err)
	var numbers *btf.Enum
	require.NoError(t, kernel.TypeByName("bpf_func_id", &numbers))
	assert.Empty(t, missingHelper(calling(asm.FnMapLookupElem, asm.FnRedirectPeer), kernel))
}

// What came with each version, by the kernel's own names.
func TestHelpersSince(t *testing.T) {
	for helper, version := range map[asm.BuiltinFunc]string{
		asm.FnDPath: "5.10", asm.FnTaskStorageGet: "5.11", asm.FnForEachMapElem: "5.13", asm.FnBtfFindByNameKind: "5.14", asm.FnTimerInit: "5.15",
		asm.FnGetAttachCookie: "5.15", asm.FnTraceVprintk: "5.16", asm.FnFindVma: "5.17", asm.FnCopyFromUserTask: "5.18",
		asm.FnKptrXchg: "5.19", asm.FnDynptrData: "5.19", asm.FnKtimeGetTaiNs: "6.1", asm.FnCgrpStorageGet: "6.2",
	} {
		assert.Contains(t, missingHelper(calling(helper), kernelWith(t, asm.FnMapLookupElem)), "with Linux "+version, helper)
	}
}
