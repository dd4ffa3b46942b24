// SPDX-License-Identifier: Apache-2.0

package apiobject

import (
	"net/netip"
	"slices"

	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/inventory"
)

// serviceNameLabel is what a slice says of the Service that it belongs to.
const serviceNameLabel = "kubernetes.io/service-name"

// Service returns what the inventory keeps of a Service. One without addresses is headless, or no more than a
// name; it is kept all the same, since it may have had some.
func (c *Converter) Service(s *Service) (*inventory.Service, error) {
	name := c.name(s.Name)
	if name == "" {
		return nil, errNoName
	}
	texts := bounded(c, s.Spec.ClusterIPs)
	if len(texts) == 0 {
		texts = []string{s.Spec.ClusterIP}
	}
	texts = slices.Concat(texts, bounded(c, s.Spec.ExternalIPs))
	for _, ingress := range bounded(c, s.Status.LoadBalancer.Ingress) {
		texts = append(texts, ingress.IP)
	}
	return &inventory.Service{Namespace: c.sharedName(s.Namespace), Name: name, Addresses: c.addresses(texts)}, nil
}

func bounded[T any](c *Converter, all []T) []T {
	if len(all) > addressesPerObjectMax {
		c.count(CutAddresses)
		return all[:addressesPerObjectMax]
	}
	return all
}

// EndpointSlice returns what the inventory keeps of a slice.
func (c *Converter) EndpointSlice(s *EndpointSlice) (*inventory.EndpointSlice, error) {
	name := c.name(s.Name)
	if name == "" {
		return nil, errNoName
	}
	slice := &inventory.EndpointSlice{
		Namespace: c.sharedName(s.Namespace), Name: name, Service: c.name(s.Labels[serviceNameLabel]), Ports: c.ports(s.Ports),
	}
	endpoints := s.Endpoints
	if len(endpoints) > endpointsPerSliceMax {
		c.count(CutEndpoints)
		endpoints = endpoints[:endpointsPerSliceMax]
	}
	for _, endpoint := range endpoints {
		place := inventory.Endpoint{Addresses: c.addresses(endpoint.Addresses)}
		if endpoint.TargetRef != nil && endpoint.TargetRef.Kind == "Pod" {
			place.PodUID = c.name(endpoint.TargetRef.UID)
		}
		slice.Endpoints = append(slice.Endpoints, place)
	}
	return slice, nil
}

func (c *Converter) ports(ports []EndpointPort) []uint16 {
	if len(ports) > portsPerSliceMax {
		c.count(CutPorts)
		ports = ports[:portsPerSliceMax]
	}
	var numbers []uint16
	for _, port := range ports {
		number := uint16(port.Port)
		if int32(number) != port.Port || number == 0 || slices.Contains(numbers, number) {
			continue
		}
		numbers = append(numbers, number)
	}
	return numbers
}

// Node returns what the inventory keeps of a node.
func (c *Converter) Node(n *Node) (*inventory.Node, error) {
	name := c.name(n.Name)
	if name == "" {
		return nil, errNoName
	}
	node := &inventory.Node{Name: name}
	var texts []string
	for _, address := range bounded(c, n.Status.Addresses) {
		if address.Type == "InternalIP" || address.Type == "ExternalIP" {
			texts = append(texts, address.Address)
		}
	}
	node.Addresses = c.addresses(texts)
	networks := bounded(c, n.Spec.PodCIDRs)
	if len(networks) == 0 && n.Spec.PodCIDR != "" {
		networks = []string{n.Spec.PodCIDR}
	}
	for _, text := range networks {
		network, err := netip.ParsePrefix(text)
		if err != nil {
			c.count(CutUnreadable)
			continue
		}
		node.PodNetworks = append(node.PodNetworks, network.Masked())
	}
	return node, nil
}
