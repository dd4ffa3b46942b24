// SPDX-License-Identifier: Apache-2.0

package apiobject

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// Service is v1/Service.
type Service struct {
	metav1.TypeMeta `json:",inline"`
	Metadata        `json:"metadata"`
	Spec            ServiceSpec   `json:"spec"`
	Status          ServiceStatus `json:"status"`
}

// ServiceSpec has the addresses that the cluster gives, and those that somebody routes to it.
type ServiceSpec struct {
	ClusterIP   string   `json:"clusterIP"`
	ClusterIPs  []string `json:"clusterIPs"`
	ExternalIPs []string `json:"externalIPs"`
}

// ServiceStatus has the addresses of load balancers.
type ServiceStatus struct {
	LoadBalancer struct {
		Ingress []PodIP `json:"ingress"`
	} `json:"loadBalancer"`
}

// ServiceList is v1/ServiceList.
type ServiceList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata"`
	Items           []Service `json:"items"`
}

// EndpointSlice is discovery.k8s.io/v1/EndpointSlice.
type EndpointSlice struct {
	metav1.TypeMeta `json:",inline"`
	Metadata        `json:"metadata"`
	Endpoints       []Endpoint     `json:"endpoints"`
	Ports           []EndpointPort `json:"ports"`
}

// Endpoint is a place where a Service is served.
type Endpoint struct {
	Addresses []string         `json:"addresses"`
	TargetRef *ObjectReference `json:"targetRef"`
}

// ObjectReference names an object.
type ObjectReference struct {
	Kind string `json:"kind"`
	UID  string `json:"uid"`
}

// EndpointPort is a port of all endpoints of a slice; 0 stands for all of them.
type EndpointPort struct {
	Port int32 `json:"port"`
}

// EndpointSliceList is discovery.k8s.io/v1/EndpointSliceList.
type EndpointSliceList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata"`
	Items           []EndpointSlice `json:"items"`
}

// Node is v1/Node.
type Node struct {
	metav1.TypeMeta `json:",inline"`
	Metadata        `json:"metadata"`
	Spec            NodeSpec   `json:"spec"`
	Status          NodeStatus `json:"status"`
}

// NodeSpec has the networks that a node gives its pods addresses from.
type NodeSpec struct {
	PodCIDR  string   `json:"podCIDR"`
	PodCIDRs []string `json:"podCIDRs"`
}

// NodeStatus has the addresses of a node.
type NodeStatus struct {
	Addresses []NodeAddress `json:"addresses"`
}

// NodeAddress is an address or a name, as Type says.
type NodeAddress struct {
	Type    string `json:"type"`
	Address string `json:"address"`
}

// NodeList is v1/NodeList.
type NodeList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata"`
	Items           []Node `json:"items"`
}

// DeepCopyObject is what client-go asks of an object.
func (s *Service) DeepCopyObject() runtime.Object { c := *s; return &c }

// DeepCopyObject is what client-go asks of an object.
func (l *ServiceList) DeepCopyObject() runtime.Object { c := *l; return &c }

// DeepCopyObject is what client-go asks of an object.
func (s *EndpointSlice) DeepCopyObject() runtime.Object { c := *s; return &c }

// DeepCopyObject is what client-go asks of an object.
func (l *EndpointSliceList) DeepCopyObject() runtime.Object { c := *l; return &c }

// DeepCopyObject is what client-go asks of an object.
func (n *Node) DeepCopyObject() runtime.Object { c := *n; return &c }

// DeepCopyObject is what client-go asks of an object.
func (l *NodeList) DeepCopyObject() runtime.Object { c := *l; return &c }
