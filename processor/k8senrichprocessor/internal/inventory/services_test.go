// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
)

func ownedPod(uid string, owners ...Owner) *Pod {
	p := pod(uid, at(0))
	p.Owners = owners
	return p
}

func slice(name string, pods ...string) *EndpointSlice {
	s := &EndpointSlice{Namespace: "shop", Name: name, Service: "cart", Ports: []uint16{8080}}
	for n, uid := range pods {
		s.Endpoints = append(s.Endpoints, Endpoint{Addresses: []netip.Addr{netip.MustParseAddr(fmt.Sprintf("10.88.0.%d", n+1))}, PodUID: uid})
	}
	return s
}

func TestServices(t *testing.T) {
	i := New(testLimits())
	service := &Service{Namespace: "shop", Name: "cart", Addresses: []netip.Addr{netip.MustParseAddr("10.96.0.10")}}
	i.PutService(service)
	assert.Equal(t, service, i.ServiceAt(netip.MustParseAddr("::ffff:10.96.0.10")))
	cart := []Owner{{ReplicaSet, "cart-1", "r"}, {Deployment, "cart", ""}}
	i.PutEndpointSlice(slice("cart-1", "a", "b"))
	_, ok := i.WorkloadOf(service)
	assert.False(t, ok, "the pods are not known yet")
	i.PutPod(ownedPod("a", cart...), at(1))
	i.PutPod(ownedPod("b", cart...), at(1))
	owner, ok := i.WorkloadOf(service)
	assert.True(t, ok)
	assert.Equal(t, Owner{Deployment, "cart", ""}, owner)

	i.PutPod(ownedPod("c", Owner{Deployment, "other", ""}), at(1))
	i.PutEndpointSlice(slice("cart-2", "c"))
	_, ok = i.WorkloadOf(service)
	assert.False(t, ok, "two workloads serve it")
	i.RemoveEndpointSlice("shop", "cart-2")
	_, ok = i.WorkloadOf(service)
	assert.True(t, ok)

	i.ReplaceServices(nil)
	assert.Nil(t, i.ServiceAt(netip.MustParseAddr("10.96.0.10")))
	i.ReplaceEndpointSlices(nil)
	i.ReplacePods(nil, at(2))
	i.Expire(at(1000))
	assert.Zero(t, i.Stats().Bytes)
}

func TestServices_movingAnAddressFollowsTheLast(t *testing.T) {
	i := New(testLimits())
	addresses := []netip.Addr{netip.MustParseAddr("10.96.0.10")}
	i.PutService(&Service{Namespace: "shop", Name: "old", Addresses: addresses})
	i.PutService(&Service{Namespace: "shop", Name: "new", Addresses: addresses})
	i.RemoveService("shop", "old")
	assert.Equal(t, "new", i.ServiceAt(addresses[0]).Name)
}

func TestPodAtPort(t *testing.T) {
	i := New(testLimits())
	place := netip.MustParseAddrPort("10.88.0.1:8080")
	i.PutEndpointSlice(slice("cart-1", "a"))
	assert.Nil(t, i.PodAtPort(place))
	p := pod("a", at(0))
	i.PutPod(p, at(1))
	assert.Nil(t, i.PodAtPort(place), "it has a network of its own")
	host := *p
	host.HostNetwork = true
	i.PutPod(&host, at(1))
	assert.Equal(t, "pod-a", i.PodAtPort(place).Name)
	assert.Nil(t, i.PodAtPort(netip.MustParseAddrPort("10.88.0.1:8081")))
}

func TestNodes(t *testing.T) {
	i := New(testLimits())
	n := &Node{
		Name: "node1", Addresses: []netip.Addr{netip.MustParseAddr("192.0.2.1")},
		PodNetworks: []netip.Prefix{netip.MustParsePrefix("10.88.0.0/16")},
	}
	i.PutNode(n)
	assert.Equal(t, n, i.NodeAt(netip.MustParseAddr("192.0.2.1")))
	assert.True(t, i.OfPods(address))
	assert.False(t, i.OfPods(netip.MustParseAddr("192.0.2.1")))
	i.ReplaceNodes(nil)
	assert.Nil(t, i.NodeAt(netip.MustParseAddr("192.0.2.1")))
	assert.Zero(t, i.Stats().Bytes)
}

func TestOwnNode(t *testing.T) {
	i := New(testLimits())
	bridge := netip.MustParseAddr("10.88.0.1")
	i.SetOwnNode(&Node{Name: "node1", Addresses: []netip.Addr{bridge}})
	assert.Equal(t, "node1", i.NodeAt(bridge).Name)
	before := i.Generation()
	i.SetOwnNode(&Node{Name: "node1", Addresses: []netip.Addr{bridge}})
	assert.Equal(t, before, i.Generation())
	i.SetOwnNode(&Node{Name: "node1"})
	assert.Nil(t, i.NodeAt(bridge))
}

func TestObjects_boundsHold(t *testing.T) {
	i := New(testLimits())
	for n := range 15 {
		i.PutService(&Service{Namespace: "shop", Name: fmt.Sprint(n)})
		i.PutNode(&Node{Name: fmt.Sprint(n)})
		i.PutEndpointSlice(slice(fmt.Sprint(n)))
	}
	stats := i.Stats()
	assert.Equal(t, []int{10, 10, 10}, []int{stats.Services, stats.Nodes, stats.EndpointSlices})
	assert.Equal(t, map[string]uint64{KindService: 5, KindNode: 5, KindEndpointSlice: 5}, stats.Refused)
	assert.LessOrEqual(t, stats.Bytes, testLimits().BytesMax)
}
