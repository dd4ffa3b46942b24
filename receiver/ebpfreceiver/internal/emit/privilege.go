// SPDX-License-Identifier: Apache-2.0

package emit

import (
	"fmt"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
)

// privilegeEmitter writes the events of the tracer "privilege".
type privilegeEmitter struct {
	syscallName SyscallName
}

// Privilege returns the emitter of the tracer "privilege".
func Privilege(syscallName SyscallName) Emitter { return privilegeEmitter{syscallName}.emit }

func (p privilegeEmitter) emit(r Record, event decode.Event) bool {
	switch e := event.(type) {
	case *decode.PrivilegeIDs:
		idsChange(r, e)
	case *decode.PrivilegeCapabilities:
		capabilitiesChange(r, e)
	case *decode.PrivilegeCapabilityUse:
		p.capabilityUse(r, e)
	case *decode.PrivilegeNamespaces:
		namespaceChange(r, e)
	case *decode.PrivilegeRoot:
		rootChange(r, e)
	case *decode.PrivilegeRestriction:
		restrictionChange(r, e)
	default:
		return false
	}
	return true
}

// operationNames are those of system calls, and of what prctl() does.
var operationNames = map[decode.PrivilegeOperation]string{
	decode.OperationSetuid:          "setuid",
	decode.OperationSetreuid:        "setreuid",
	decode.OperationSetresuid:       "setresuid",
	decode.OperationSetfsuid:        "setfsuid",
	decode.OperationSetgid:          "setgid",
	decode.OperationSetregid:        "setregid",
	decode.OperationSetresgid:       "setresgid",
	decode.OperationSetfsgid:        "setfsgid",
	decode.OperationSetgroups:       "setgroups",
	decode.OperationCapset:          "capset",
	decode.OperationSeccomp:         "seccomp",
	decode.OperationSetns:           "setns",
	decode.OperationUnshare:         "unshare",
	decode.OperationClone:           "clone",
	decode.OperationClone3:          "clone3",
	decode.OperationChroot:          "chroot",
	decode.OperationPivotRoot:       "pivot_root",
	decode.OperationAmbient:         "ambient_capabilities",
	decode.OperationSecurebits:      "securebits",
	decode.OperationKeepCaps:        "keep_capabilities",
	decode.OperationNoNewPrivileges: "no_new_privileges",
}

// putOutcome adds what was called, and why it failed if it did. It returns the reason.
func (r Record) putOutcome(operation uint8, number int32) (reason string) {
	name, known := operationNames[decode.PrivilegeOperation(operation)]
	if !known {
		name = "operation " + strconv.Itoa(int(operation))
	}
	r.Attributes().PutStr(names.PrivilegeOperation, name)
	return r.putError(number)
}

// putError adds the name of an error as system calls return it, negative, and returns it. Without an
// error it does nothing.
func (r Record) putError(number int32) string {
	if number == 0 {
		return ""
	}
	reason := errorName(syscall.Errno(-number))
	r.Attributes().PutStr(names.ErrorType, reason)
	return reason
}

// tell makes the sentence of something that was done, or was refused for a reason.
func (r Record) tell(h *decode.Header, done, tried, reason string) {
	if reason != "" {
		r.Body().SetStr(r.subject(h) + " could not " + tried + ": " + reason)
		return
	}
	r.Body().SetStr(r.subject(h) + " " + done)
}

// putNames adds a list of names.
func (r Record) putNames(key string, all []string) {
	list := r.Attributes().PutEmptySlice(key)
	list.EnsureCapacity(len(all))
	for _, name := range all {
		list.AppendEmpty().SetStr(name)
	}
}

func (p privilegeEmitter) capabilityUse(r Record, e *decode.PrivilegeCapabilityUse) {
	r.SetEventName(names.EventPrivilegeCapabilityUse)
	capability := strings.Join(capabilityNames(1<<(e.Capability&63)), "")
	attributes := r.Attributes()
	attributes.PutStr(names.PrivilegeCapability, capability)
	attributes.PutInt(names.PrivilegeNamespaceUser, int64(e.UserNamespace))
	during := ""
	if name := p.syscallName(e.Syscall, e.Compat()); e.InSyscall() && name != "" {
		attributes.PutStr(names.PrivilegeSyscall, name)
		during = " in " + name
	}
	result := "granted"
	if r.putError(e.Error) != "" {
		result = "denied"
	}
	attributes.PutStr(names.PrivilegeResult, result)
	r.Body().SetStr(fmt.Sprintf("%s was %s %s%s", r.subject(e.Head()), result, capability, during))
}

// namespaceKind is a kind of namespace: its name in /proc/PID/ns, its flag of clone(), its attribute.
type namespaceKind struct {
	name, key string
	flag      uint32
	of        func(*decode.Namespaces) uint32
}

var namespaceKinds = []namespaceKind{
	{"cgroup", names.PrivilegeNamespaceCgroup, unix.CLONE_NEWCGROUP, func(n *decode.Namespaces) uint32 { return n.Cgroup }},
	{"ipc", names.PrivilegeNamespaceIPC, unix.CLONE_NEWIPC, func(n *decode.Namespaces) uint32 { return n.Ipc }},
	{"mnt", names.PrivilegeNamespaceMount, unix.CLONE_NEWNS, func(n *decode.Namespaces) uint32 { return n.Mount }},
	{"net", names.PrivilegeNamespaceNet, unix.CLONE_NEWNET, func(n *decode.Namespaces) uint32 { return n.Net }},
	{"pid", names.PrivilegeNamespacePID, unix.CLONE_NEWPID, func(n *decode.Namespaces) uint32 { return n.Pid }},
	{"time", names.PrivilegeNamespaceTime, unix.CLONE_NEWTIME, func(n *decode.Namespaces) uint32 { return n.Time }},
	{"user", names.PrivilegeNamespaceUser, unix.CLONE_NEWUSER, func(n *decode.Namespaces) uint32 { return n.User }},
	{"uts", names.PrivilegeNamespaceUTS, unix.CLONE_NEWUTS, func(n *decode.Namespaces) uint32 { return n.Uts }},
}

