// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"net/netip"
	"time"
)

// Kind is a kind of Kubernetes object that owns pods, in the spelling of the semantic conventions' names.
type Kind string

// Kinds of owners. Pod is for pods that nobody owns.
const (
	Deployment  Kind = "deployment"
	StatefulSet Kind = "statefulset"
	DaemonSet   Kind = "daemonset"
	ReplicaSet  Kind = "replicaset"
	Job         Kind = "job"
	CronJob     Kind = "cronjob"
)

// Owner is an object that made a pod, or that made the one that did.
type Owner struct {
	Kind Kind
	Name string
	// UID is empty where the name alone tells of the owner.
	UID string
}

// Attribute is one of a pod's labels or annotations, under the name that it has in resources.
type Attribute struct{ Name, Value string }

// Container is one of a pod's containers, of whichever sort.
type Container struct {
	Name string
	// ID is without the runtime's scheme; empty while the container is not made.
	ID string
	// Image is as the specification has it, ImageID as the runtime resolved it; both may have a digest.
	Image, ImageID string
	Restarts       int64
}

// Pod is what is kept of a pod. It is not changed once it was put.
type Pod struct {
	UID, Name, Namespace, Node string
	// HostNetwork pods have the node's addresses, which therefore say nothing of them.
	HostNetwork bool
	Addresses   []netip.Addr
	// Owners are in order, the one that made the pod first.
	Owners []Owner
	// Containers and Attributes are empty of pods that are only far ends.
	Containers []Container
	Attributes []Attribute
	// Started is when the kubelet took it up, and Running when the first of its containers began; Ended is when
	// the last one finished for good. By the clock of its node, in whole seconds; zero if it is not so far.
	Started, Running, Ended time.Time
}

// Workload is the outermost owner that is known: the Deployment rather than its ReplicaSet. It is false for a
// pod that nobody owns.
func (p *Pod) Workload() (Owner, bool) {
	if len(p.Owners) == 0 {
		return Owner{}, false
	}
	return p.Owners[len(p.Owners)-1], true
}

// Service is what is kept of a Service.
type Service struct {
	Namespace, Name string
	// Addresses are those of the cluster and of load balancers.
	Addresses []netip.Addr
}

// Endpoint is a place where a Service is served.
type Endpoint struct {
	Addresses []netip.Addr
	// PodUID is empty if no pod stands behind it.
	PodUID string
}

// EndpointSlice is a part of the places where a Service is served.
type EndpointSlice struct {
	Namespace, Name string
	// Service is the name of the Service that it belongs to.
	Service   string
	Ports     []uint16
	Endpoints []Endpoint
}

// Node is what is kept of a node.
type Node struct {
	Name      string
	Addresses []netip.Addr
	// PodNetworks are those that it gives its pods addresses from, where it says so.
	PodNetworks []netip.Prefix
}
