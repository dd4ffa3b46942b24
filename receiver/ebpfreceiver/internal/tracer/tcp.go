// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	"maps"
	"slices"

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
			syscallHook(tcpbpf.TCPProgTcpAccept, slices.Sorted(maps.Keys(tcpCalls()))...),
		},
		Snapshot: tcpbpf.TCPProgTcpSnapshot,
	}
}

// tcpCalls are the calls by name.
func tcpCalls() map[string]tcpbpf.TCPTcpCall {
	return map[string]tcpbpf.TCPTcpCall{
		"accept":     tcpbpf.TCPTcpCallCALL_ACCEPT,
		"accept4":    tcpbpf.TCPTcpCallCALL_ACCEPT,
		"socketcall": tcpbpf.TCPTcpCallCALL_SOCKETCALL,
	}
}

// TCPConstants are the constants of the tracer's programs that depend on the architecture alone.
func TCPConstants() map[string]any {
	return map[string]any{tcpbpf.TCPVarTcpCalls: syscallTable(tcpCalls(), asByte)}
}

// TCPSeenKey names what became of connections of a process with one far end in one time window.
type TCPSeenKey = tcpbpf.TCPTcpSeenKey

// TCPSeen says how often it happened again, and sums up.
type TCPSeen = tcpbpf.TCPTcpSeen
