// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	"fmt"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
)

// attach connects a loaded program to what the section name of its source says.
func attach(program *ebpf.Program, spec *ebpf.ProgramSpec) (link.Link, error) {
	switch spec.Type {
	case ebpf.Tracing:
		return link.AttachTracing(link.TracingOptions{Program: program, AttachType: spec.AttachType})
	case ebpf.RawTracepoint:
		return link.AttachRawTracepoint(link.RawTracepointOptions{Name: spec.AttachTo, Program: program})
	case ebpf.TracePoint:
		group, name, _ := strings.Cut(spec.AttachTo, "/")
		l, err := link.Tracepoint(group, name, program, nil)
		return l, explainTracepoint(err)
	case ebpf.CGroupSKB, ebpf.CGroupSock, ebpf.CGroupSockAddr:
		root, err := cgroupRoot()
		if err != nil {
			return nil, err
		}
		return link.AttachCgroup(link.CgroupOptions{Path: root, Attach: spec.AttachType, Program: program})
	default:
		return nil, fmt.Errorf("no way is known to attach a program of type %s (section %q)", spec.Type, spec.SectionName)
	}
}
