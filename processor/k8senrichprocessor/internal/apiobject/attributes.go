// SPDX-License-Identifier: Apache-2.0

package apiobject

import (
	"maps"
	"slices"
	"strings"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/inventory"
)

// resourceAnnotationPrefix stands before the name of a resource attribute in the key of an annotation, see
// https://opentelemetry.io/docs/specs/semconv/non-normative/k8s-attributes/.
const resourceAnnotationPrefix = "resource.opentelemetry.io/"

// reservedPrefixes are of attributes that say who it was. Whoever may create a pod may annotate it, and must not
// pass it off as another one.
var reservedPrefixes = []string{"k8s.", "container.", "host.", "process.", "meerkat."}

// serviceLabels are well-known labels, and what they become unless an annotation says it.
var serviceLabels = []struct{ label, attribute string }{
	{"app.kubernetes.io/instance", names.ServiceName},
	{"app.kubernetes.io/name", names.ServiceName},
	{"app.kubernetes.io/version", names.ServiceVersion},
}

// attributeSet collects attributes of one pod.
type attributeSet struct {
	converter *Converter
	values    map[string]string
}

// attributes returns what labels and annotations tell, in the order of names.
func (c *Converter) attributes(p *Pod) []inventory.Attribute {
	set := attributeSet{c, map[string]string{}}
	// In the order of keys, so that it is always the same ones that are too many.
	for _, key := range slices.Sorted(maps.Keys(p.Annotations)) {
		if name, ok := strings.CutPrefix(key, resourceAnnotationPrefix); ok {
			set.putNamed(name, p.Annotations[key])
		}
	}
	if c.settings.ServiceLabels {
		for _, known := range serviceLabels {
			if value := p.Labels[known.label]; value != "" {
				set.put(known.attribute, value)
			}
		}
	}
	set.putChosen(names.K8sPodLabelPrefix, p.Labels, &c.labels)
	set.putChosen(names.K8sPodAnnotationPrefix, p.Annotations, &c.annotations)
	return set.list()
}

func (s *attributeSet) putChosen(prefix string, values map[string]string, chosen *patterns) {
	if chosen.none() {
		return
	}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if chosen.match(key) {
			s.put(prefix+key, values[key])
		}
	}
}

// putNamed takes an attribute whose name somebody chose.
func (s *attributeSet) putNamed(name, value string) {
	for _, prefix := range reservedPrefixes {
		if strings.HasPrefix(name, prefix) {
			s.converter.count(CutReservedName)
			return
		}
	}
	s.put(name, value)
}

// put takes an attribute unless it is there already.
func (s *attributeSet) put(name, value string) {
	if _, ok := s.values[name]; ok || name == "" {
		return
	}
	if len(name) > attributeNameBytesMax {
		s.converter.count(CutAttributeName)
		return
	}
	if len(s.values) >= attributesPerPodMax {
		s.converter.count(CutAttributes)
		return
	}
	if len(value) > attributeValueBytesMax {
		s.converter.count(CutAttributeValue)
		value = shorten(value, attributeValueBytesMax)
	}
	s.values[name] = value
}

func (s *attributeSet) list() []inventory.Attribute {
	if len(s.values) == 0 {
		return nil
	}
	all := make([]inventory.Attribute, 0, len(s.values))
	for _, name := range slices.Sorted(maps.Keys(s.values)) {
		all = append(all, inventory.Attribute{Name: s.converter.share(name), Value: s.converter.share(s.values[name])})
	}
	return all
}
