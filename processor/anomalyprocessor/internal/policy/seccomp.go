// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"encoding/json"
	"slices"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/habit"
)

// document is a seccomp profile as the OCI's runtime specification has it. Runtimes ignore fields that they don't know, so that there is a place
// for what people should know.
type document struct {
	Comment         []string `json:"comment"`
	DefaultAction   string   `json:"defaultAction"`
	DefaultErrnoRet int      `json:"defaultErrnoRet"`
	Architectures   []string `json:"architectures"`
	Syscalls        []rule   `json:"syscalls"`
}

type rule struct {
	Names    []string   `json:"names"`
	Action   string     `json:"action"`
	ErrnoRet int        `json:"errnoRet,omitempty"`
	Args     []argument `json:"args,omitempty"`
	Comment  string     `json:"comment,omitempty"`
}

type argument struct {
	Index    int    `json:"index"`
	Value    uint64 `json:"value"`
	ValueTwo uint64 `json:"valueTwo"`
	Op       string `json:"op"`
}

// Words and numbers of seccomp and Linux, the same on each architecture of the profile.
const (
	actionAllow = "SCMP_ACT_ALLOW"
	actionErrno = "SCMP_ACT_ERRNO"
	opEqual     = "SCMP_CMP_EQ"
	opNotEqual  = "SCMP_CMP_NE"
	opMasked    = "SCMP_CMP_MASKED_EQ"
	errnoEPERM  = 1
	errnoENOSYS = 38
	// namespaceFlags are the flags of clone() that make namespaces: CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET.
	namespaceFlags = 0x7e020000
)

// Seccomp returns a profile in the OCI's form, as Kubernetes takes it by localhostProfile and Docker by --security-opt seccomp=. It is what
// runtimes allow to every container, without the groups of calls that a tracer watches and the workload does not use, and with those that it uses.
func Seccomp(f *Facts, force bool) ([]byte, error) {
	if err := f.ready(force); err != nil {
		return nil, err
	}
	needed, _ := f.CapabilityList()
	operations := f.named(habit.Operation)
	d := &document{
		DefaultAction: actionErrno, DefaultErrnoRet: errnoEPERM,
		Architectures: []string{"SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32", "SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"},
	}
	calls := usualCalls()
	for capability, more := range withCapability() {
		if slices.Contains(needed, capability) {
			calls = append(calls, more...)
		}
	}
	var used, refused, unwatched []string
	for _, g := range groups() {
		switch {
		case g.used(operations):
			used = append(used, g.calls...)
		case f.watches(g.tracer):
			refused = append(refused, g.calls...)
		case g.allowed(needed):
			unwatched = append(unwatched, g.calls...)
		}
	}
	d.allow(calls, "what runtimes allow to every container")
	d.allow(used, "used by the workload")
	d.allow(unwatched, "what runtimes allow, and nobody watched")
	d.personality()
	refused = append(refused, d.namespaces(f, needed, operations)...)
	refused = append(refused, d.sockets(f)...)
	slices.Sort(refused)
	d.Comment = append(f.basis("Seccomp profile"),
		"Watched, and refused since the workload did not use it: "+listOr(refused, "nothing")+".",
		"What nobody watched is not taken away: all else is as runtimes have it by default (github.com/moby/profiles/seccomp v0.3.0): a call that they refuse, and that no tracer watches, is "+
			"refused here too.")
	out, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return nil, err
	}
	return append(out, '\n'), nil
}

func (d *document) allow(calls []string, why string) {
	if len(calls) == 0 {
		return
	}
	calls = slices.Clone(calls)
	slices.Sort(calls)
	d.Syscalls = append(d.Syscalls, rule{Names: slices.Compact(calls), Action: actionAllow, Comment: why})
}

func (d *document) allowIf(call, why string, args ...argument) {
	d.Syscalls = append(d.Syscalls, rule{Names: []string{call}, Action: actionAllow, Args: args, Comment: why})
}

// personality allows to ask, and what runtimes allow: Linux, with or without 32 bits.
func (d *document) personality() {
	for _, value := range []uint64{0, 0x8, 0x20000, 0x20008, 0xffffffff} {
		d.allowIf("personality", "", argument{Index: 0, Value: value, Op: opEqual})
	}
}

// namespaces allows to make processes, in new namespaces only to who does that. It returns what is refused.
func (d *document) namespaces(f *Facts, needed, operations []string) []string {
	g := group{operations: []string{"clone", "clone3"}, with: []string{"CAP_SYS_ADMIN"}}
	if g.used(operations) || !f.watches("privilege") && g.allowed(needed) {
		d.allow([]string{"clone", "clone3"}, "new processes, in new namespaces too")
		return nil
	}
	d.allowIf("clone", "no new namespaces", argument{Index: 0, Value: namespaceFlags, ValueTwo: 0, Op: opMasked})
	// Its flags are behind a pointer. Who is told that there is no such call uses clone().
	d.Syscalls = append(d.Syscalls, rule{Names: []string{"clone3"}, Action: actionErrno, ErrnoRet: errnoENOSYS})
	return []string{"clone with namespaces"}
}