func namespaceChange(r Record, e *decode.PrivilegeNamespaces) {
	r.SetEventName(names.EventPrivilegeNamespaceChange)
	attributes := r.Attributes()
	attributes.EnsureCapacity(20)
	reason := r.putOutcome(e.Operation, e.Error)
	var kinds []string
	for _, kind := range namespaceKinds {
		if e.Kinds&kind.flag == 0 {
			continue
		}
		kinds = append(kinds, kind.name)
		if reason == "" && kind.of(&e.Namespaces) != 0 {
			attributes.PutInt(kind.key, int64(kind.of(&e.Namespaces)))
		}
	}
	r.putNames(names.PrivilegeNamespaceKinds, kinds)
	if e.Target != 0 {
		attributes.PutInt(names.PrivilegeNamespaceTarget, int64(e.Target))
	}
	which := strings.Join(kinds, ", ")
	switch decode.PrivilegeOperation(e.Operation) {
	case decode.OperationSetns:
		r.tell(e.Head(), "joined other namespaces: "+which, "join other namespaces: "+which, reason)
	case decode.OperationUnshare:
		r.tell(e.Head(), "moved to new namespaces: "+which, "move to new namespaces: "+which, reason)
	default:
		r.tell(e.Head(), "was created in new namespaces: "+which, "create a process in new namespaces: "+which, reason)
	}
}

func rootChange(r Record, e *decode.PrivilegeRoot) {
	r.SetEventName(names.EventPrivilegeRootChange)
	reason := r.putOutcome(e.Operation, e.Error)
	attributes := r.Attributes()
	attributes.PutInt(names.PrivilegeNamespaceMount, int64(e.MountNamespace))
	argument := joinPath(e.Directory, e.Argument)
	if argument != "" {
		attributes.PutStr(names.PrivilegeRootArgument, argument)
	}
	if len(e.Root) > 0 {
		attributes.PutStr(names.PrivilegeRootPath, text(e.Root))
	}
	if len(e.Filesystem) > 0 {
		attributes.PutStr(names.PrivilegeRootFilesystem, text(e.Filesystem))
	}
	if status := pathStatus(decode.PathFlags(e.RootFlags | e.DirectoryFlags)); status != "" {
		attributes.PutStr(names.PrivilegeRootPathStatus, status)
	}
	r.tell(e.Head(), "changed its root directory to "+argument, "change its root directory to "+argument, reason)
}

func restrictionChange(r Record, e *decode.PrivilegeRestriction) {
	r.SetEventName(names.EventPrivilegeRestrictionChange)
	reason := r.putOutcome(e.Operation, e.Error)
	done, tried := "changed its securebits", "change its securebits"
	switch decode.PrivilegeOperation(e.Operation) {
	case decode.OperationSeccomp:
		r.Attributes().PutStr(names.PrivilegeSeccompMode, seccompMode(e.After))
		if e.Filters > 0 {
			r.Attributes().PutInt(names.PrivilegeSeccompFilters, int64(e.Filters))
		}
		done, tried = "restricted its system calls", "restrict its system calls"
	case decode.OperationNoNewPrivileges:
		done, tried = "gave up to gain privileges by an exec", "give up to gain privileges by an exec"
	default:
		r.putNames(names.PrivilegeSecurebits, securebitNames(e.After))
	}
	r.tell(e.Head(), done, tried, reason)
}

// seccompMode names a mode of include/uapi/linux/seccomp.h.
func seccompMode(mode uint32) string {
	switch mode {
	case unix.SECCOMP_MODE_DISABLED:
		return "disabled"
	case unix.SECCOMP_MODE_STRICT:
		return "strict"
	case unix.SECCOMP_MODE_FILTER:
		return "filter"
	}
	return "mode " + strconv.Itoa(int(mode))
}

// securebitsInOrder are those of include/uapi/linux/securebits.h. Each is followed by the one that locks it.
var securebitsInOrder = []string{
	"noroot", "noroot_locked", "no_setuid_fixup", "no_setuid_fixup_locked", "keep_caps", "keep_caps_locked",
	"no_cap_ambient_raise", "no_cap_ambient_raise_locked", "exec_restrict_file", "exec_restrict_file_locked",
	"exec_deny_interactive", "exec_deny_interactive_locked",
}

func securebitNames(set uint32) []string { return bitNames(uint64(set), securebitsInOrder) }

// bitNames names the bits of a set, counted from the lowest one. Those without a name get a number.
func bitNames(set uint64, inOrder []string) []string {
	var all []string
	for bit := 0; set>>bit != 0; bit++ {
		switch {
		case set>>bit&1 == 0:
		case bit < len(inOrder):
			all = append(all, inOrder[bit])
		default:
			all = append(all, "bit "+strconv.Itoa(bit))
		}
	}
	return all
}

// PrivilegeCounts are the counts per workload of the tracer "privilege".
func PrivilegeCounts() []Count {
	count := func(field, event string) Count {
		return Count{Field: field, Metric: names.PrivilegeOperations(), Attribute: names.PrivilegeEvent, Value: event}
	}
	return []Count{
		count("user_changes", "user_change"),
		count("group_changes", "group_change"),
		count("capabilities_changes", "capabilities_change"),
		count("capability_uses", "capability_use"),
		count("namespace_changes", "namespace_change"),
		count("root_changes", "root_change"),
		count("restriction_changes", "restriction_change"),
	}
}
