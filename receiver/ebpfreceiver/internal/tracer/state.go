// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	"fmt"
	"strings"
	"time"

	"github.com/cilium/ebpf"

	syscallbpf "github.com/meerkat-otel/meerkat/bpf/syscall"
)

// Status sums up how well a tracer runs.
type Status string

// Values of Status.
const (
	StatusRunning  Status = "running"  // every hook is attached
	StatusDegraded Status = "degraded" // it runs, but some of its events can't be seen
	StatusStopped  Status = "stopped"  // not attached
	StatusFailed   Status = "failed"   // no hook is attached
)

// State is what a tracer looks like at one moment.
type State struct {
	Status Status
	// Reason is empty while running; otherwise a sentence that names what is missing.
	Reason string
	Hooks  []HookState
}

// HookState tells how one hook is served.
type HookState struct {
	Name string
	// Program is the one that is attached, empty if none is.
	Program string
	// Reason says why no better program is attached, or none.
	Reason string
}

// State describes the tracer now.
func (t *Tracer) State() State {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed || len(t.hooks) == 0 {
		return State{Status: StatusStopped}
	}
	state := State{Status: StatusRunning}
	var missing missingHooks
	required := 0
	for _, a := range t.hooks {
		if !a.hook.Optional {
			required++
		}
		h := HookState{Name: a.hook.Name, Program: a.program}
		if a.err != nil {
			h.Reason = a.err.Error()
		}
		if a.link == nil && !a.hook.Optional {
			missing.add(a.hook.Name, a.err)
		}
		state.Hooks = append(state.Hooks, h)
	}
	switch missing.count {
	case 0:
	case required:
		state.Status = StatusFailed
	default:
		state.Status = StatusDegraded
	}
	state.Reason = missing.String()
	return state
}

// missingHooks collects hooks by the reason why they are not attached, since there is mostly one
// reason for all of them.
type missingHooks struct {
	count   int
	reasons []string
	hooks   map[string][]string
}

func (m *missingHooks) add(hook string, err error) {
	reason := briefly(err)
	if m.hooks == nil {
		m.hooks = map[string][]string{}
	}
	if _, known := m.hooks[reason]; !known {
		m.reasons = append(m.reasons, reason)
	}
	m.hooks[reason] = append(m.hooks[reason], hook)
	m.count++
}

// String is a sentence for each reason.
func (m *missingHooks) String() string {
	var sentences []string
	for _, reason := range m.reasons {
		sentences = append(sentences, fmt.Sprintf("missing %s: %s", strings.Join(m.hooks[reason], ", "), reason))
	}
	return strings.Join(sentences, "; ")
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

// ProgramStats returns the statistics of each attached program. Programs that fail to answer are
// left out.
func (t *Tracer) ProgramStats() []ProgramStats {
	t.mu.Lock()
	defer t.mu.Unlock()
	var all []ProgramStats
	for _, a := range t.hooks {
		program, ok := t.programs[a.program]
		if a.link == nil || !ok || t.closed {
			continue
		}
		if len(a.hook.Syscalls) > 0 {
			if stats, err := t.handlerStats(a.program); err == nil {
				all = append(all, stats)
			}
			continue
		}
		if stats, err := programStats(a.program, program); err == nil {
			all = append(all, stats)
		}
	}
	return all
}

func programStats(name string, program *ebpf.Program) (ProgramStats, error) {
	stats, err := program.Stats()
	if err != nil {
		return ProgramStats{}, err
	}
	return ProgramStats{Program: name, RunTime: stats.Runtime, RunCount: stats.RunCount, Missed: stats.RecursionMisses}, nil
}

// handlerStats are what a handler of system calls has measured itself: the kernel counts it for the
// dispatcher.
func (t *Tracer) handlerStats(program string) (ProgramStats, error) {
	var perProcessor []syscallbpf.SyscallSyscallCost
	if err := t.maps[mapSyscallCosts].Lookup(uint32(0), &perProcessor); err != nil {
		return ProgramStats{}, err
	}
	stats := ProgramStats{Program: program}
	for _, c := range perProcessor {
		stats.RunCount += c.Runs
		stats.RunTime += time.Duration(c.Nanoseconds)
	}
	return stats, nil
}

// MapBytes is the memory of all maps of the tracer, as the kernel accounts for it. Some kernels, 6.1 for
// one, say nothing for a ring buffer, whose size is known all the same.
func (t *Tracer) MapBytes() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	var sum uint64
	if t.closed {
		return 0
	}
	for _, m := range t.maps {
		sum += mapBytes(m)
	}
	return sum
}

func mapBytes(m *ebpf.Map) uint64 {
	info, err := m.Info()
	if err != nil {
		return 0
	}
	bytes, _ := info.Memlock()
	if m.Type() == ebpf.RingBuf {
		bytes = max(bytes, uint64(m.MaxEntries()))
	}
	return bytes
}
