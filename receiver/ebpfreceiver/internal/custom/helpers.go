// SPDX-License-Identifier: Apache-2.0

package custom

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
)

// Groups of helpers by what they change.
const (
	changesProcesses = "changes processes"
	changesResults   = "changes the results of calls"
	changesPackets   = "changes or redirects packets"
	changesSockets   = "changes sockets"
	changesSystem    = "changes the system"
)

// changingHelpers are the kernel's helpers that do more than observe, with what they change. Helpers are numbered
// for good: the kernel gets no new ones.
func changingHelpers() map[asm.BuiltinFunc]string {
	all := map[asm.BuiltinFunc]string{
		asm.FnOverrideReturn: changesResults, asm.FnSetRetval: changesResults,
	}
	for what, helpers := range map[string][]asm.BuiltinFunc{
		changesProcesses: {asm.FnProbeWriteUser, asm.FnSendSignal, asm.FnSendSignalThread, asm.FnBprmOptsSet},
		changesSystem: {
			asm.FnSysBpf, asm.FnSysClose, asm.FnSysctlSetNewValue, asm.FnRcRepeat, asm.FnRcKeydown, asm.FnRcPointerRel,
		},
		changesPackets: {
			asm.FnSkbStoreBytes, asm.FnL3CsumReplace, asm.FnL4CsumReplace, asm.FnCloneRedirect, asm.FnSkbVlanPush, asm.FnSkbVlanPop,
			asm.FnSkbSetTunnelKey, asm.FnRedirect, asm.FnSkbSetTunnelOpt, asm.FnSkbChangeProto, asm.FnSkbChangeType, asm.FnSkbChangeTail,
			asm.FnCsumUpdate, asm.FnSetHashInvalid, asm.FnSkbChangeHead, asm.FnXdpAdjustHead, asm.FnSetHash, asm.FnSkbAdjustRoom,
			asm.FnRedirectMap, asm.FnSkRedirectMap, asm.FnXdpAdjustMeta, asm.FnMsgRedirectMap, asm.FnMsgApplyBytes, asm.FnMsgCorkBytes,
			asm.FnXdpAdjustTail, asm.FnMsgRedirectHash, asm.FnSkRedirectHash, asm.FnLwtPushEncap, asm.FnLwtSeg6StoreBytes,
			asm.FnLwtSeg6AdjustSrh, asm.FnLwtSeg6Action, asm.FnMsgPushData, asm.FnMsgPopData, asm.FnSkbEcnSetCe, asm.FnRedirectNeigh,
			asm.FnRedirectPeer, asm.FnXdpStoreBytes, asm.FnSkbSetTstamp, asm.FnStoreHdrOpt, asm.FnReserveHdrOpt,
		},
		changesSockets: {
			asm.FnSetsockopt, asm.FnBind, asm.FnSockMapUpdate, asm.FnSockHashUpdate, asm.FnSockOpsCbFlagsSet, asm.FnSkSelectReuseport,
			asm.FnSkAssign, asm.FnTcpSendAck,
		},
	} {
		for _, helper := range helpers {
			all[helper] = what
		}
	}
	return all
}

// lastHelper has the highest number.
const lastHelper = asm.FnCgrpStorageDelete

// observingKfuncs are beginnings of the names of the kernel's functions that programs may call: references,
// iteration, sets of processors, and reading. All others are refused, since every kernel has new ones.
func observingKfuncs() []string {
	return []string{
		"bpf_iter_", "bpf_cpumask_", "bpf_rcu_read_", "bpf_preempt_", "bpf_task_acquire", "bpf_task_release", "bpf_task_from_pid",
		"bpf_task_from_vpid", "bpf_task_get_cgroup1", "bpf_task_under_cgroup", "bpf_cgroup_acquire", "bpf_cgroup_release",
		"bpf_cgroup_ancestor", "bpf_cgroup_from_id", "bpf_cast_to_kern_ctx", "bpf_rdonly_cast", "bpf_get_task_exe_file", "bpf_put_file",
		"bpf_path_d_path", "bpf_get_kmem_cache", "bpf_str", "bpf_probe_read_user_str_dynptr", "bpf_copy_from_user_str",
	}
}

// checkInstructions walks through a program, and all that it calls, for what does more than observe, and for what
// reaches beyond the object.
func checkInstructions(spec *ebpf.CollectionSpec, p *ebpf.ProgramSpec) error {
	changing := changingHelpers()
	for i := range p.Instructions {
		ins := &p.Instructions[i]
		var err error
		switch {
		case ins.IsBuiltinCall():
			err = checkHelper(changing, asm.BuiltinFunc(ins.Constant))
		case ins.OpCode.JumpOp() == asm.Call && ins.Src == asm.PseudoKfuncCall:
			err = checkKfunc(ins)
		case ins.OpCode.IsDWordLoad():
			err = checkLoad(spec, ins)
		case ins.OpCode.JumpOp() == asm.Call && ins.Src != asm.PseudoCall:
			err = fmt.Errorf("a call of unknown kind %d", ins.Src)
		}
		if err != nil {
			return located(ins, i, err)
		}
	}
	return nil
}

// located says where an instruction is in the source, if the object knows.
func located(ins *asm.Instruction, number int, err error) error {
	if source := ins.Source(); source != nil {
		if line := strings.TrimSpace(source.String()); line != "" {
			return fmt.Errorf("instruction %d (%.100s): %w", number, line, err)
		}
	}
	return fmt.Errorf("instruction %d: %w", number, err)
}

func checkHelper(changing map[asm.BuiltinFunc]string, helper asm.BuiltinFunc) error {
	if what, changes := changing[helper]; changes {
		return fmt.Errorf("the helper %s %s, and custom tracers observe: remove the call", helperName(helper), what)
	}
	if helper == asm.FnTailCall {
		return fmt.Errorf("tail calls are not served: call a function (__noinline) instead")
	}
	if helper > lastHelper {
		return fmt.Errorf("there is no helper %d", helper)
	}
	return nil
}

// helperName is what the kernel calls it: FnProbeWriteUser is bpf_probe_write_user.
func helperName(helper asm.BuiltinFunc) string {
	var b strings.Builder
	b.WriteString("bpf")
	for _, r := range strings.TrimPrefix(helper.String(), "Fn") {
		if r >= 'A' && r <= 'Z' {
			b.WriteByte('_')
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}

// checkKfunc takes calls by name alone: the reader of objects sets the number to -1 if it knows the function.
func checkKfunc(ins *asm.Instruction) error {
	name := ins.Reference()
	if name == "" || ins.Constant != -1 {
		return fmt.Errorf("a function of the kernel is called by its number: declare it with __ksym")
	}
	if !slices.ContainsFunc(observingKfuncs(), func(start string) bool { return strings.HasPrefix(name, start) }) {
		return fmt.Errorf("the kernel's function %s is not one of those that only observe: remove the call", name)
	}
	return nil
}

// checkLoad refuses to load what is no part of the object: descriptors of the collector, by their numbers.
func checkLoad(spec *ebpf.CollectionSpec, ins *asm.Instruction) error {
	switch ins.Src {
	case asm.R0, asm.PseudoFunc:
		return nil
	case asm.PseudoMapFD, asm.PseudoMapValue:
		if _, known := spec.Maps[ins.Reference()]; known {
			return nil
		}
		return fmt.Errorf("it loads a map that is no part of the object")
	default:
		return fmt.Errorf("it loads something that is no part of the object")
	}
}
