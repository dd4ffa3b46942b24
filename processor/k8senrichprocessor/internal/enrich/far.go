// SPDX-License-Identifier: Apache-2.0

package enrich

import (
	"net/netip"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/inventory"
)

// Kinds of far ends besides those of owners.
const (
	kindPod      = "pod"
	kindService  = "service"
	kindNode     = "node"
	kindNetwork  = "network"
	kindExternal = "external"
)

// Far is who is at the far end of a connection.
type Far struct {
	Status    Status
	Reason    Reason
	MayChange bool

	address   netip.Addr
	kind      string
	name      string
	namespace string
	pod       *inventory.Pod
	node      string
	service   string
}

// Note remembers who holds the near end of a connection, for whoever asks who holds its other end.
func (e *Enricher) Note(c *Connection, near *Near, at time.Time) {
	if near.pod == nil && near.Status != NotApplicable {
		return
	}
	if near.pod != nil && c.near().IsValid() {
		e.inventory.SeePodAddress(near.pod.UID, c.near().Addr(), at)
	}
	if c.complete() {
		e.ends.note(c, holder{known: true, pod: near.pod})
	}
}

// Far finds who was at the far end of a connection at a time. Who was found earlier, on the node say, stays: that was
// nearer to that time.
func (e *Enricher) Far(c *Connection, at time.Time, near *Near) Far {
	if c.resolved() {
		return Far{Status: Resolved}
	}
	far := e.far(c, at, near)
	if c.saidStatus.knowsMoreThan(far.Status) {
		far.Status, far.Reason = c.saidStatus, c.saidReason
	}
	return far
}

func (e *Enricher) far(c *Connection, at time.Time, near *Near) Far {
	far := Far{Status: Resolved, address: c.far.Addr()}
	if service := e.inventory.ServiceAt(far.address); service != nil {
		far.service = service.Name
	}
	if c.complete() {
		if other := e.ends.other(c); other.known {
			e.putHolder(&far, other.pod)
			return far
		}
		if behind := c.translatedFar(); behind.IsValid() {
			if pod, _ := e.inventory.PodAt(behind.Addr(), at); pod != nil {
				far.putPod(pod)
				return far
			}
		}
	}
	e.byAddress(&far, c, at)
	if near.pod == nil && far.kind == kindNode {
		far.MayChange = false // which of the node's processes are at both ends is not worth to wait for
	}
	return far
}

// MayBeTranslated tells whether who is at the far end can't be told by its address alone: it is a Service's, or this
// node's own, which the node lends to others when it hides theirs; or one that is not known yet, of a client that may
// have come by a Service and told so itself.
func (e *Enricher) MayBeTranslated(c *Connection, at time.Time) bool {
	if !c.complete() {
		return false
	}
	far := c.far.Addr()
	if e.inventory.ServiceAt(far) != nil {
		return true
	}
	if node := e.inventory.NodeAt(far); node != nil {
		return node.Name == e.settings.NodeName
	}
	if c.clientSide || !far.IsPrivate() {
		return false
	}
	pod, ambiguous := e.inventory.PodAt(far, at)
	return pod == nil || ambiguous
}

func (e *Enricher) putHolder(far *Far, pod *inventory.Pod) {
	if pod == nil {
		far.kind, far.name, far.node = kindNode, e.settings.NodeName, e.settings.NodeName
		return
	}
	far.putPod(pod)
}

func (f *Far) putPod(pod *inventory.Pod) {
	f.pod, f.namespace, f.node = pod, pod.Namespace, pod.Node
	f.kind, f.name = kindPod, pod.Name
	if owner, ok := pod.Workload(); ok {
		f.kind, f.name = string(owner.Kind), owner.Name
	}
}

// byAddress asks who has the address, the narrowest meaning of it first.
func (e *Enricher) byAddress(far *Far, c *Connection, at time.Time) {
	address := far.address
	if pod, ambiguous := e.inventory.PodAt(address, at); pod != nil {
		far.putPod(pod)
		return
	} else if ambiguous {
		// The record of the other end tells, if that is on this node.
		far.Status, far.Reason, far.MayChange = Unresolved, AddressAmbiguous, c.complete()
		return
	}
	if service := e.inventory.ServiceAt(address); service != nil {
		far.namespace, far.kind, far.name = service.Namespace, kindService, service.Name
		if owner, ok := e.inventory.WorkloadOf(service); ok {
			far.kind, far.name = string(owner.Kind), owner.Name
		}
		return
	}
	if node := e.inventory.NodeAt(address); node != nil {
		e.onNode(far, c, node)
		return
	}
	for _, network := range e.settings.Networks {
		if network.Prefix.Contains(address) {
			far.kind, far.name = kindNetwork, network.Name
			return
		}
	}
	e.nobodys(far, address)
}

// onNode says which pod of the node's network it is, if a Service tells; or that it is the node. Of a connection
// within this node the record of the other end will tell.
func (e *Enricher) onNode(far *Far, c *Connection, node *inventory.Node) {
	if pod := e.inventory.PodAtPort(c.far); pod != nil {
		far.putPod(pod)
		return
	}
	far.kind, far.name, far.node = kindNode, node.Name, node.Name
	far.MayChange = node.Name == e.settings.NodeName && c.complete()
}

// nobodys is about an address that nobody is known to have.
func (e *Enricher) nobodys(far *Far, address netip.Addr) {
	public := address.Is4() && !address.IsPrivate() && !e.inventory.OfPods(address)
	switch {
	case !e.settings.Source:
		far.Status, far.Reason = Unresolved, NoSource
	case !e.inventory.Completed():
		far.Status, far.Reason, far.MayChange = Unresolved, NotSynced, !e.strangers.has(address, time.Now())
	case public:
		far.kind = kindExternal
	case !e.settings.WholeCluster:
		far.Status, far.Reason = NotApplicable, OutOfScope
	default:
		far.Status, far.Reason, far.MayChange = Unresolved, AddressUnknown, !e.strangers.has(address, time.Now())
	}
}

// WriteFar adds to a record what was found. An address that is still unknown now is not waited for again for a while.
func (e *Enricher) WriteFar(record pcommon.Map, far *Far) {
	if far.MayChange && far.Status == Unresolved {
		e.strangers.add(far.address, time.Now())
	}
	record.EnsureCapacity(record.Len() + 8)
	w := writer{record}
	switch far.kind {
	case kindNetwork:
		w.text(names.PeerKind, kindNetwork)
		w.text(names.PeerNetworkName, far.name)
	default:
		w.text(names.PeerKind, far.kind)
		w.text(names.PeerName, far.name)
	}
	w.text(names.PeerNamespaceName, far.namespace)
	if far.pod != nil {
		w.text(names.PeerPodName, far.pod.Name)
		w.text(names.PeerPodUID, far.pod.UID)
	}
	w.text(names.PeerNodeName, far.node)
	w.text(names.PeerServiceName, far.service)
	if far.Status == Resolved {
		far.Status, far.Reason = "", ""
	}
	w.instead(names.PeerEnrichmentStatus, string(far.Status))
	w.instead(names.PeerEnrichmentReason, string(far.Reason))
}
