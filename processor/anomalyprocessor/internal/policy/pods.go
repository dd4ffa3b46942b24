// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"slices"
	"strings"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/habit"
)

// Pods is what is known of the pods of an owner.
type Pods struct {
	// labels have all values that were seen.
	labels map[string][]string
	ports  []port
}

// port is a port of a transport protocol; 0 is any of it.
type port struct {
	protocol string
	number   uint16
}

// passing are labels that a pod does not share with those that take its place, in whole or up to a slash at the end.
var passing = []string{
	"pod-template-hash", "controller-revision-hash", "pod-template-generation", "statefulset.kubernetes.io/", "apps.kubernetes.io/pod-index",
	"controller-uid", "job-name", "batch.kubernetes.io/", "app.kubernetes.io/version", "helm.sh/chart", "version",
}

// PodsOf gathers what habits tell of the pods whose habits they are: their labels, and the ports that they serve.
func PodsOf(habits []habit.Seen) *Pods {
	p := &Pods{labels: map[string][]string{}}
	p.Add(habits)
	return p
}

// Add takes in the habits of one more container.
func (p *Pods) Add(habits []habit.Seen) {
	for i := range habits {
		h := &habits[i]
		switch h.Kind {
		case habit.Label:
			if !slices.Contains(p.labels[h.Name], h.Value) {
				p.labels[h.Name] = append(p.labels[h.Name], h.Value)
			}
		case habit.Listen, habit.Accept:
			if protocol, ok := protocols[h.Transport]; ok && !slices.Contains(p.ports, port{protocol, h.Port}) {
				p.ports = append(p.ports, port{protocol, h.Port})
			}
		default:
		}
	}
}

// Selector returns the labels that all pods of the owner have with one value, nil if none is known.
func (p *Pods) Selector() map[string]string {
	var selector map[string]string
	for key, values := range p.labels {
		isPassing := slices.ContainsFunc(passing, func(known string) bool {
			return key == known || strings.HasSuffix(known, "/") && strings.HasPrefix(key, known)
		})
		if len(values) != 1 || isPassing {
			continue
		}
		if selector == nil {
			selector = map[string]string{}
		}
		selector[key] = values[0]
	}
	return selector
}

// Selects tells whether a selector fits the pods, as far as their labels are known.
func (p *Pods) Selects(selector map[string]string) bool {
	for key, value := range selector {
		if !slices.Contains(p.labels[key], value) {
			return false
		}
	}
	return true
}

// serving returns the ports of a protocol that the pods serve.
func (p *Pods) serving(protocol string) []port {
	var all []port
	for _, served := range p.ports {
		if served.protocol == protocol {
			all = append(all, served)
		}
	}
	return all
}
