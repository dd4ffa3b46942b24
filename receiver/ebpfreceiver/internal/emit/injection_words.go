// SPDX-License-Identifier: Apache-2.0

package emit

import (
	"strconv"
	"strings"
	"syscall"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
)

// words are how an operation is named, and how sentences tell that it was done, or could not be.
type words struct{ name, did, do string }

// injectionWords returns them empty for what is no operation.
func injectionWords(operation decode.InjectionOperation, number uint32) words {
	if operation == decode.InjectionIOUringSubmit {
		name := nameOrNumber(ioUringOperations, number)
		return words{"io_uring_" + name, "submitted through io_uring: " + name, "submit through io_uring: " + name}
	}
	return injectionOperations[operation]
}

// sentence is what people read.
func (w words) sentence(subject, object string, failure int32) string {
	if failure != 0 {
		return subject + " could not " + strings.TrimSuffix(w.do+" "+object, " ") + ": " + errorName(syscall.Errno(failure))
	}
	return subject + " " + strings.TrimSuffix(w.did+" "+object, " ")
}

var injectionOperations = map[decode.InjectionOperation]words{
	decode.InjectionPtraceAttach:       {"ptrace_attach", "attached by ptrace to", "attach by ptrace to"},
	decode.InjectionPtraceSeize:        {"ptrace_seize", "attached by ptrace to", "attach by ptrace to"},
	decode.InjectionPtracePokeText:     {"ptrace_poke_text", "wrote by ptrace into", "write by ptrace into"},
	decode.InjectionPtracePokeData:     {"ptrace_poke_data", "wrote by ptrace into", "write by ptrace into"},
	decode.InjectionPtracePokeUser:     {"ptrace_poke_user", "wrote by ptrace into the state of", "write by ptrace into the state of"},
	decode.InjectionPtraceSetRegisters: {"ptrace_set_registers", "set by ptrace the registers of", "set by ptrace the registers of"},
	decode.InjectionMemoryWrite:        {"memory_write", "wrote into the memory of", "write into the memory of"},
	decode.InjectionMemoryOpen:         {"memory_open", "opened for write the memory of", "open for write the memory of"},
	decode.InjectionDescriptorGet:      {"descriptor_get", "took a descriptor from", "take a descriptor from"},
	decode.InjectionMemfdCreate:        {"memfd_create", "made the memfd", "make the memfd"},
	decode.InjectionExecute:            {"execute", "executed", "execute"},
	decode.InjectionMap:                {"map", "mapped memory that is writable and executable", "map memory that is writable and executable"},
	decode.InjectionProtect:            {"protect", "made memory executable that was writable", "make memory executable that was writable"},
	decode.InjectionOpen:               {"open", "opened for write:", "open for write:"},
	decode.InjectionCreate:             {"create", "created", "create"},
	decode.InjectionRename:             {"rename", "renamed a file to", "rename a file to"},
	decode.InjectionLink:               {"link", "linked a file as", "link a file as"},
	decode.InjectionSymlink:            {"symlink", "made the symbolic link", "make the symbolic link"},
	decode.InjectionBPFLoad:            {"bpf_load", "loaded the BPF program", "load the BPF program"},
	decode.InjectionPerfOpen:           {"perf_open", "opened a perf event", "open a perf event"},
	decode.InjectionModuleInit:         {"module_load", "loaded the kernel module", "load the kernel module"},
	decode.InjectionModuleFinit:        {"module_load", "loaded the kernel module", "load the kernel module"},
	decode.InjectionModuleDelete:       {"module_unload", "removed the kernel module", "remove the kernel module"},
	decode.InjectionKexecLoad:          {"kexec_load", "loaded another kernel", "load another kernel"},
	decode.InjectionKexecFileLoad:      {"kexec_file_load", "loaded another kernel", "load another kernel"},
	decode.InjectionIOUringSetup:       {"io_uring_setup", "made an io_uring", "make an io_uring"},
}

