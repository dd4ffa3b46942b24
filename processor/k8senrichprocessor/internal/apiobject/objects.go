// SPDX-License-Identifier: Apache-2.0

package apiobject

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// Pod is v1/Pod, see https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/.
type Pod struct {
	metav1.TypeMeta `json:",inline"`
	Metadata        `json:"metadata"`
	Spec            PodSpec   `json:"spec"`
	Status          PodStatus `json:"status"`
}

// PodSpec is what somebody wanted.
type PodSpec struct {
	NodeName            string          `json:"nodeName"`
	HostNetwork         bool            `json:"hostNetwork"`
	InitContainers      []ContainerSpec `json:"initContainers"`
	Containers          []ContainerSpec `json:"containers"`
	EphemeralContainers []ContainerSpec `json:"ephemeralContainers"`
}

// ContainerSpec is a container of a PodSpec.
type ContainerSpec struct {
	Name  string `json:"name"`
	Image string `json:"image"`
}

// PodStatus is what the kubelet says.
type PodStatus struct {
	Phase                      string            `json:"phase"`
	StartTime                  metav1.Time       `json:"startTime"`
	PodIP                      string            `json:"podIP"`
	PodIPs                     []PodIP           `json:"podIPs"`
	Conditions                 []Condition       `json:"conditions"`
	InitContainerStatuses      []ContainerStatus `json:"initContainerStatuses"`
	ContainerStatuses          []ContainerStatus `json:"containerStatuses"`
	EphemeralContainerStatuses []ContainerStatus `json:"ephemeralContainerStatuses"`
}

// PodIP is an address of a pod.
type PodIP struct {
	IP string `json:"ip"`
}

// Condition says since when something has been so.
type Condition struct {
	LastTransitionTime metav1.Time `json:"lastTransitionTime"`
}

// ContainerStatus is what the kubelet says of a container.
type ContainerStatus struct {
	Name         string         `json:"name"`
	Image        string         `json:"image"`
	ImageID      string         `json:"imageID"`
	ContainerID  string         `json:"containerID"`
	RestartCount int64          `json:"restartCount"`
	State        ContainerState `json:"state"`
	LastState    ContainerState `json:"lastState"`
}

// ContainerState is running, or terminated, or neither.
type ContainerState struct {
	Running    *RunningState    `json:"running"`
	Terminated *TerminatedState `json:"terminated"`
}

// RunningState is of a container that runs.
type RunningState struct {
	StartedAt metav1.Time `json:"startedAt"`
}

// TerminatedState is of a container that ran.
type TerminatedState struct {
	StartedAt   metav1.Time `json:"startedAt"`
	FinishedAt  metav1.Time `json:"finishedAt"`
	ContainerID string      `json:"containerID"`
}

// PodList is v1/PodList.
type PodList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata"`
	Items           []Pod `json:"items"`
}

// DeepCopyObject shares what is inside: nobody changes an object after it was decoded. So do all that follow.
func (p *Pod) DeepCopyObject() runtime.Object { c := *p; return &c }

// DeepCopyObject is what client-go asks of an object.
func (l *PodList) DeepCopyObject() runtime.Object { c := *l; return &c }
