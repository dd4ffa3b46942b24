// SPDX-License-Identifier: Apache-2.0

package apiobject

import (
	"time"

	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/inventory"
)

// Pod returns what the inventory keeps of a pod. It fails if the pod can't be told from others.
func (c *Converter) Pod(p *Pod) (*inventory.Pod, error) {
	uid, name := c.name(p.UID), c.name(p.Name)
	if uid == "" || name == "" {
		return nil, errNoIdentity
	}
	far := c.settings.Cluster && (p.Spec.NodeName == "" || p.Spec.NodeName != c.settings.NodeName)
	pod := &inventory.Pod{
		UID: uid, Name: name, Namespace: c.sharedName(p.Namespace), Node: c.sharedName(p.Spec.NodeName),
		HostNetwork: p.Spec.HostNetwork,
		Addresses:   c.addresses(podAddresses(&p.Status)),
		Owners:      c.owners(p, far),
		Started:     believable(p.Status.StartTime.Time),
	}
	pod.Running, pod.Ended = runTimes(p)
	if !far {
		pod.Containers = c.containers(p)
		pod.Attributes = c.attributes(p)
	}
	return pod, nil
}

func podAddresses(status *PodStatus) []string {
	if len(status.PodIPs) == 0 {
		return []string{status.PodIP}
	}
	texts := make([]string, 0, min(len(status.PodIPs), addressesPerObjectMax+1))
	for _, ip := range status.PodIPs {
		if len(texts) > addressesPerObjectMax { // one too many is enough for it to be counted
			break
		}
		texts = append(texts, ip.IP)
	}
	return texts
}

// believable leaves out times that stand for none: runtimes and the kubelet write the epoch, or the year 1.
func believable(t time.Time) time.Time {
	if t.Unix() <= 0 {
		return time.Time{}
	}
	return t.UTC()
}

// runTimes returns when the first container of a pod began, and when the last one finished for good.
func runTimes(p *Pod) (running, ended time.Time) {
	started := func(t time.Time) {
		if t = believable(t); !t.IsZero() && (running.IsZero() || t.Before(running)) {
			running = t
		}
	}
	for _, state := range states(&p.Status) {
		if state.Running != nil {
			started(state.Running.StartedAt.Time)
		}
		if state.Terminated != nil {
			started(state.Terminated.StartedAt.Time)
			ended = latest(ended, believable(state.Terminated.FinishedAt.Time))
		}
	}
	if p.Status.Phase != "Succeeded" && p.Status.Phase != "Failed" {
		return running, time.Time{}
	}
	if ended.IsZero() {
		ended = markedEnded(p)
	}
	return running, latest(ended, running)
}

// markedEnded is for pods that are over although no container tells when: evicted ones, and those of nodes that
// were lost. Their conditions changed then at the latest.
func markedEnded(p *Pod) time.Time {
	ended := latest(believable(p.CreationTimestamp.Time), believable(p.Status.StartTime.Time))
	for _, condition := range p.Status.Conditions {
		ended = latest(ended, believable(condition.LastTransitionTime.Time))
	}
	return ended
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// states returns the states of all containers of a pod, present and last ones.
func states(status *PodStatus) []ContainerState {
	all := make([]ContainerState, 0, 2*len(status.ContainerStatuses)+2*len(status.InitContainerStatuses))
	for _, statuses := range [][]ContainerStatus{
		status.InitContainerStatuses, status.ContainerStatuses, status.EphemeralContainerStatuses,
	} {
		for _, container := range statuses {
			all = append(all, container.State, container.LastState)
		}
	}
	return all
}
