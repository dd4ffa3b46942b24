// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"net/netip"
	"slices"
)

// nodes are the machines of the cluster.
type nodes struct {
	byName    map[string]*Node
	byAddress map[netip.Addr]*Node
	// own is this node, with the addresses of its interfaces, of which the API server knows but one or two.
	own *Node
}

func newNodes() nodes {
	return nodes{byName: map[string]*Node{}, byAddress: map[netip.Addr]*Node{}}
}

// PutNode takes a node that is new or has changed. It keeps n.
func (i *Inventory) PutNode(n *Node) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.removeNode(n.Name)
	if len(i.nodes.byName) >= i.limits.NodesMax || !i.makeRoom(nodeBytes(n), true) {
		i.refused[KindNode]++
		return
	}
	n.Addresses = i.fewAddresses(KindNode, n.Addresses)
	i.bytes += nodeBytes(n)
	i.nodes.byName[n.Name] = n
	for _, address := range n.Addresses {
		i.nodes.byAddress[address.Unmap()] = n
	}
	i.generation++
}

// RemoveNode forgets a node.
func (i *Inventory) RemoveNode(name string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.removeNode(name)
}

// ReplaceNodes takes the nodes that there are: the others are gone. One that stays is known all the time.
func (i *Inventory) ReplaceNodes(all []*Node) {
	there := make(map[string]bool, len(all))
	for _, n := range all {
		there[n.Name] = true
	}
	i.mu.Lock()
	for name := range i.nodes.byName {
		if !there[name] {
			i.removeNode(name)
		}
	}
	i.mu.Unlock()
	for _, n := range all {
		i.PutNode(n)
	}
}

// SetOwnNode tells which addresses this node has.
func (i *Inventory) SetOwnNode(n *Node) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.nodes.own != nil && slices.Equal(i.nodes.own.Addresses, n.Addresses) {
		return
	}
	n.Addresses = n.Addresses[:min(len(n.Addresses), ownAddressesMax)]
	i.nodes.own = n
	i.generation++
}

// ownAddressesMax bounds the addresses of this node: hosts with a bridge per network have some tens.
const ownAddressesMax = 1024

// NodeAt returns the node with an address, nil if there is none.
func (i *Inventory) NodeAt(address netip.Addr) *Node {
	i.mu.RLock()
	defer i.mu.RUnlock()
	if n, ok := i.nodes.byAddress[address.Unmap()]; ok {
		return n
	}
	if own := i.nodes.own; own != nil && slices.Contains(own.Addresses, address.Unmap()) {
		return own
	}
	return nil
}

// OfPods tells whether an address is of a network that nodes give their pods addresses from: whoever has it is a
// pod, known or not.
func (i *Inventory) OfPods(address netip.Addr) bool {
	i.mu.RLock()
	defer i.mu.RUnlock()
	return i.ofPods(address)
}

// ofPods is called with mu held.
func (i *Inventory) ofPods(address netip.Addr) bool {
	for _, n := range i.nodes.byName {
		if slices.ContainsFunc(n.PodNetworks, func(p netip.Prefix) bool { return p.Contains(address.Unmap()) }) {
			return true
		}
	}
	return false
}

func (i *Inventory) removeNode(name string) {
	n, ok := i.nodes.byName[name]
	if !ok {
		return
	}
	delete(i.nodes.byName, name)
	for _, address := range n.Addresses {
		if i.nodes.byAddress[address.Unmap()] == n {
			delete(i.nodes.byAddress, address.Unmap())
		}
	}
	i.bytes -= nodeBytes(n)
}

const nodeBytesFixed = 200

func nodeBytes(n *Node) int {
	return nodeBytesFixed + len(n.Name) + len(n.Addresses)*addressBytesFixed + 32*len(n.PodNetworks)
}
