// SPDX-License-Identifier: Apache-2.0

package custom

import (
	"strings"
	"time"

	"github.com/cilium/ebpf"
)

// Status sums up how well a tracer runs.
type Status string

// Values of Status.
const (
	StatusRunning  Status = "running"  // every program is attached
	StatusDegraded Status = "degraded" // it runs without some programs that are optional
	StatusStopped  Status = "stopped"  // not attached
	StatusFailed   Status = "failed"   // no program is attached
)

// State is what a tracer looks like at one moment.
type State struct {
	Status Status
	// Reason is empty while running; otherwise it says what is missing.
	Reason string
	Hooks  []HookState
}

// HookState tells how one program is attached.
type HookState struct {
	// Name is the program's section.
	Name string
	// Program is its name, empty if it is not attached.
	Program string
	// Reason says why it is not.
	Reason string
}

// State describes the tracer now.
func (live *Live) State() State {
	live.mu.Lock()
	defer live.mu.Unlock()
	if live.closed || !live.attached {
		return State{Status: StatusStopped}
	}
	state := State{Status: StatusRunning}
	var reasons []string
	attached := 0
	for _, h := range live.hooks {
		one := HookState{Name: h.program.section}
		if h.link != nil {
			one.Program = h.program.Name
			attached++
		} else if h.err != nil {
			one.Reason = h.err.Error()
			reasons = append(reasons, "missing "+one.Reason)
		}
		state.Hooks = append(state.Hooks, one)
	}
	switch {
	case attached == 0:
		state.Status = StatusFailed
	case len(reasons) > 0:
		state.Status = StatusDegraded
	}
	state.Reason = strings.Join(reasons, "; ")
	return state
}

// ProgramStats tells how often a program ran. RunTime and RunCount stay zero while the kernel's BPF
// statistics are off.
type ProgramStats struct {
	Program  string
	RunTime  time.Duration
	RunCount uint64
	// Missed counts runs that the kernel left out because the program was already running on that
	// processor: events that nothing else can count.
	Missed uint64
}

// ProgramStats returns the statistics of each attached program. Programs that fail to answer are left out.
func (live *Live) ProgramStats() []ProgramStats {
	live.mu.Lock()
	defer live.mu.Unlock()
	var all []ProgramStats
	for _, h := range live.hooks {
		if h.link == nil {
			continue
		}
		if stats, err := h.loaded.Stats(); err == nil {
			all = append(all, ProgramStats{
				Program: h.program.Name, RunTime: stats.Runtime, RunCount: stats.RunCount, Missed: stats.RecursionMisses,
			})
		}
	}
	return all
}

// IteratorStats tells what became of the runs of an iterator since it was attached.
type IteratorStats struct {
	Program string
	// Runs counts those that came to their end, Cut those that were ended because they wrote too much, and Failed
	// those that the kernel broke off.
	Runs, Cut, Failed uint64
	// OutputBytes counts what was written, read and thrown away.
	OutputBytes uint64
}

// IteratorStats returns the counts of each iterator that is attached.
func (live *Live) IteratorStats() []IteratorStats {
	live.mu.Lock()
	defer live.mu.Unlock()
	var all []IteratorStats
	for _, h := range live.hooks {
		if running, ok := h.link.(*iterator); ok {
			all = append(all, running.stats(h.program.Name))
		}
	}
	return all
}

// MapBytes is the memory of all maps of the tracer, as the kernel accounts for it. Some kernels, 6.1 for one, say
// nothing for a ring buffer, whose size is known all the same.
func (live *Live) MapBytes() uint64 {
	live.mu.Lock()
	defer live.mu.Unlock()
	if live.closed {
		return 0
	}
	var sum uint64
	for _, m := range live.maps {
		info, err := m.Info()
		if err != nil {
			continue
		}
		size, _ := info.Memlock()
		if m.Type() == ebpf.RingBuf {
			size = max(size, uint64(m.MaxEntries()))
		}
		sum += size
	}
	return sum
}
