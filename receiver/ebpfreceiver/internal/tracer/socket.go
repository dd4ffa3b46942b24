// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	"maps"
	"slices"

	socketbpf "github.com/meerkat-otel/meerkat/bpf/socket"
)

// Socket observes sockets that are bound, that listen, and that are of an unusual kind.
func Socket() Spec {
	return Spec{
		Name:           "socket",
		Brief:          "Sockets that are bound, that listen, and that are raw, packet or of an unexpected family.",
		DefaultEnabled: true,
		Cost:           CostLow,
		Privileges:     basePrivileges(),
		Kinds:          []string{"create", "bind", "listen", "repeat"},
		Load:           socketbpf.LoadSocket,
		Hooks: []Hook{
			syscallHook(socketbpf.SocketProgSocketSyscall, slices.Sorted(maps.Keys(socketOperations()))...),
		},
		Snapshot: socketbpf.SocketProgSocketSnapshot,
	}
}

// socketOperations are the calls by name.
func socketOperations() map[string]socketbpf.SocketSocketOperation {
	return map[string]socketbpf.SocketSocketOperation{
		"socket":     socketbpf.SocketSocketOperationOPERATION_SOCKET,
		"bind":       socketbpf.SocketSocketOperationOPERATION_BIND,
		"listen":     socketbpf.SocketSocketOperationOPERATION_LISTEN,
		"socketcall": socketbpf.SocketSocketOperationOPERATION_SOCKETCALL,
	}
}

// SocketConstants are the constants of the tracer's programs: the table of system calls, and which
// families of sockets are none to report.
func SocketConstants(expectedFamilies []uint) map[string]any {
	var families uint64
	for _, family := range expectedFamilies {
		families |= 1 << family
	}
	return map[string]any{
		socketbpf.SocketVarSocketOperations: syscallTable(socketOperations(), asByte), socketbpf.SocketVarExpectedFamilies: families,
	}
}

// SocketSeenKey names what a process did with sockets in one time window.
type SocketSeenKey = socketbpf.SocketSocketSeenKey

// SocketSeenCount says how often it happened again.
type SocketSeenCount = socketbpf.SocketSeenCount