// nameOrNumber returns the name that a number stands for, or the number.
func nameOrNumber(known map[uint32]string, number uint32) string {
	if name, ok := known[number]; ok {
		return name
	}
	return strconv.FormatUint(uint64(number), 10)
}

// ioUringOperations are those that the kernel half reports; names of enum io_uring_op in lower case.
var ioUringOperations = map[uint32]string{
	13: "accept", 16: "connect", 18: "openat", 28: "openat2", 35: "renameat", 36: "unlinkat", 37: "mkdirat",
	38: "symlinkat", 39: "linkat", 41: "fsetxattr", 42: "setxattr", 45: "socket", 55: "ftruncate", 56: "bind", 57: "listen",
}

// bpfProgramTypes are named as bpftool does; numbers of enum bpf_prog_type.
var bpfProgramTypes = map[uint32]string{
	0: "unspec", 1: "socket_filter", 2: "kprobe", 3: "sched_cls", 4: "sched_act", 5: "tracepoint", 6: "xdp", 7: "perf_event",
	8: "cgroup_skb", 9: "cgroup_sock", 10: "lwt_in", 11: "lwt_out", 12: "lwt_xmit", 13: "sock_ops", 14: "sk_skb",
	15: "cgroup_device", 16: "sk_msg", 17: "raw_tracepoint", 18: "cgroup_sock_addr", 19: "lwt_seg6local", 20: "lirc_mode2",
	21: "sk_reuseport", 22: "flow_dissector", 23: "cgroup_sysctl", 24: "raw_tracepoint_writable", 25: "cgroup_sockopt",
	26: "tracing", 27: "struct_ops", 28: "ext", 29: "lsm", 30: "sk_lookup", 31: "syscall", 32: "netfilter",
}

// perfEventTypes are numbers of enum perf_type_id. Others belong to units that register themselves.
var perfEventTypes = map[uint32]string{0: "hardware", 1: "software", 2: "tracepoint", 3: "hw_cache", 4: "raw", 5: "breakpoint"}

// injectionFlagNames are the flags of a call by their bits.
func injectionFlagNames(operation decode.InjectionOperation) map[uint32]string {
	switch operation {
	case decode.InjectionMemfdCreate:
		return map[uint32]string{
			0: "MFD_CLOEXEC", 1: "MFD_ALLOW_SEALING", 2: "MFD_HUGETLB", 3: "MFD_NOEXEC_SEAL", 4: "MFD_EXEC",
		}
	case decode.InjectionMap, decode.InjectionProtect:
		return map[uint32]string{0: "PROT_READ", 1: "PROT_WRITE", 2: "PROT_EXEC"}
	case decode.InjectionIOUringSetup:
		return map[uint32]string{
			0: "IORING_SETUP_IOPOLL", 1: "IORING_SETUP_SQPOLL", 2: "IORING_SETUP_SQ_AFF", 3: "IORING_SETUP_CQSIZE",
			4: "IORING_SETUP_CLAMP", 5: "IORING_SETUP_ATTACH_WQ", 6: "IORING_SETUP_R_DISABLED", 7: "IORING_SETUP_SUBMIT_ALL",
			8: "IORING_SETUP_COOP_TASKRUN", 9: "IORING_SETUP_TASKRUN_FLAG", 10: "IORING_SETUP_SQE128", 11: "IORING_SETUP_CQE32",
			12: "IORING_SETUP_SINGLE_ISSUER", 13: "IORING_SETUP_DEFER_TASKRUN", 14: "IORING_SETUP_NO_MMAP",
			15: "IORING_SETUP_REGISTERED_FD_ONLY", 16: "IORING_SETUP_NO_SQARRAY",
		}
	}
	return nil
}

// flagNames names each bit that is set, from the lowest on.
func flagNames(known map[uint32]string, flags uint32) []string {
	var all []string
	for bit := range uint32(32) {
		if flags>>bit&1 == 0 {
			continue
		}
		name, ok := known[bit]
		if !ok {
			name = "0x" + strconv.FormatUint(1<<bit, 16)
		}
		all = append(all, name)
	}
	return all
}
