// SPDX-License-Identifier: Apache-2.0

package custom

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"github.com/prometheus/procfs"
)

// links are several that belong together.
type links []attachment

// Close implements io.Closer.
func (l links) Close() error {
	var errs []error
	for _, one := range l {
		errs = append(errs, one.Close())
	}
	return errors.Join(errs...)
}

// closer keeps a link that is nil from becoming an attachment that is not.
func closer(l link.Link, err error) (attachment, error) {
	if err != nil {
		return nil, err
	}
	return l, nil
}

func attachTracepoint(_ *Live, p *program, loaded *ebpf.Program) (attachment, error) {
	group, name, _ := strings.Cut(p.target, "/")
	return closer(link.Tracepoint(group, name, loaded, nil))
}

func attachRawTracepoint(_ *Live, p *program, loaded *ebpf.Program) (attachment, error) {
	return closer(link.AttachRawTracepoint(link.RawTracepointOptions{Name: p.target, Program: loaded}))
}

func attachTracing(_ *Live, p *program, loaded *ebpf.Program) (attachment, error) {
	return closer(link.AttachTracing(link.TracingOptions{Program: loaded, AttachType: p.spec.AttachType}))
}

func attachKprobe(_ *Live, p *program, loaded *ebpf.Program) (attachment, error) {
	function, offset, err := splitOffset(p.target)
	if err != nil {
		return nil, err
	}
	// The library finds out what the functions of system calls are called on this processor.
	if strings.HasPrefix(p.section, "ksyscall/") || strings.HasPrefix(p.section, "kretsyscall/") {
		function = "sys_" + function
	}
	back := p.kind.name == "kretprobe"
	switch {
	case p.multi && back:
		return closer(link.KretprobeMulti(loaded, link.KprobeMultiOptions{Symbols: []string{function}}))
	case p.multi:
		return closer(link.KprobeMulti(loaded, link.KprobeMultiOptions{Symbols: []string{function}}))
	case back:
		return closer(link.Kretprobe(function, loaded, nil))
	}
	return closer(link.Kprobe(function, loaded, &link.KprobeOptions{Offset: offset}))
}

// splitOffset reads "<function>+<offset>".
func splitOffset(target string) (function string, offset uint64, err error) {
	function, text, given := strings.Cut(target, "+")
	if !given {
		return function, 0, nil
	}
	if offset, err = strconv.ParseUint(text, 0, 32); err != nil {
		return "", 0, fmt.Errorf("the offset %q is no number", text)
	}
	return function, offset, nil
}

func attachUprobe(_ *Live, p *program, loaded *ebpf.Program) (attachment, error) {
	function, offset, err := splitOffset(p.target)
	if err != nil {
		return nil, err
	}
	executable, err := link.OpenExecutable(p.Binary)
	if err != nil {
		return nil, fmt.Errorf("open the binary %s: %w", p.Binary, err)
	}
	var l link.Link
	if p.kind.name == "uretprobe" {
		l, err = executable.Uretprobe(function, loaded, &link.UprobeOptions{Offset: offset})
	} else {
		l, err = executable.Uprobe(function, loaded, &link.UprobeOptions{Offset: offset})
	}
	if errors.Is(err, link.ErrNoSymbol) {
		err = fmt.Errorf("the binary %s has no function %q, or is stripped of its symbols: name another function: %w", p.Binary, function, err)
	}
	return closer(l, err)
}

// attachCgroup runs for everything in a cgroup and below it. Other programs on the cgroup stay.
func attachCgroup(_ *Live, p *program, loaded *ebpf.Program) (attachment, error) {
	root, err := cgroupRoot()
	if err != nil {
		return nil, err
	}
	path := filepath.Join(root, p.Cgroup)
	return closer(link.AttachCgroup(link.CgroupOptions{Path: path, Attach: p.spec.AttachType, Program: loaded}))
}

// cgroupRoot is where the whole cgroup v2 hierarchy is mounted, or a part of it if there is no better mount.
func cgroupRoot() (string, error) {
	mounts, err := procfs.GetMounts()
	if err != nil {
		return "", fmt.Errorf("find the cgroup v2 hierarchy: %w", err)
	}
	var part string
	for _, mount := range mounts {
		if mount.FSType != "cgroup2" || strings.Contains(mount.MountPoint, `\`) {
			continue
		}
		if mount.Root == "/" {
			return mount.MountPoint, nil
		}
		if part == "" {
			part = mount.MountPoint
		}
	}
	if part == "" {
		return "", ErrNoCgroup2
	}
	return part, nil
}

func attachXDP(_ *Live, p *program, loaded *ebpf.Program) (attachment, error) {
	number, err := interfaceNumber(p.Interface)
	if err != nil {
		return nil, err
	}
	return closer(link.AttachXDP(link.XDPOptions{Program: loaded, Interface: number}))
}

// attachTC uses tcx alone: what came before leaves a queueing discipline behind on the interface, and its filters
// stay when the collector is killed.
func attachTC(_ *Live, p *program, loaded *ebpf.Program) (attachment, error) {
	number, err := interfaceNumber(p.Interface)
	if err != nil {
		return nil, err
	}
	return closer(link.AttachTCX(link.TCXOptions{Program: loaded, Interface: number, Attach: p.spec.AttachType}))
}

// interfaceNumber looks in the collector's network namespace.
func interfaceNumber(name string) (int, error) {
	found, err := net.InterfaceByName(name)
	if err != nil {
		return 0, fmt.Errorf("there is no network interface %q in the network namespace of the collector: %w", name, err)
	}
	return found.Index, nil
}
