// SPDX-License-Identifier: Apache-2.0

package custom

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cilium/ebpf"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/manifest"
)

// kind is a way to attach programs, as sections name it.
type kind struct {
	name string
	// sections are the beginnings of sections, up to the first slash.
	sections []string
	// risk says what such programs can do besides observing; those are allowed only by configuration.
	risk string
	// check tells what a program lacks before it can be attached; nil if nothing.
	check func(p *program) error
	// attach connects a program that is loaded.
	attach func(live *Live, p *program, loaded *ebpf.Program) (attachment, error)
}

const (
	riskPackets = "its programs decide by what they return whether packets go on"
	riskSockets = "its programs decide by what they return whether sockets are used, and where they lead"
)

// kinds are those that are known. The order is that of messages.
func kinds() []kind {
	return []kind{
		{name: "tracepoint", sections: []string{"tracepoint", "tp"}, check: checkTracepoint, attach: attachTracepoint},
		{name: "raw_tracepoint", sections: []string{"raw_tracepoint", "raw_tp"}, check: checkTarget, attach: attachRawTracepoint},
		{name: "tp_btf", sections: []string{"tp_btf"}, check: checkTarget, attach: attachTracing},
		{name: "fentry", sections: []string{"fentry", "fentry.s"}, check: checkTarget, attach: attachTracing},
		{name: "fexit", sections: []string{"fexit", "fexit.s"}, check: checkTarget, attach: attachTracing},
		{name: "kprobe", sections: []string{"kprobe", "kprobe.multi", "ksyscall"}, check: checkFunction, attach: attachKprobe},
		{name: "kretprobe", sections: []string{"kretprobe", "kretprobe.multi", "kretsyscall"}, check: checkFunction, attach: attachKprobe},
		{name: "uprobe", sections: []string{"uprobe", "uprobe.s"}, check: checkUprobe, attach: attachUprobe},
		{name: "uretprobe", sections: []string{"uretprobe", "uretprobe.s"}, check: checkUprobe, attach: attachUprobe},
		{name: "usdt", sections: []string{"usdt", "usdt.s"}, check: checkUSDT, attach: attachUSDT},
		{name: "perf_event", sections: []string{"perf_event"}, check: checkPerfEvent, attach: attachPerfEvent},
		{name: "iter", sections: []string{"iter", "iter.s"}, check: checkIterator, attach: attachIterator},
		{name: "cgroup_skb", sections: []string{"cgroup_skb"}, risk: riskPackets, attach: attachCgroup},
		{name: "cgroup_sock", sections: []string{"cgroup/sock", "cgroup/sock_create", "cgroup/sock_release", "cgroup/post_bind4", "cgroup/post_bind6"},
			risk: riskSockets, attach: attachCgroup},
		{name: "cgroup_sock_addr", sections: sockAddressSections(), risk: riskSockets, attach: attachCgroup},
		{name: "xdp", sections: []string{"xdp", "xdp.frags"}, risk: riskPackets, check: checkInterface, attach: attachXDP},
		{name: "tc", sections: []string{"tc", "tcx"}, risk: riskPackets, check: checkTC, attach: attachTC},
	}
}

// sockAddressSections are those of calls that name an address.
func sockAddressSections() []string {
	var all []string
	for _, call := range []string{"bind", "connect", "sendmsg", "recvmsg", "getpeername", "getsockname"} {
		all = append(all, "cgroup/"+call+"4", "cgroup/"+call+"6")
	}
	return all
}

// Kinds are the names of all kinds, as Limits take them.
func Kinds() []string {
	var names []string
	for _, k := range kinds() {
		names = append(names, k.name)
	}
	return names
}

func kindNamed(name string) *kind {
	for _, k := range kinds() {
		if k.name == name {
			return &k
		}
	}
	return nil
}

// kindOf finds the kind of a section. Nothing may follow sections that are named whole.
func kindOf(section string) (k *kind, rest string) {
	section = strings.TrimPrefix(section, "?")
	first, rest, _ := strings.Cut(section, "/")
	for _, k := range kinds() {
		if slices.Contains(k.sections, first) {
			return &k, rest
		}
		if slices.Contains(k.sections, section) {
			return &k, ""
		}
	}
	return nil, ""
}

// program is one of the object, with what the manifest adds.
type program struct {
	manifest.Program
	kind    *kind
	section string
	// multi tells that the section asks for many functions in one go.
	multi bool
	// target is what stands behind the kind in the section.
	target string
	spec   *ebpf.ProgramSpec
}

