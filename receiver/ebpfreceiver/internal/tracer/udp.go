// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	"errors"

	"github.com/cilium/ebpf"

	udpbpf "github.com/meerkat-otel/meerkat/bpf/udp"
)

// Maps and constants of the tracer "udp" that a configuration sets.
const (
	UDPFlowsMap = udpbpf.UDPMapFlows
	UDPOwners   = udpbpf.UDPMapOwners
	UDPIdle     = udpbpf.UDPVarIdleNs
)

// UDP observes who exchanges datagrams with whom.
func UDP() Spec {
	return Spec{
		Name:           "udp",
		Brief:          "Flows of UDP datagrams, from both ends, with the number of packets and bytes.",
		DefaultEnabled: true,
		Cost:           CostHigh,
		Privileges:     basePrivileges(cgroupPrivilege),
		Kinds:          []string{"start", "flow"},
		Load:           udpbpf.LoadUDP,
		Hooks: []Hook{
			// Owners first, so that no packet is seen of a socket that was not.
			hook("sock_create", udpbpf.UDPProgUdpSockCreate),
			hook("connect4", udpbpf.UDPProgUdpConnect4),
			hook("connect6", udpbpf.UDPProgUdpConnect6),
			hook("sendmsg4", udpbpf.UDPProgUdpSendmsg4),
			hook("sendmsg6", udpbpf.UDPProgUdpSendmsg6),
			hook("recvmsg4", udpbpf.UDPProgUdpRecvmsg4),
			hook("recvmsg6", udpbpf.UDPProgUdpRecvmsg6),
			hook("sock_release", udpbpf.UDPProgUdpSockRelease),
			hook("egress", udpbpf.UDPProgUdpEgress),
			hook("ingress", udpbpf.UDPProgUdpIngress),
		},
		Snapshot: udpbpf.UDPProgUdpSnapshot,
	}
}

// UDPFlowKey names a flow: a socket and a far end.
type UDPFlowKey = udpbpf.UDPUdpFlowKey

// UDPFlow is what the kernel half knows of a flow.
type UDPFlow = udpbpf.UDPUdpFlow

// UDPFlowMap is the map of flows of the tracer "udp".
type UDPFlowMap struct{ flows, owners *ebpf.Map }

// UDPFlows returns the map of a tracer.
func UDPFlows(t *Tracer) UDPFlowMap {
	return UDPFlowMap{flows: t.Map(udpbpf.UDPMapFlows), owners: t.Map(udpbpf.UDPMapOwners)}
}

// Visit shows every flow, and removes those for which visit returns true. Nothing may count into these any
// more: the programs leave flows alone that were idle for long enough.
func (m UDPFlowMap) Visit(visit func(*UDPFlowKey, *UDPFlow) (take bool)) error {
	return takeEntries(m.flows, visit)
}

// IsOpen tells whether a socket is still there. It is only known of sockets that have an owner.
func (m UDPFlowMap) IsOpen(socket uint64) bool {
	var owner udpbpf.UDPSocketOwner
	return !errors.Is(m.owners.Lookup(socket, &owner), ebpf.ErrKeyNotExist)
}
