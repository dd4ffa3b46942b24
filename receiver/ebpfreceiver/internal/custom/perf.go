// SPDX-License-Identifier: Apache-2.0

package custom

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"
)

const (
	onlineFile = "/sys/devices/system/cpu/online"
	// processorsMax bounds what is read from the file.
	processorsMax = 8192
)

// sampler is the clock of one processor, with the program that it runs.
type sampler struct {
	event int
	// link is nil where the kernel has none for this: the program goes with the event then.
	link attachment
}

// Close implements io.Closer.
func (s *sampler) Close() error {
	var err error
	if s.link != nil {
		err = s.link.Close()
	}
	return errors.Join(err, unix.Close(s.event))
}

// attachPerfEvent has a program run by the clock of each processor that is online.
func attachPerfEvent(_ *Live, p *program, loaded *ebpf.Program) (attachment, error) {
	online, err := os.ReadFile(onlineFile)
	if err != nil {
		return nil, fmt.Errorf("find out which processors are online: %w", err)
	}
	processors, err := parseProcessors(strings.TrimSpace(string(online)))
	if err != nil {
		return nil, err
	}
	var all links
	for _, processor := range processors {
		s, err := sample(loaded, processor, p.SamplesPerSecond)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("sample processor %d: %w", processor, err), all.Close())
		}
		all = append(all, s)
	}
	return all, nil
}

func sample(loaded *ebpf.Program, processor int, perSecond uint64) (*sampler, error) {
	event, err := unix.PerfEventOpen(&unix.PerfEventAttr{
		Type: unix.PERF_TYPE_SOFTWARE, Config: unix.PERF_COUNT_SW_CPU_CLOCK, Size: unix.PERF_ATTR_SIZE_VER1,
		Sample: perSecond, Bits: unix.PerfBitFreq,
	}, -1, processor, -1, unix.PERF_FLAG_FD_CLOEXEC)
	if errors.Is(err, unix.EINVAL) {
		return nil, fmt.Errorf("the kernel does not take %d samples per second: lower samples_per_second, or raise the sysctl kernel.perf_event_max_sample_rate: %w", perSecond, err)
	}
	if err != nil {
		return nil, fmt.Errorf("open a perf event: %w", err)
	}
	s := &sampler{event: event}
	// Links of perf events came with 5.15.
	l, err := link.AttachRawLink(link.RawLinkOptions{Target: event, Program: loaded, Attach: ebpf.AttachPerfEvent})
	if err == nil {
		s.link = l
		return s, nil
	}
	if err := unix.IoctlSetInt(event, unix.PERF_EVENT_IOC_SET_BPF, loaded.FD()); err != nil {
		return nil, errors.Join(fmt.Errorf("set the program of a perf event: %w", err), s.Close())
	}
	if err := unix.IoctlSetInt(event, unix.PERF_EVENT_IOC_ENABLE, 0); err != nil {
		return nil, errors.Join(fmt.Errorf("enable a perf event: %w", err), s.Close())
	}
	return s, nil
}

// parseProcessors reads a list such as "0-3,8".
func parseProcessors(list string) ([]int, error) {
	var all []int
	for part := range strings.SplitSeq(list, ",") {
		first, last, isRange := strings.Cut(part, "-")
		from, err := strconv.Atoi(first)
		to := from
		if err == nil && isRange {
			to, err = strconv.Atoi(last)
		}
		if err != nil || from < 0 || to < from || to >= processorsMax {
			return nil, fmt.Errorf("read which processors are online: %q is no list of processors", list)
		}
		for n := from; n <= to; n++ {
			all = append(all, n)
		}
	}
	return all, nil
}
