// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"net/netip"
	"slices"
	"time"
)

// tenancy is the time for which a pod had an address: from inclusive, to exclusive.
type tenancy struct {
	holder   *entry
	from, to time.Time // to is zero while it lasts
}

func (t tenancy) covers(at time.Time) bool {
	return !at.Before(t.from) && (t.to.IsZero() || at.Before(t.to))
}

// clockGranularity is that of the times that the kubelet reports: whole seconds, cut off.
const clockGranularity = time.Second

// PodAt returns the pod that had an address at a time, nil if none is known to have had it. It is ambiguous if
// more than one may have had it: an address is given to the next pod within a second of the last one's end, and
// the kubelet tells of both in whole seconds.
func (i *Inventory) PodAt(address netip.Addr, at time.Time) (pod *Pod, ambiguous bool) {
	i.mu.RLock()
	defer i.mu.RUnlock()
	for _, t := range i.holders[address.Unmap()] {
		if !t.covers(at) {
			continue
		}
		if pod != nil {
			return nil, true
		}
		pod = t.holder.pod
	}
	return pod, false
}

// SeePodAddress takes it that a pod used an address at a time, as a connection of its own shows. It counts while the
// API server does not say which address the pod has, which it does not before the kubelet has told it; and only if
// the address is of the network of pods, since inside a pod there may be addresses that others have too.
func (i *Inventory) SeePodAddress(uid string, address netip.Addr, at time.Time) {
	address = address.Unmap()
	i.mu.Lock()
	defer i.mu.Unlock()
	e, ok := i.pods[uid]
	if !ok || e.pod.HostNetwork || len(e.pod.Addresses) > 0 || len(e.held) >= addressesPerObjectMax || !i.ofPods(address) {
		return
	}
	t := i.tenancyOf(address, e)
	switch {
	case t.from.IsZero():
		t.from = at
		e.bytes += addressBytesFixed
		i.bytes += addressBytesFixed
		i.generation++
	case at.Before(t.from):
		t.from = at
		i.generation++
	}
}

// settle notes what a pod's present state says of its addresses. It is called with mu held.
func (i *Inventory) settle(e *entry, now time.Time) {
	if e.pod.HostNetwork {
		return
	}
	from := earliest(e)
	for _, address := range e.pod.Addresses {
		t := i.tenancyOf(address, e)
		t.from, t.to = from, time.Time{}
	}
	for _, address := range e.held {
		if len(e.pod.Addresses) > 0 && !slices.Contains(e.pod.Addresses, address) {
			i.end(address, e, now)
		}
	}
	if !e.pod.Ended.IsZero() {
		i.vacate(e, now)
	}
}

// earliest is when a pod may have begun to use its address: not before the first of its containers, if that is
// known. The clock of a node may be ahead of ours; by then we had heard of the pod.
func earliest(e *entry) time.Time {
	from := e.pod.Running
	if from.IsZero() {
		from = e.pod.Started
	}
	if from.IsZero() || from.After(e.firstSeen) {
		return e.firstSeen
	}
	return from
}

// vacate ends a pod's hold of its addresses: when its last container finished, or when we heard that it is gone.
func (i *Inventory) vacate(e *entry, now time.Time) {
	to := now
	if ended := e.pod.Ended.Add(clockGranularity); !e.pod.Ended.IsZero() && ended.Before(now) {
		to = ended
	}
	for _, address := range e.held {
		i.end(address, e, to)
	}
}

func (i *Inventory) end(address netip.Addr, e *entry, to time.Time) {
	held := i.holders[address]
	for index := range held {
		if held[index].holder == e && (held[index].to.IsZero() || to.Before(held[index].to)) {
			held[index].to = to
		}
	}
}

// tenancyOf returns the pod's tenancy of an address, a new one if need be.
func (i *Inventory) tenancyOf(address netip.Addr, e *entry) *tenancy {
	held := i.holders[address]
	for index := range held {
		if held[index].holder == e {
			return &held[index]
		}
	}
	if len(held) >= holdersPerAddressMax {
		i.cut["address"]++
		held = slices.Delete(held, 0, 1)
	}
	i.holders[address] = append(held, tenancy{holder: e})
	e.held = append(e.held, address)
	return &i.holders[address][len(held)]
}

// forgetHolder takes a pod off its addresses.
func (i *Inventory) forgetHolder(e *entry) {
	for _, address := range e.held {
		held := slices.DeleteFunc(i.holders[address], func(t tenancy) bool { return t.holder == e })
		if len(held) == 0 {
			delete(i.holders, address)
		} else {
			i.holders[address] = held
		}
	}
}
