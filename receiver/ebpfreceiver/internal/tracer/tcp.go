// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	tcpbpf "github.com/meerkat-otel/meerkat/bpf/tcp"
)

// TCPOwners is the map that remembers whose a connection is.
const TCPOwners = tcpbpf.TCPMapOwners

// TCP observes connections that are opened, accepted, refused and closed.
func TCP() Spec {
	return Spec{
		Name:           "tcp",
		Brief:          "TCP connections that are opened, accepted, refused and closed.",
		DefaultEnabled: true,
		Cost:           CostMedium,
		Privileges:     basePrivileges(tracefsPrivilege),
		Kinds:          []string{"connect", "accept", "close", "repeat"},
		Load:           tcpbpf.LoadTCP,
		Hooks: []Hook{
			hook("inet_sock_set_state", tcpbpf.TCPProgTcpSetState, tcpbpf.TCPProgTcpSetStateRaw),
			hook("sys_exit_connect", tcpbpf.TCPProgTcpExitConnect),
			hook("sys_enter_connect", tcpbpf.TCPProgTcpEnterConnect),
			hook("sys_exit_accept", tcpbpf.TCPProgTcpExitAccept),
			hook("sys_exit_accept4", tcpbpf.TCPProgTcpExitAccept4),
		},
		Snapshot: tcpbpf.TCPProgTcpSnapshot,
	}
}

// TCPSeenKey names what became of connections of a process with one far end in one time window.
type TCPSeenKey = tcpbpf.TCPTcpSeenKey

// TCPSeen says how often it happened again, and sums up.
type TCPSeen = tcpbpf.TCPTcpSeen
