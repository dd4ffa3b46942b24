// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/habit"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/policy"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/profile"
)

// Kinds of policies.
const (
	policySeccomp      = "seccomp"
	policyCapabilities = "capabilities"
	policyNetwork      = "network"
)

// Content types of policies.
const (
	contentJSON = "application/json"
	contentYAML = "application/yaml"
)

// Errors of policy, besides those of the package policy.
var (
	errPolicyKind    = errors.New("there is no such policy")
	errPolicyUnknown = errors.New("there is no such workload")
)

// policy makes a policy of what was learned about a workload, and returns it with its content type. That of the network is about all containers of
// its pods. Force makes it of what is known by now, and leaves out what it can't express. The caller must own no profile.
func (c *core) policy(workload, kind string, force bool) ([]byte, string, error) {
	if !slices.Contains([]string{policySeccomp, policyCapabilities, policyNetwork}, kind) {
		return nil, "", fmt.Errorf("%w: %q is none of %s, %s, %s", errPolicyKind, kind, policySeccomp, policyCapabilities, policyNetwork)
	}
	if !slices.Contains(c.profiles.Workloads(), workload) {
		return nil, "", fmt.Errorf("%w: nothing was learned about %q", errPolicyUnknown, workload)
	}
	if kind == policyNetwork {
		document, err := c.networkPolicy(workload, force)
		return document, contentYAML, err
	}
	f := c.facts(workload, func(key string) bool { return key == workload })
	if kind == policyCapabilities {
		document, err := policy.Capabilities(f, force)
		return document, contentYAML, err
	}
	document, err := policy.Seccomp(f, force)
	return document, contentJSON, err
}

// networkPolicy gathers what is known of the pods of a workload and of those around it.
func (c *core) networkPolicy(workload string, force bool) ([]byte, error) {
	owner, err := policy.OwnerOf(workload)
	if err != nil {
		return nil, err
	}
	around := policy.Neighbourhood{}
	c.profiles.Each(func(p *profile.Profile) {
		other, err := policy.OwnerOf(p.Workload())
		if err != nil {
			return
		}
		habits, _ := p.Habits()
		if known := around[other]; known != nil {
			known.Add(habits)
		} else {
			around[other] = policy.PodsOf(habits)
		}
	})
	key := owner.String()
	f := c.facts(key, func(workload string) bool { return workload == key || strings.HasPrefix(workload, key+"/") })
	return policy.Network(f, owner, around, force)
}

// facts joins what is known of all workloads that are wanted.
func (c *core) facts(name string, wanted func(workload string) bool) *policy.Facts {
	f := &policy.Facts{Workload: name, Tracers: c.config.Policy.tracers(), Capabilities: c.config.Policy.capabilities()}
	var seen habit.Tracers
	c.profiles.Each(func(p *profile.Profile) {
		seen |= p.Tracers()
		if wanted(p.Workload()) {
			addFacts(f, p)
		}
	})
	if f.Tracers == 0 {
		f.Tracers = seen
	}
	return f
}

// addFacts takes in what one profile knows. Of several, the one that knows the least decides how well all is known.
func addFacts(f *policy.Facts, p *profile.Profile) {
	habits, others := p.Habits()
	progress, stats := p.Progress(), p.Stats()
	if first := f.Events == 0; first || p.Observed() < f.Observed {
		f.Observed = p.Observed()
	}
	f.Habits = append(f.Habits, habits...)
	f.Others += others
	f.Omitted += p.HabitsOmitted()
	f.Events += stats.Events
	f.Replicas = max(f.Replicas, stats.Instances)
	switch progress.State {
	case profile.Learning:
		f.Learning, f.LearningReason = true, progress.Reason
	case profile.Drifting:
		f.Drifting = true
	case profile.Watching:
	}
}
