// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/process"
)

// filterRules are the rules of one configuration, and what has been decided by them.
type filterRules struct {
	config *FiltersConfig

	cgroups, containers, images, namespaces, executables patternRules

	paths pathRules

	mu sync.Mutex
	// workloads and programs remember verdicts: true is wanted.
	workloads map[uint64]bool
	programs  map[string]bool
}

func newFilterRules(c *FiltersConfig) *filterRules {
	include, exclude := &c.Include, &c.Exclude
	return &filterRules{
		config:      c,
		cgroups:     newPatternRules(include.Cgroups, exclude.Cgroups),
		containers:  newPatternRules(include.Containers, exclude.Containers),
		images:      newPatternRules(include.Images, exclude.Images),
		namespaces:  newPatternRules(include.Namespaces, exclude.Namespaces),
		executables: newPatternRules(include.Executables, exclude.Executables),
		paths:       newPathRules(include.Paths, exclude.Paths),
		workloads:   map[uint64]bool{},
		programs:    map[string]bool{},
	}
}

func (r *filterRules) byWorkload() bool {
	return !r.cgroups.empty() || !r.containers.empty() || !r.images.empty() || !r.namespaces.empty()
}

func (r *filterRules) wantsUser(user uint32) bool {
	include := r.config.Include.Users
	return !slices.Contains(r.config.Exclude.Users, user) && (len(include) == 0 || slices.Contains(include, user))
}

// wantsWorkload also tells whether the verdict is a new one that stands.
func (r *filterRules) wantsWorkload(w *process.Workload) (wanted, isNew bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	wanted, known := r.workloads[w.CgroupID]
	if known {
		return wanted, false
	}
	c := &w.Container
	wanted = r.cgroups.admit(w.CgroupPath) && r.containers.admit(c.ID, c.Name, c.PodContainer) && r.images.admit(c.Image.Reference, c.Image.Name) &&
		r.namespaces.admit(c.PodNamespace)
	if w.CgroupPath == "" || w.Pending {
		return wanted, false // it may become known
	}
	r.workloads[w.CgroupID] = wanted
	return wanted, true
}

func (r *filterRules) wantsProgram(path string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	wanted, known := r.programs[path]
	if known {
		return wanted
	}
	if len(r.programs) >= filterVerdictsMax {
		clear(r.programs)
	}
	wanted = r.executables.admit(path)
	r.programs[path] = wanted
	return wanted
}

// forget lets go of verdicts on workloads, and returns those that were not wanted.
func (r *filterRules) forget(cgroups []uint64) (unwanted []uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, cgroup := range cgroups {
		if wanted, known := r.workloads[cgroup]; known && !wanted {
			unwanted = append(unwanted, cgroup)
		}
		delete(r.workloads, cgroup)
	}
	return unwanted
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
