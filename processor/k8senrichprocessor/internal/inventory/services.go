// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"net/netip"
	"slices"
)

// objectKey names an object of a kind that belongs to a namespace.
type objectKey struct{ namespace, name string }

// services are the Services of the cluster and the places where they are served.
type services struct {
	byKey     map[objectKey]*Service
	byAddress map[netip.Addr]*Service
	slices    map[objectKey]*EndpointSlice
	// slicesOf are the names of the slices of a Service.
	slicesOf map[objectKey][]string
	// hostPorts are the places of pods whose addresses are the node's.
	hostPorts map[netip.AddrPort]string
}

func newServices() services {
	return services{
		byKey: map[objectKey]*Service{}, byAddress: map[netip.Addr]*Service{}, slices: map[objectKey]*EndpointSlice{},
		slicesOf: map[objectKey][]string{}, hostPorts: map[netip.AddrPort]string{},
	}
}

// PutService takes a Service that is new or has changed. It keeps s.
func (i *Inventory) PutService(s *Service) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.removeService(objectKey{s.Namespace, s.Name})
	if len(i.services.byKey) >= i.limits.ServicesMax || !i.makeRoom(serviceBytes(s), true) {
		i.refused[KindService]++
		return
	}
	s.Addresses = i.fewAddresses(KindService, s.Addresses)
	i.bytes += serviceBytes(s)
	i.services.byKey[objectKey{s.Namespace, s.Name}] = s
	for _, address := range s.Addresses {
		i.services.byAddress[address.Unmap()] = s
	}
	i.generation++
}

// RemoveService forgets a Service.
func (i *Inventory) RemoveService(namespace, name string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.removeService(objectKey{namespace, name})
}

// ReplaceServices takes the Services that there are: the others are gone. One that stays is known all the time.
func (i *Inventory) ReplaceServices(all []*Service) {
	there := make(map[objectKey]bool, len(all))
	for _, s := range all {
		there[objectKey{s.Namespace, s.Name}] = true
	}
	i.mu.Lock()
	for key := range i.services.byKey {
		if !there[key] {
			i.removeService(key)
		}
	}
	i.mu.Unlock()
	for _, s := range all {
		i.PutService(s)
	}
}

// ServiceAt returns the Service with an address, nil if there is none.
func (i *Inventory) ServiceAt(address netip.Addr) *Service {
	i.mu.RLock()
	defer i.mu.RUnlock()
	return i.services.byAddress[address.Unmap()]
}

// PutEndpointSlice takes a slice that is new or has changed. It keeps s.
func (i *Inventory) PutEndpointSlice(s *EndpointSlice) {
	i.mu.Lock()
	defer i.mu.Unlock()
	key := objectKey{s.Namespace, s.Name}
	i.removeEndpointSlice(key)
	if len(i.services.slices) >= i.limits.EndpointSlicesMax || !i.makeRoom(sliceBytes(s), true) {
		i.refused[KindEndpointSlice]++
		return
	}
	i.bytes += sliceBytes(s)
	i.services.slices[key] = s
	service := objectKey{s.Namespace, s.Service}
	i.services.slicesOf[service] = append(i.services.slicesOf[service], s.Name)
	eachHostPort(s, func(place netip.AddrPort, pod string) { i.services.hostPorts[place] = pod })
	i.generation++
}

// RemoveEndpointSlice forgets a slice.
func (i *Inventory) RemoveEndpointSlice(namespace, name string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.removeEndpointSlice(objectKey{namespace, name})
}

// ReplaceEndpointSlices takes the slices that there are: the others are gone. One that stays is known all the time.
func (i *Inventory) ReplaceEndpointSlices(all []*EndpointSlice) {
	there := make(map[objectKey]bool, len(all))
	for _, s := range all {
		there[objectKey{s.Namespace, s.Name}] = true
	}
	i.mu.Lock()
	for key := range i.services.slices {
		if !there[key] {
			i.removeEndpointSlice(key)
		}
	}
	i.mu.Unlock()
	for _, s := range all {
		i.PutEndpointSlice(s)
	}
}

