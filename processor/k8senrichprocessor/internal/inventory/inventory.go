// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"maps"
	"net/netip"
	"sync"
	"time"
)

// Limits bound an Inventory. What does not fit is refused and counted.
type Limits struct {
	PodsMax           int
	ServicesMax       int
	EndpointSlicesMax int
	NodesMax          int
	// BytesMax bounds what all entries take together, by the estimate of this package.
	BytesMax int
	// PodRetention is how long a pod is kept after it was removed: its last records are still on their way.
	PodRetention time.Duration
}

// Bounds on parts of objects; what is beyond them is left out and counted.
const (
	// containersPerPodMax includes those that were replaced while the pod went on.
	containersPerPodMax = 64
	// addressesPerObjectMax bounds the addresses of a pod, a Service, a node or an endpoint.
	addressesPerObjectMax = 16
	// holdersPerAddressMax bounds how many pods are remembered to have had an address.
	holdersPerAddressMax = 8
)

// Stats counts what an Inventory holds, and what it could not hold since it was made.
type Stats struct {
	Pods, PodsRemoved, Services, EndpointSlices, Nodes, Addresses int
	Bytes                                                         int
	// Refused counts objects that were not taken for lack of room, by kind; Cut counts those that lack a part.
	Refused, Cut map[string]uint64
}

// Inventory is safe for use by several goroutines.
type Inventory struct {
	limits Limits

	mu         sync.RWMutex
	generation uint64
	bytes      int
	pods       map[string]*entry
	containers map[string]containerAt
	removed    []*entry // by time of removal
	// holders are the pods that have or had an address, the latest last.
	holders   map[netip.Addr][]tenancy
	services  services
	nodes     nodes
	refused   map[string]uint64
	cut       map[string]uint64
	completed bool
}

// entry is a pod and what the inventory knows about it beside.
type entry struct {
	pod   *Pod
	bytes int
	// held are all addresses that it has or had.
	held      []netip.Addr
	firstSeen time.Time
	removed   time.Time // zero while it is there
}

type containerAt struct {
	pod   *Pod
	index int
}

// New returns an empty inventory.
func New(limits Limits) *Inventory {
	return &Inventory{
		limits:     limits,
		pods:       map[string]*entry{},
		containers: map[string]containerAt{},
		holders:    map[netip.Addr][]tenancy{},
		services:   newServices(),
		nodes:      newNodes(),
		refused:    map[string]uint64{},
		cut:        map[string]uint64{},
	}
}

// Generation changes whenever something that was not known becomes known. Who waits for something looks again
// then.
func (i *Inventory) Generation() uint64 {
	i.mu.RLock()
	defer i.mu.RUnlock()
	return i.generation
}

// SetCompleted tells whether everything that there is to know has been put once.
func (i *Inventory) SetCompleted(completed bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.completed = completed
	i.generation++
}

// Completed tells whether what is not found isn't there, rather than not read yet.
func (i *Inventory) Completed() bool {
	i.mu.RLock()
	defer i.mu.RUnlock()
	return i.completed
}

// Stats returns the counts so far.
func (i *Inventory) Stats() Stats {
	i.mu.RLock()
	defer i.mu.RUnlock()
	stats := Stats{
		Pods: len(i.pods), PodsRemoved: len(i.removed), Services: len(i.services.byKey),
		EndpointSlices: len(i.services.slices), Nodes: len(i.nodes.byName),
		Addresses: len(i.holders) + len(i.services.byAddress) + len(i.nodes.byAddress),
		Bytes:     i.bytes, Refused: map[string]uint64{}, Cut: map[string]uint64{},
	}
	maps.Copy(stats.Refused, i.refused)
	maps.Copy(stats.Cut, i.cut)
	return stats
}

// Kinds of objects in Stats.
const (
	KindPod           = "pod"
	KindService       = "service"
	KindEndpointSlice = "endpoint_slice"
	KindNode          = "node"
)
