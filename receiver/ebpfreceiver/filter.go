// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"errors"
	"net/netip"
	"regexp"
	"slices"
	"strings"
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
	config *FiltersConfig
	logger *zap.Logger
	// told is set when it was logged that the kernel half has no room for a verdict.
	told sync.Once

	cgroups, containers, images, namespaces, executables patternRules

	// own is the collector's own process, if what it does is not wanted; nil until it is known.
	own atomic.Pointer[process.Key]

	mu sync.Mutex
	// workloads and programs remember verdicts: true is wanted.
	workloads map[uint64]bool
	programs  map[string]bool
}

func newFilter(c *FiltersConfig, logger *zap.Logger) (*filter, error) {
	kernel, err := tracer.NewFilter()
	if err != nil {
		return nil, err
	}
	include, exclude := &c.Include, &c.Exclude
	f := &filter{
		kernel: kernel, config: c, logger: logger,
		cgroups:     newPatternRules(include.Cgroups, exclude.Cgroups),
		containers:  newPatternRules(include.Containers, exclude.Containers),
		images:      newPatternRules(include.Images, exclude.Images),
		namespaces:  newPatternRules(include.Namespaces, exclude.Namespaces),
		executables: newPatternRules(include.Executables, exclude.Executables),
		workloads:   map[uint64]bool{},
		programs:    map[string]bool{},
	}
	// The collector's own process becomes known with the snapshot.
	if err := f.apply(process.Key{}); err != nil {
		return nil, errors.Join(err, kernel.Close())
	}
	return f, nil
}

// apply tells the kernel half the rules that it can decide by.
func (f *filter) apply(own process.Key) error {
	include, exclude := &f.config.Include, &f.config.Exclude
	rules := tracer.FilterRules{
		Users:              tracer.Rules[uint32]{Include: include.Users, Exclude: exclude.Users},
		Ports:              tracer.Rules[uint16]{Include: include.Ports, Exclude: exclude.Ports},
		Networks:           tracer.Rules[netip.Prefix]{Include: networksOf(include.Networks), Exclude: networksOf(exclude.Networks)},
		Cgroups:            f.byWorkload(),
		Processes:          !f.executables.empty(),
		EventsPerSecondMax: f.config.EventsPerSecondMax,
	}
	if !f.config.OwnActivity {
		if own.PID != 0 {
			f.own.Store(&own)
		}
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

func (f *filter) byWorkload() bool {
	return !f.cgroups.empty() || !f.containers.empty() || !f.images.empty() || !f.namespaces.empty()
}

// wants decides about an event.
func (f *filter) wants(event decode.Event, who emit.Who) bool {
	head := event.Head()
	// The kernel half has not known it from the start.
	if own := f.own.Load(); own != nil && *own == process.KeyOf(head.Process) {
		return false
	}
	if !f.wantsUser(head.Uid) {
		return false
	}
	if f.byWorkload() && !f.wantsWorkload(who.Workload) {
		return false
	}
	if f.executables.empty() || f.wantsProgram(who.Process.Executable.Value()) {
		return true
	}
	// An event of an earlier image says nothing about the one that runs now, and neither does the kernel's
	// verdict, which is of one image.
	key := tracer.ProcessKey{Pid: head.Process.Pid, StartTimeNs: head.Process.StartTimeNs}
	f.tellRefused(f.kernel.ExcludeProcess(key, head.ExecId))
	return false
}

// tellRefused logs the first time that the kernel half does not take a verdict, which is found here then for each
// event.
func (f *filter) tellRefused(err error) {
	if err != nil {
		f.told.Do(func() {
			f.logger.Warn("What is not wanted can't all be left to the kernel: events are read only to be filtered", zap.Error(err))
		})
	}
}

func (f *filter) wantsUser(user uint32) bool {
	include := f.config.Include.Users
	return !slices.Contains(f.config.Exclude.Users, user) && (len(include) == 0 || slices.Contains(include, user))
}

func (f *filter) wantsWorkload(w *process.Workload) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	wanted, known := f.workloads[w.CgroupID]
	if known {
		return wanted
	}
	c := &w.Container
	wanted = f.cgroups.admit(w.CgroupPath) && f.containers.admit(c.ID, c.Name) && f.images.admit(c.Image) &&
		f.namespaces.admit(c.PodNamespace)
	if w.CgroupPath == "" {
		return wanted // it may become known
	}
	f.workloads[w.CgroupID] = wanted
	if !wanted {
		f.tellRefused(f.kernel.ExcludeCgroup(w.CgroupID))
	}
	return wanted
}

func (f *filter) wantsProgram(path string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	wanted, known := f.programs[path]
	if known {
		return wanted
	}
	if len(f.programs) >= filterVerdictsMax {
		clear(f.programs)
	}
	wanted = f.executables.admit(path)
	f.programs[path] = wanted
	return wanted
}

// forget lets go of cgroups that are gone.
func (f *filter) forget(cgroups []uint64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var errs []error
	for _, cgroup := range cgroups {
		if wanted, known := f.workloads[cgroup]; known && !wanted {
			errs = append(errs, f.kernel.ForgetCgroup(cgroup))
		}
		delete(f.workloads, cgroup)
	}
	return errors.Join(errs...)
}

// patternRules are the rules of one kind.
type patternRules struct{ include, exclude *regexp.Regexp }

func newPatternRules(include, exclude []string) patternRules {
	return patternRules{include: anyOf(include), exclude: anyOf(exclude)}
}

// anyOf matches what one of the patterns matches as a whole; nil if there is none.
func anyOf(patterns []string) *regexp.Regexp {
	if len(patterns) == 0 {
		return nil
	}
	wildcards := strings.NewReplacer(`\*`, ".*", `\?`, ".")
	var alternatives []string
	for _, pattern := range patterns {
		alternatives = append(alternatives, wildcards.Replace(regexp.QuoteMeta(pattern)))
	}
	return regexp.MustCompile(`(?s)^(?:` + strings.Join(alternatives, "|") + `)$`)
}

func (r patternRules) empty() bool { return r.include == nil && r.exclude == nil }

// admit decides about what has any of some names. Names that are empty are not known.
func (r patternRules) admit(candidates ...string) bool {
	matches := func(e *regexp.Regexp) bool {
		return slices.ContainsFunc(candidates, func(name string) bool { return name != "" && e.MatchString(name) })
	}
	if r.exclude != nil && matches(r.exclude) {
		return false
	}
	return r.include == nil || matches(r.include)
}
