// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"errors"
	"net/netip"
	"sync"
	"sync/atomic"

	"go.uber.org/zap"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/emit"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/process"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/tracer"
)

// filter decides which events are wanted. The kernel half is told what it can decide by itself; everything
// that comes from there is looked at again, since only here it is known what a cgroup and a process are.
// A workload or a program that turns out to be unwanted is left to the kernel from then on.
type filter struct {
	kernel *tracer.Filter
	logger *zap.Logger
	// told is set when it was logged that the kernel half has no room for a verdict.
	told sync.Once

	// own is the collector's own process, if what it does is not wanted; nil until it is known.
	own atomic.Pointer[process.Key]
	// rules can be replaced at any time.
	rules atomic.Pointer[filterRules]
	// mu is held while the kernel half gets verdicts, which have to be by the rules that are current.
	mu sync.Mutex
}

func newFilter(c *FiltersConfig, logger *zap.Logger) (*filter, error) {
	kernel, err := tracer.NewFilter()
	if err != nil {
		return nil, err
	}
	f := &filter{kernel: kernel, logger: logger}
	if err := f.change(c); err != nil {
		return nil, errors.Join(err, kernel.Close())
	}
	return f, nil
}

// change replaces the rules by those of a valid configuration, which must not be changed afterwards. Events that
// are on their way may be judged by either.
func (f *filter) change(c *FiltersConfig) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rules.Store(newFilterRules(c))
	return errors.Join(f.apply(), f.kernel.ForgetVerdicts())
}

// leaveOut has what a process does left out, which is the collector, unless the rules want it.
func (f *filter) leaveOut(own process.Key) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.own.Store(&own)
	return f.apply()
}

// apply tells the kernel half the rules that it can decide by. It is called with mu held.
func (f *filter) apply() error {
	r := f.rules.Load()
	include, exclude := &r.config.Include, &r.config.Exclude
	rules := tracer.FilterRules{
		Users:              tracer.Rules[uint32]{Include: include.Users, Exclude: exclude.Users},
		Ports:              tracer.Rules[uint16]{Include: include.Ports, Exclude: exclude.Ports},
		Networks:           tracer.Rules[netip.Prefix]{Include: networksOf(include.Networks), Exclude: networksOf(exclude.Networks)},
		Paths:              tracer.Rules[string]{Include: include.Paths, Exclude: exclude.Paths},
		Cgroups:            r.byWorkload(),
		Processes:          !r.executables.empty(),
		EventsPerSecondMax: r.config.EventsPerSecondMax,
	}
	if own := f.own.Load(); own != nil && !r.config.OwnActivity {
		rules.OwnProcess = tracer.ProcessKey{Pid: own.PID, StartTimeNs: own.StartTime}
	}
	return f.kernel.Apply(rules)
}

// networksOf converts what has been validated.
func networksOf(texts []string) []netip.Prefix {
	var prefixes []netip.Prefix
	for _, text := range texts {
		if prefix, err := parseNetwork(text); err == nil {
			prefixes = append(prefixes, prefix)
		}
	}
	return prefixes
}

// wants decides about an event.
func (f *filter) wants(event decode.Event, who emit.Who) bool {
	head, r := event.Head(), f.rules.Load()
	// The kernel half has not known it from the start.
	if own := f.own.Load(); own != nil && !r.config.OwnActivity && *own == process.KeyOf(head.Process) {
		return false
	}
	if !r.wantsUser(head.Uid) || !r.paths.want(event) {
		return false
	}
	if r.byWorkload() && !f.wantsWorkload(r, who.Workload) {
		return false
	}
	if r.executables.empty() || r.wantsProgram(who.Process.Executable.Value()) {
		return true
	}
	// An event of an earlier image says nothing about the one that runs now, and neither does the kernel's
	// verdict, which is of one image.
	key := tracer.ProcessKey{Pid: head.Process.Pid, StartTimeNs: head.Process.StartTimeNs}
	f.leaveToKernel(r, func() error { return f.kernel.ExcludeProcess(key, head.ExecId) })
	return false
}

// wantsOwner decides about an event of which only the owner is known.
func (f *filter) wantsOwner(who emit.Who) bool {
	r := f.rules.Load()
	if own := f.own.Load(); own != nil && !r.config.OwnActivity && who.Process != nil && *own == who.Process.Key {
		return false
	}
	if r.byWorkload() && !f.wantsWorkload(r, who.Workload) {
		return false
	}
	return r.executables.empty() || who.Process == nil || r.wantsProgram(who.Process.Executable.Value())
}

func (f *filter) wantsWorkload(r *filterRules, w *process.Workload) bool {
	wanted, isNew := r.wantsWorkload(w)
	if isNew && !wanted {
		f.leaveToKernel(r, func() error { return f.kernel.ExcludeCgroup(w.CgroupID) })
	}
	return wanted
}

// leaveToKernel hands on a verdict, unless the rules have changed since. The first time that the kernel half does
// not take one is logged: it is found here then for each event.
func (f *filter) leaveToKernel(r *filterRules, exclude func() error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r != f.rules.Load() {
		return
	}
	if err := exclude(); err != nil {
		f.told.Do(func() {
			f.logger.Warn("What is not wanted can't all be left to the kernel: events are read only to be filtered", zap.Error(err))
		})
	}
}

// forget lets go of cgroups that are gone.
func (f *filter) forget(cgroups []uint64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var errs []error
	for _, cgroup := range f.rules.Load().forget(cgroups) {
		errs = append(errs, f.kernel.ForgetCgroup(cgroup))
	}
	return errors.Join(errs...)
}