// checkProgram finds out how a program is attached.
func checkProgram(spec *ebpf.ProgramSpec, added manifest.Program, l Limits) (*program, error) {
	k, target := kindOf(spec.SectionName)
	switch {
	case k == nil:
		return nil, fmt.Errorf("it can't be attached: custom tracers have programs of the kinds %s", strings.Join(Kinds(), ", "))
	case !slices.Contains(l.Attach, k.name) && k.risk != "":
		return nil, fmt.Errorf("the kind %s is not allowed: %s; allow it by configuration if you trust the object", k.name, k.risk)
	case !slices.Contains(l.Attach, k.name):
		return nil, fmt.Errorf("the kind %s is not allowed by configuration", k.name)
	case spec.Type == ebpf.UnspecifiedProgram:
		return nil, fmt.Errorf("the section is not written as libbpf reads it: there is no kind of program of this name")
	}
	// A question mark has libbpf leave a program out until it is asked for. Here all are attached.
	section := strings.TrimPrefix(spec.SectionName, "?")
	p := &program{Program: added, kind: k, section: section, target: target, spec: spec}
	p.multi = strings.Contains(section, ".multi/")
	p.Name = spec.Name
	if err := p.checkSpare(); err != nil {
		return nil, err
	}
	if k.check == nil {
		return p, nil
	}
	return p, k.check(p)
}

// checkSpare refuses what the manifest says of a program that has no use for it: it was meant for another.
func (p *program) checkSpare() error {
	for _, spare := range []struct {
		key   string
		given bool
		kinds []string
	}{
		{"binary", p.Binary != "", []string{"uprobe", "uretprobe", "usdt"}},
		{"interface", p.Interface != "", []string{"xdp", "tc"}},
		{"cgroup", p.Cgroup != "", []string{"cgroup_skb", "cgroup_sock", "cgroup_sock_addr"}},
		{"interval", p.Interval != 0, []string{"iter"}},
		{"samples_per_second", p.SamplesPerSecond != 0, []string{"perf_event"}},
	} {
		if spare.given && !slices.Contains(spare.kinds, p.kind.name) {
			return fmt.Errorf("programs of the kind %s have no %s: remove it from the manifest", p.kind.name, spare.key)
		}
	}
	return nil
}

func checkTarget(p *program) error {
	if p.target == "" {
		return fmt.Errorf("the section does not say where: write SEC(\"%s/<name>\")", p.section)
	}
	return nil
}

func checkTracepoint(p *program) error {
	group, name, _ := strings.Cut(p.target, "/")
	if group == "" || name == "" {
		return fmt.Errorf("the section does not name a tracepoint: write SEC(\"tracepoint/<group>/<name>\"), as below /sys/kernel/tracing/events")
	}
	return nil
}

func checkFunction(p *program) error {
	if strings.ContainsAny(p.target, "*?[") {
		return fmt.Errorf("patterns of functions are not served: name one function per program")
	}
	return checkTarget(p)
}

// checkUprobe takes "uprobe/<binary>:<function>[+offset]", and "uprobe/<function>" where the manifest names the binary.
func checkUprobe(p *program) error {
	binary, function := splitLast(p.target)
	if function == "" {
		return fmt.Errorf("the section does not name a function: write SEC(\"%s/<function>\"), and the binary in the manifest", p.kind.name)
	}
	return p.setBinary(binary, function)
}

// checkUSDT takes "usdt/<binary>:<provider>:<name>", and "usdt/<provider>:<name>" where the manifest names the binary.
func checkUSDT(p *program) error {
	before, name := splitLast(p.target)
	binary, provider := splitLast(before)
	if provider == "" || name == "" {
		return fmt.Errorf("the section does not name a probe: write SEC(\"usdt/<provider>:<name>\"), and the binary in the manifest")
	}
	return p.setBinary(binary, provider+":"+name)
}

// splitLast divides at the last colon.
func splitLast(s string) (before, behind string) {
	at := strings.LastIndexByte(s, ':')
	return s[:max(at, 0)], s[at+1:]
}

func (p *program) setBinary(section, target string) error {
	p.target = target
	if p.Binary == "" {
		p.Binary = section
	}
	if !filepath.IsAbs(p.Binary) {
		return fmt.Errorf("no binary is named by an absolute path: add it to the manifest: programs: [{name: %s, binary: /usr/bin/...}]", p.Name)
	}
	return nil
}

func checkPerfEvent(p *program) error {
	if p.SamplesPerSecond == 0 {
		return fmt.Errorf("how often it runs is not said: add it to the manifest: programs: [{name: %s, samples_per_second: 99}]", p.Name)
	}
	return nil
}

func checkIterator(p *program) error {
	switch p.target {
	case "bpf_map_elem", "bpf_sk_storage_map", "sockmap":
		return fmt.Errorf("iterators over a map's entries are not served: name the map in the manifest's metrics")
	}
	if p.Interval == 0 {
		return fmt.Errorf("how often it runs is not said: add it to the manifest: programs: [{name: %s, interval: 10s}]", p.Name)
	}
	return checkTarget(p)
}

func checkInterface(p *program) error {
	if p.target != "" {
		return fmt.Errorf("programs of other maps (xdp/devmap, xdp/cpumap) are not served: write SEC(\"xdp\")")
	}
	if p.Interface == "" {
		return fmt.Errorf("no network interface is named: add it to the manifest: programs: [{name: %s, interface: eth0}]", p.Name)
	}
	return nil
}

func checkTC(p *program) error {
	if p.target != "ingress" && p.target != "egress" {
		return fmt.Errorf("the section does not name a direction: write SEC(\"tcx/ingress\") or SEC(\"tcx/egress\")")
	}
	p.target = ""
	return checkInterface(p)
}
