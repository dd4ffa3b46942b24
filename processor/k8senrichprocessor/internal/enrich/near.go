// SPDX-License-Identifier: Apache-2.0

package enrich

import (
	"net/netip"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/inventory"
)

// Settings are what the configuration says.
type Settings struct {
	ClusterName, ClusterUID string
	// NodeName is the Kubernetes name of the node that this runs on.
	NodeName string
	// Source tells whether anybody fills the inventory.
	Source bool
	// WholeCluster tells whether the inventory holds the whole cluster rather than one node.
	WholeCluster bool
	// Networks have names for what is outside of the cluster.
	Networks []Network
}

// Network is a named range of addresses.
type Network struct {
	Name   string
	Prefix netip.Prefix
}

// Enricher is safe for use by several goroutines.
type Enricher struct {
	settings  Settings
	inventory *inventory.Inventory
	ends      *ends
	strangers *strangers
}

// New returns an enricher that knows what inv holds.
func New(settings Settings, inv *inventory.Inventory) *Enricher {
	return &Enricher{settings: settings, inventory: inv, ends: newEnds(), strangers: newStrangers()}
}

// Near is whose a resource is.
type Near struct {
	Outcome
	pod       *inventory.Pod
	container *inventory.Container
	identity  identity
}

// Near finds whose a resource is. from is the address that it was sent from, if it came over a network.
func (e *Enricher) Near(resource pcommon.Map, from netip.Addr, now time.Time) Near {
	near := Near{identity: identityOf(resource)}
	id := &near.identity
	near.pod, near.container, near.Source = e.associate(id, from, now)
	switch {
	case near.pod == nil && !id.mayBePods():
		near.Status = NotApplicable
	case near.pod == nil:
		near.Outcome = e.unknownPod(id)
	case near.container != nil || id.sandbox:
		near.Status = Resolved
	default:
		near.Status, near.Reason, near.MayChange = Partial, ContainerUnknown, e.settings.Source
	}
	near.keepSaid()
	return near
}

// keepSaid leaves what an earlier enrichment said if that knew more: that on the node knew a pod that has ended since. Of a resource that says nothing of
// whose it is, nobody can have known more.
func (n *Near) keepSaid() {
	said := n.identity.saidStatus
	if !n.identity.named() {
		return
	}
	if said == Resolved {
		n.MayChange = false
	}
	if said.knowsMoreThan(n.Status) || (said == n.Status && n.pod == nil) {
		n.Status, n.Reason = said, n.identity.saidReason
	}
}

func (e *Enricher) unknownPod(id *identity) Outcome {
	outcome := Outcome{Status: Unresolved, Reason: PodUnknown, Source: ByNothing, MayChange: e.settings.Source}
	if id.podName != "" {
		outcome.Status = Partial
	}
	switch {
	case !e.settings.Source:
		outcome.Reason = NoSource
	case !e.inventory.Completed():
		outcome.Reason = NotSynced
	}
	return outcome
}

// associate tries what a resource says of itself, the surest first.
func (e *Enricher) associate(id *identity, from netip.Addr, now time.Time) (*inventory.Pod, *inventory.Container, Source) {
	if id.containerID != "" {
		if pod, index := e.inventory.PodByContainer(id.containerID); pod != nil {
			return pod, &pod.Containers[index], ByContainerID
		}
	}
	if id.podUID != "" {
		if pod := e.inventory.PodByUID(id.podUID); pod != nil {
			return pod, containerOf(pod, id), ByPodUID
		}
	}
	if id.podIP != "" {
		if address, err := netip.ParseAddr(id.podIP); err == nil {
			if pod, _ := e.inventory.PodAt(address, now); pod != nil && id.mayBe(pod) {
				return pod, containerOf(pod, id), ByPodIP
			}
		}
	}
	// A sender says whose it is only if nothing else does: it may be a collector that hands on what others sent.
	if from.IsValid() && !id.mayBePods() && !id.fromCgroup {
		if pod, _ := e.inventory.PodAt(from, now); pod != nil {
			return pod, containerOf(pod, id), ByConnection
		}
	}
	return nil, nil, ByNothing
}

// containerOf finds a container by its name, which runtimes know before the API server knows its id. Without a
// name it is the only one of its pod, unless an id says that it is one that we don't know.
func containerOf(pod *inventory.Pod, id *identity) *inventory.Container {
	if id.containerName != "" {
		for index := range pod.Containers {
			if pod.Containers[index].Name == id.containerName {
				return &pod.Containers[index]
			}
		}
		return nil
	}
	if id.containerID == "" && len(pod.Containers) == 1 {
		return &pod.Containers[0]
	}
	return nil
}

// Generation changes whenever another look may find more.
func (e *Enricher) Generation() uint64 { return e.inventory.Generation() + e.ends.generation.Load() }

// Write adds to a resource what was found.
func (e *Enricher) Write(resource pcommon.Map, near *Near) {
	resource.EnsureCapacity(resource.Len() + 24)
	w := writer{resource}
	if near.pod != nil {
		w.pod(near.pod)
		w.container(near.container)
		w.service(near)
	}
	if near.Status != NotApplicable {
		w.text(names.K8sClusterName, e.settings.ClusterName)
		w.text(names.K8sClusterUID, e.settings.ClusterUID)
	}
	w.instead(names.EnrichmentStatus, string(near.Status))
	w.instead(names.EnrichmentReason, string(near.Reason))
}
