// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"slices"
	"time"
)

// PutPod takes a pod that is new or has changed. It keeps p, which must not be changed afterwards. now is when
// the news came.
func (i *Inventory) PutPod(p *Pod, now time.Time) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.putPod(p, now)
}

// RemovePod takes it that a pod is gone. It goes on being found for the retention.
func (i *Inventory) RemovePod(uid string, now time.Time) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if e, ok := i.pods[uid]; ok {
		i.removePod(e, now)
	}
}

// podsAtOnce is how many pods of a list are put before those who look something up get their turn: some hundred
// microseconds, where a large cluster takes a tenth of a second.
const podsAtOnce = 256

// ReplacePods takes the pods that there are: those that are not among them are gone.
func (i *Inventory) ReplacePods(pods []*Pod, now time.Time) {
	there := make(map[string]bool, len(pods))
	for _, p := range pods {
		there[p.UID] = true
	}
	i.mu.Lock()
	for uid, e := range i.pods {
		if !there[uid] {
			i.removePod(e, now)
		}
	}
	i.mu.Unlock()
	for some := range slices.Chunk(pods, podsAtOnce) {
		i.mu.Lock()
		for _, p := range some {
			i.putPod(p, now)
		}
		i.mu.Unlock()
	}
}

// Expire forgets the pods that were removed longer than the retention ago.
func (i *Inventory) Expire(now time.Time) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for len(i.removed) > 0 && now.Sub(i.removed[0].removed) >= i.limits.PodRetention {
		i.forgetOldestRemoved()
	}
}

// PodByUID returns nil if no such pod is known.
func (i *Inventory) PodByUID(uid string) *Pod {
	i.mu.RLock()
	defer i.mu.RUnlock()
	if e, ok := i.pods[uid]; ok {
		return e.pod
	}
	return nil
}

// PodByContainer returns the pod of a container and which of its containers it is; nil if it is not known.
func (i *Inventory) PodByContainer(id string) (*Pod, int) {
	i.mu.RLock()
	defer i.mu.RUnlock()
	at := i.containers[id]
	return at.pod, at.index
}

// putPod is called with mu held, like all that follow.
func (i *Inventory) putPod(p *Pod, now time.Time) {
	e, known := i.pods[p.UID]
	if known {
		p = i.withPastContainers(p, e.pod)
	} else {
		e = &entry{firstSeen: now}
	}
	p = i.bounded(p)
	size := podBytes(p)
	if !i.makeRoom(size-e.bytes, known) {
		i.refused[KindPod]++
		return
	}
	if known {
		i.unindexContainers(e.pod)
		if !e.removed.IsZero() {
			i.returned(e)
		}
	}
	i.pods[p.UID] = e
	i.bytes += size - e.bytes
	e.bytes = size
	e.pod = p
	for index, container := range p.Containers {
		if container.ID != "" {
			i.containers[container.ID] = containerAt{p, index}
		}
	}
	i.settle(e, now)
	i.generation++
}

// makeRoom lets go of removed pods before it refuses.
func (i *Inventory) makeRoom(bytes int, known bool) bool {
	for i.bytes+bytes > i.limits.BytesMax || !known && len(i.pods) >= i.limits.PodsMax {
		if !i.forgetOldestRemoved() {
			return false
		}
	}
	return true
}

// withPastContainers adds to a pod what an earlier state of it had: the kubelet shows a container and the one before
// it, and records of others may still come. Of the one before it does not show the image.
func (i *Inventory) withPastContainers(p, earlier *Pod) *Pod {
	var merged []Container
	for _, container := range earlier.Containers {
		if container.ID == "" {
			continue
		}
		at := slices.IndexFunc(p.Containers, func(c Container) bool { return c.ID == container.ID })
		if at >= 0 && (p.Containers[at].Image != "" || container.Image == "") {
			continue
		}
		if merged == nil {
			merged = slices.Clone(p.Containers)
		}
		if at < 0 {
			merged = append(merged, container)
		} else {
			merged[at].Image, merged[at].ImageID = container.Image, container.ImageID
		}
	}
	if merged == nil {
		return p
	}
	with := *p
	with.Containers = merged
	return &with
}

// bounded leaves out what a pod has too much of.
func (i *Inventory) bounded(p *Pod) *Pod {
	if len(p.Containers) <= containersPerPodMax && len(p.Addresses) <= addressesPerObjectMax {
		return p
	}
	i.cut[KindPod]++
	shorter := *p
	shorter.Containers = p.Containers[:min(len(p.Containers), containersPerPodMax)]
	shorter.Addresses = p.Addresses[:min(len(p.Addresses), addressesPerObjectMax)]
	return &shorter
}

func (i *Inventory) removePod(e *entry, now time.Time) {
	if !e.removed.IsZero() {
		return
	}
	e.removed = now
	i.removed = append(i.removed, e)
	i.vacate(e, now)
}

// returned takes a pod that was removed and is there after all, as after a list that came too late.
func (i *Inventory) returned(e *entry) {
	e.removed = time.Time{}
	for index, other := range i.removed {
		if other == e {
			i.removed = append(i.removed[:index], i.removed[index+1:]...)
			return
		}
	}
}

func (i *Inventory) forgetOldestRemoved() bool {
	if len(i.removed) == 0 {
		return false
	}
	e := i.removed[0]
	i.removed = i.removed[1:]
	delete(i.pods, e.pod.UID)
	i.unindexContainers(e.pod)
	i.forgetHolder(e)
	i.bytes -= e.bytes
	return true
}

func (i *Inventory) unindexContainers(p *Pod) {
	for _, container := range p.Containers {
		if i.containers[container.ID].pod == p {
			delete(i.containers, container.ID)
		}
	}
}

// Estimates of what an entry takes besides the bytes of its strings: its structs, and its places in maps.
const (
	podBytesFixed       = 400
	containerBytesFixed = 160
	ownerBytesFixed     = 48
	attributeBytesFixed = 32
	addressBytesFixed   = 120
)

func podBytes(p *Pod) int {
	size := podBytesFixed + len(p.UID) + len(p.Name) + len(p.Namespace) + len(p.Node) + len(p.Addresses)*addressBytesFixed
	for _, owner := range p.Owners {
		size += ownerBytesFixed + len(owner.Name) + len(owner.UID)
	}
	for _, container := range p.Containers {
		size += containerBytesFixed + len(container.Name) + len(container.ID) + len(container.Image) + len(container.ImageID)
	}
	for _, attribute := range p.Attributes {
		size += attributeBytesFixed + len(attribute.Name) + len(attribute.Value)
	}
	return size
}
