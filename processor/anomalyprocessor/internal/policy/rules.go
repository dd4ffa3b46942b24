// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/habit"
)

// portsMax is how many ports of one far end and protocol are told apart; beyond it, all of the protocol are allowed: such an end chooses them.
const portsMax = 16

// protocols are those that a NetworkPolicy knows, by the names that events have.
var protocols = map[string]string{"tcp": "TCP", "udp": "UDP", "sctp": "SCTP"}

// builder puts rules together: for each far end the ports.
type builder struct {
	around  Neighbourhood
	cluster string
	far     []farEnd
	// missing is what has no place in the policy, wider what it allows beyond what was seen.
	missing, wider []string
}

// farEnd is one far end in one direction, with its ports.
type farEnd struct {
	direction habit.Kind
	key       string
	end       end
	ports     []port
}

// networkRule allows ends to use ports.
type networkRule struct {
	ends  []end
	ports []policyPort
}

// add takes in a habit.
func (b *builder) add(h *habit.Seen) {
	if h.Kind != habit.Connect && h.Kind != habit.Accept {
		return
	}
	protocol, ok := protocols[h.Transport]
	if !ok {
		b.missing = append(b.missing, fmt.Sprintf("a NetworkPolicy knows no %s (port %d)", h.Transport, h.Port))
		return
	}
	ports := []port{{protocol, h.Port}}
	switch {
	case h.Peer.Namespace != "":
		b.pods(h, ports)
	case h.Peer.Kind == "node" && h.Peer.ByService:
		b.missing = append(b.missing, fmt.Sprintf("node %s is reached by a Service's address, %s port %d: its own address and port are not seen",
			h.Peer.Name, h.Network.Addr(), h.Port))
	case h.Network.IsValid():
		if h.Network.Bits() == 0 {
			b.wider = append(b.wider, fmt.Sprintf("%s port %d of all addresses: too many networks were seen to name them", h.Transport, h.Port))
		}
		b.put(h.Kind, end{IPBlock: &ipBlock{h.Network.String()}}, h.Network.String(), ports)
	}
}

// pods takes in a far end that is pods. Where their labels are not known, all pods of the namespace are allowed.
func (b *builder) pods(h *habit.Seen, ports []port) {
	owner := Owner{b.cluster, h.Peer.Namespace, h.Peer.Kind, h.Peer.Name}
	pods := b.around[owner]
	far := end{NamespaceSelector: &selector{map[string]string{namespaceLabel: owner.Namespace}}}
	key := owner.Namespace
	if pods != nil && pods.Selector() != nil {
		far.PodSelector = &selector{pods.Selector()}
		key += fmt.Sprint(far.PodSelector.MatchLabels)
	} else {
		b.wider = append(b.wider, fmt.Sprintf("all pods of namespace %s: labels of %s %s are not known here", owner.Namespace, owner.Kind, owner.Name))
	}
	if h.Kind == habit.Connect && h.Peer.ByService {
		// The cluster translates a Service's port before it applies policies.
		protocol := ports[0].protocol
		ports = []port{{protocol, 0}}
		if pods != nil && len(pods.serving(protocol)) > 0 {
			ports = pods.serving(protocol)
		} else {
			b.wider = append(b.wider, fmt.Sprintf("all %s ports of %s %s: it is reached by a Service, and what its pods serve is not known here",
				protocol, owner.Kind, owner.Name))
		}
	}
	b.put(h.Kind, far, key, ports)
}

func (b *builder) put(direction habit.Kind, far end, key string, ports []port) {
	i := slices.IndexFunc(b.far, func(f farEnd) bool { return f.direction == direction && f.key == key })
	if i < 0 {
		i = len(b.far)
		b.far = append(b.far, farEnd{direction: direction, key: key, end: far})
	}
	b.far[i].ports = append(b.far[i].ports, ports...)
}

// rules returns the rules of a direction. Far ends with the same ports are one rule.
func (b *builder) rules(direction habit.Kind) []networkRule {
	slices.SortFunc(b.far, func(x, y farEnd) int { return cmp.Compare(x.key, y.key) })
	var keys []string
	var all []networkRule
	for i := range b.far {
		f := &b.far[i]
		if f.direction != direction {
			continue
		}
		ports := joined(f.ports)
		key := fmt.Sprint(ports)
		at := slices.Index(keys, key)
		if at < 0 {
			at = len(all)
			keys, all = append(keys, key), append(all, networkRule{ports: ports})
		}
		all[at].ends = append(all[at].ends, f.end)
	}
	return all
}

// joined returns ports in order, each once; if there are too many of a protocol, or any of it is allowed, only the protocol.
func joined(ports []port) []policyPort {
	slices.SortFunc(ports, func(x, y port) int {
		return cmp.Or(strings.Compare(x.protocol, y.protocol), cmp.Compare(x.number, y.number))
	})
	ports = slices.Compact(ports)
	count := map[string]int{}
	for _, p := range ports {
		count[p.protocol]++
		if p.number == 0 {
			count[p.protocol] = portsMax + 1
		}
	}
	var all []policyPort
	for _, p := range ports {
		one := policyPort{p.protocol, p.number}
		if count[p.protocol] > portsMax {
			one.Port = 0
		}
		if !slices.Contains(all, one) {
			all = append(all, one)
		}
	}
	return all
}

// remarks says what the policy allows beyond what was seen, and what it lacks.
func (b *builder) remarks() []string {
	var lines []string
	for _, part := range []struct {
		head string
		all  []string
	}{{"Wider than what was seen: ", b.wider}, {"Missing, add it by hand: ", b.missing}} {
		slices.Sort(part.all)
		for _, what := range slices.Compact(part.all) {
			lines = append(lines, part.head+what+".")
		}
	}
	return lines
}
