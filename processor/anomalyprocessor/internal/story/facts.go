// SPDX-License-Identifier: Apache-2.0

package story

import (
	"slices"
	"strings"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/sigma"
)

// Facts are what is known of an incident besides its behaviours.
type Facts struct {
	// Events is how many there are, UIDs name those that have a name.
	Events uint64
	UIDs   []string
	// Instances are the replicas in which it happened.
	Instances []string
	// Rules are those that matched, MoreRules counts matches of others beyond the limit.
	Rules     []*sigma.Rule
	MoreRules uint64
	// Omitted counts names of events and replicas beyond the limits.
	Omitted uint64
}

// Event is what a story keeps of an event. Texts are cloned.
type Event struct {
	UID, Instance string
	Rules         []*sigma.Rule
}

func (f *Facts) add(e *Event) {
	f.Events++
	if e.UID != "" {
		f.Omitted += keep(&f.UIDs, e.UID, uidsMax)
	}
	if e.Instance != "" {
		f.Omitted += keep(&f.Instances, e.Instance, instancesMax)
	}
	for _, rule := range e.Rules {
		f.addRule(rule)
	}
}

func (f *Facts) addRule(rule *sigma.Rule) {
	switch {
	case slices.ContainsFunc(f.Rules, rule.Same): // the rules may have been read anew meanwhile
	case len(f.Rules) < rulesMax:
		f.Rules = append(f.Rules, rule)
	default:
		f.MoreRules++
	}
}

func (f *Facts) clone() Facts {
	c := *f
	c.UIDs, c.Instances, c.Rules = slices.Clone(f.UIDs), slices.Clone(f.Instances), slices.Clone(f.Rules)
	return c
}

// join takes in the facts of another incident.
func (f *Facts) join(other *Facts) {
	f.Events += other.Events
	f.MoreRules += other.MoreRules
	f.Omitted += other.Omitted
	for _, uid := range other.UIDs {
		f.Omitted += keep(&f.UIDs, uid, uidsMax)
	}
	for _, instance := range other.Instances {
		f.Omitted += keep(&f.Instances, instance, instancesMax)
	}
	for _, rule := range other.Rules {
		f.addRule(rule)
	}
}

// keep adds a text that is not there yet, and returns 1 if there is no room for it.
func keep(all *[]string, text string, most int) uint64 {
	switch {
	case slices.Contains(*all, text):
	case len(*all) < most:
		*all = append(*all, strings.Clone(text))
	default:
		return 1
	}
	return 0
}
