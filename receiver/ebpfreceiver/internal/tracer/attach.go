// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
)

// attach connects a loaded program to what the section name of its source says.
func attach(program *ebpf.Program, spec *ebpf.ProgramSpec, keeper *Tracepoints) (io.Closer, error) {
	switch spec.Type {
	case ebpf.Tracing:
		return link.AttachTracing(link.TracingOptions{Program: program, AttachType: spec.AttachType})
	case ebpf.RawTracepoint:
		return link.AttachRawTracepoint(link.RawTracepointOptions{Name: spec.AttachTo, Program: program})
	case ebpf.TracePoint:
		return attachTracepoint(program, spec.AttachTo, keeper)
	case ebpf.Kprobe:
		return link.Kprobe(spec.AttachTo, program, nil)
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

// attachTracepoint takes "group/name".
func attachTracepoint(program *ebpf.Program, tracepoint string, keeper *Tracepoints) (io.Closer, error) {
	group, name, _ := strings.Cut(tracepoint, "/")
	l, err := link.Tracepoint(group, name, program, nil)
	if err != nil {
		return nil, explainTracepoint(err)
	}
	return observedTracepoint{l, tracepoint, keeper}, nil
}

// links are several that belong together.
type links []io.Closer

// Close implements io.Closer. They are closed side by side: the kernel waits for a grace period in each.
func (l links) Close() error {
	errs := make([]error, len(l))
	var waiting sync.WaitGroup
	for i, one := range l {
		waiting.Go(func() { errs[i] = one.Close() })
	}
	waiting.Wait()
	return errors.Join(errs...)
}

// attachTracepoints connects a program to all of some tracepoints, or to none.
func attachTracepoints(program *ebpf.Program, tracepoints []string, keeper *Tracepoints) (io.Closer, error) {
	var all links
	for _, tracepoint := range tracepoints {
		l, err := attachTracepoint(program, tracepoint, keeper)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("tracepoint %q: %w", tracepoint, err), all.Close())
		}
		all = append(all, l)
	}
	return all, nil
}