// PodAtPort returns the pod on the host's network that serves at an address and port of a node; nil if no Service
// says that there is one.
func (i *Inventory) PodAtPort(place netip.AddrPort) *Pod {
	i.mu.RLock()
	defer i.mu.RUnlock()
	e, ok := i.pods[i.services.hostPorts[netip.AddrPortFrom(place.Addr().Unmap(), place.Port())]]
	if !ok || !e.pod.HostNetwork {
		return nil
	}
	return e.pod
}

// WorkloadOf returns the one workload that stands behind a Service. It is false if pods of several owners do, or
// if none is known.
func (i *Inventory) WorkloadOf(s *Service) (Owner, bool) {
	i.mu.RLock()
	defer i.mu.RUnlock()
	var found Owner
	for _, name := range i.services.slicesOf[objectKey{s.Namespace, s.Name}] {
		for _, endpoint := range i.services.slices[objectKey{s.Namespace, name}].Endpoints {
			e, ok := i.pods[endpoint.PodUID]
			if !ok {
				return Owner{}, false
			}
			owner, ok := e.pod.Workload()
			if !ok || found.Name != "" && (owner.Kind != found.Kind || owner.Name != found.Name) {
				return Owner{}, false
			}
			found = owner
		}
	}
	return found, found.Name != ""
}

func (i *Inventory) removeService(key objectKey) {
	s, ok := i.services.byKey[key]
	if !ok {
		return
	}
	delete(i.services.byKey, key)
	for _, address := range s.Addresses {
		if i.services.byAddress[address.Unmap()] == s {
			delete(i.services.byAddress, address.Unmap())
		}
	}
	i.bytes -= serviceBytes(s)
}

func (i *Inventory) removeEndpointSlice(key objectKey) {
	s, ok := i.services.slices[key]
	if !ok {
		return
	}
	delete(i.services.slices, key)
	service := objectKey{s.Namespace, s.Service}
	rest := slices.DeleteFunc(i.services.slicesOf[service], func(name string) bool { return name == s.Name })
	if len(rest) == 0 {
		delete(i.services.slicesOf, service)
	} else {
		i.services.slicesOf[service] = rest
	}
	eachHostPort(s, func(place netip.AddrPort, pod string) {
		if i.services.hostPorts[place] == pod {
			delete(i.services.hostPorts, place)
		}
	})
	i.bytes -= sliceBytes(s)
}

// eachHostPort calls f with every place of a slice. Whether its pod is on the host's network is asked later,
// since the slice may come before the pod.
func eachHostPort(s *EndpointSlice, f func(netip.AddrPort, string)) {
	for _, endpoint := range s.Endpoints {
		if endpoint.PodUID == "" {
			continue
		}
		for _, address := range endpoint.Addresses {
			for _, port := range s.Ports {
				f(netip.AddrPortFrom(address.Unmap(), port), endpoint.PodUID)
			}
		}
	}
}

// fewAddresses leaves out what an object has too many of.
func (i *Inventory) fewAddresses(kind string, addresses []netip.Addr) []netip.Addr {
	if len(addresses) <= addressesPerObjectMax {
		return addresses
	}
	i.cut[kind]++
	return addresses[:addressesPerObjectMax]
}

const (
	serviceBytesFixed  = 200
	sliceBytesFixed    = 260
	endpointBytesFixed = 80
	placeBytesFixed    = 90
)

func serviceBytes(s *Service) int {
	return serviceBytesFixed + len(s.Namespace) + len(s.Name) + len(s.Addresses)*addressBytesFixed
}

func sliceBytes(s *EndpointSlice) int {
	size := sliceBytesFixed + len(s.Namespace) + len(s.Name) + len(s.Service) + 2*len(s.Ports)
	for _, endpoint := range s.Endpoints {
		size += endpointBytesFixed + len(endpoint.PodUID) + len(endpoint.Addresses)*len(s.Ports)*placeBytesFixed
	}
	return size
}
