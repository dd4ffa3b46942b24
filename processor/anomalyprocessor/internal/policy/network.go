// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/habit"
)

// Neighbourhood is what is known of other pods.
type Neighbourhood map[Owner]*Pods

// networkPolicy has the fields of a NetworkPolicy (networking.k8s.io/v1) that are used.
type networkPolicy struct {
	APIVersion string   `yaml:"apiVersion"`
	Kind       string   `yaml:"kind"`
	Metadata   metadata `yaml:"metadata"`
	Spec       spec     `yaml:"spec"`
}

type metadata struct {
	Name      string `yaml:"name"`
	Namespace string `yaml:"namespace"`
}

type spec struct {
	PodSelector selector      `yaml:"podSelector"`
	PolicyTypes []string      `yaml:"policyTypes"`
	Ingress     []ingressRule `yaml:"ingress"`
	Egress      []egressRule  `yaml:"egress"`
}

type selector struct {
	MatchLabels map[string]string `yaml:"matchLabels"`
}

type ingressRule struct {
	From  []end        `yaml:"from"`
	Ports []policyPort `yaml:"ports,omitempty"`
}

type egressRule struct {
	To    []end        `yaml:"to"`
	Ports []policyPort `yaml:"ports,omitempty"`
}

type end struct {
	NamespaceSelector *selector `yaml:"namespaceSelector,omitempty"`
	PodSelector       *selector `yaml:"podSelector,omitempty"`
	IPBlock           *ipBlock  `yaml:"ipBlock,omitempty"`
}

type ipBlock struct {
	CIDR string `yaml:"cidr"`
}

type policyPort struct {
	Protocol string `yaml:"protocol"`
	Port     uint16 `yaml:"port,omitempty"`
}

// namespaceLabel is the label by which every namespace has its name.
const namespaceLabel = "kubernetes.io/metadata.name"

// nameBytesMax is how long an object's name may be.
const nameBytesMax = 253

// Network returns a NetworkPolicy that lets the pods of an owner do what they do, and nothing else, in YAML. The facts are those of all
// containers of the pods, joined; the neighbourhood has the pods themselves, and what is known of those at far ends.
func Network(f *Facts, owner Owner, around Neighbourhood, force bool) ([]byte, error) {
	if err := f.ready(force); err != nil {
		return nil, err
	}
	if !f.watches("tcp") && !f.watches("udp") || !force && (!f.watches("tcp") || !f.watches("udp")) {
		return nil, fmt.Errorf("%w: events of the tracers tcp and udp are both needed, and there were some of %s: switch them on in the receiver, and let "+
			"the workload be learned again, or name them in policy::tracers", ErrUnwatched, listOr(f.Tracers.Names(), "none"))
	}
	own, err := choose(owner, around, force)
	if err != nil {
		return nil, err
	}
	b := &builder{around: around, cluster: owner.Cluster}
	for i := range f.Habits {
		b.add(&f.Habits[i])
	}
	if len(b.missing) > 0 && !force {
		slices.Sort(b.missing)
		return nil, fmt.Errorf("%w: %s; force it and add that by hand", ErrIncomplete, strings.Join(slices.Compact(b.missing), "; "))
	}
	p := networkPolicy{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy", Metadata: metadata{nameOf(owner), owner.Namespace}}
	p.Spec = spec{PodSelector: selector{own}, PolicyTypes: []string{"Ingress", "Egress"}, Ingress: []ingressRule{}, Egress: []egressRule{}}
	for _, r := range b.rules(habit.Accept) {
		p.Spec.Ingress = append(p.Spec.Ingress, ingressRule{r.ends, r.ports})
	}
	for _, r := range b.rules(habit.Connect) {
		p.Spec.Egress = append(p.Spec.Egress, egressRule{r.ends, r.ports})
	}
	head := append(f.basis("NetworkPolicy"), "What is not named is refused, protocols included that no tracer watches: all but TCP and UDP.")
	return write(comment(append(head, b.remarks()...)), &p)
}

// choose returns the labels of the owner's pods, if they choose no others.
func choose(owner Owner, around Neighbourhood, force bool) (map[string]string, error) {
	pods := around[owner]
	if pods == nil || pods.Selector() == nil {
		return nil, fmt.Errorf("%w: no label of the pods of %s is known: name those that choose them in pod_labels of k8s_enrich", ErrNoPods, owner)
	}
	chosen := pods.Selector()
	var others []string
	for other, known := range around {
		if other != owner && other.Cluster == owner.Cluster && other.Namespace == owner.Namespace && known.Selects(chosen) {
			others = append(others, other.String())
		}
	}
	if len(others) > 0 && !force {
		slices.Sort(others)
		return nil, fmt.Errorf("%w: the labels %v of %s are also those of %s: name more in pod_labels of k8s_enrich", ErrNoPods, chosen, owner,
			strings.Join(others, ", "))
	}
	return chosen, nil
}

func nameOf(owner Owner) string {
	name := owner.Kind + "-" + owner.Name + "-learned"
	return name[max(len(name)-nameBytesMax, 0):]
}

func write(head string, p *networkPolicy) ([]byte, error) {
	var out bytes.Buffer
	out.WriteString(head)
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(p); err != nil {
		return nil, err
	}
	if err := encoder.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
