// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	"maps"
	"slices"

	ipcbpf "github.com/meerkat-otel/meerkat/bpf/ipc"
)

// IPC observes how processes of one host reach each other.
func IPC() Spec {
	return Spec{
		Name:  "ipc",
		Brief: "System V shared memory, message queues and semaphores, POSIX message queues, connections of unix sockets, named pipes.",
		// It runs at the end of each open, to find the pipes.
		DefaultEnabled: false,
		Cost:           CostHigh,
		Privileges:     basePrivileges(),
		Kinds:          []string{"get", "attach", "remove", "open", "create", "connect", "repeat"},
		Load:           ipcbpf.LoadIPC,
		Hooks: []Hook{
			syscallHook(ipcbpf.IPCProgIpcSyscall, slices.Sorted(maps.Keys(ipcOperations()))...),
		},
	}
}

// ipcOperations are the calls by name.
func ipcOperations() map[string]ipcbpf.IPCIpcOperation {
	return map[string]ipcbpf.IPCIpcOperation{
		"shmget":     ipcbpf.IPCIpcOperationOPERATION_SHMGET,
		"shmat":      ipcbpf.IPCIpcOperationOPERATION_SHMAT,
		"shmctl":     ipcbpf.IPCIpcOperationOPERATION_SHMCTL,
		"msgget":     ipcbpf.IPCIpcOperationOPERATION_MSGGET,
		"msgctl":     ipcbpf.IPCIpcOperationOPERATION_MSGCTL,
		"semget":     ipcbpf.IPCIpcOperationOPERATION_SEMGET,
		"semctl":     ipcbpf.IPCIpcOperationOPERATION_SEMCTL,
		"ipc":        ipcbpf.IPCIpcOperationOPERATION_IPC,
		"mq_open":    ipcbpf.IPCIpcOperationOPERATION_MQ_OPEN,
		"mq_unlink":  ipcbpf.IPCIpcOperationOPERATION_MQ_UNLINK,
		"connect":    ipcbpf.IPCIpcOperationOPERATION_CONNECT,
		"socketcall": ipcbpf.IPCIpcOperationOPERATION_SOCKETCALL,
		"mknod":      ipcbpf.IPCIpcOperationOPERATION_MKNOD,
		"mknodat":    ipcbpf.IPCIpcOperationOPERATION_MKNODAT,
		"open":       ipcbpf.IPCIpcOperationOPERATION_OPEN,
		"openat":     ipcbpf.IPCIpcOperationOPERATION_OPENAT,
		"openat2":    ipcbpf.IPCIpcOperationOPERATION_OPENAT,
	}
}

// IPCConstants are the constants of the tracer's program: the table of system calls.
func IPCConstants() map[string]any {
	return map[string]any{ipcbpf.IPCVarIpcOperations: syscallTable(ipcOperations(), asByte)}
}

// IPCSeenKey names what a process did in one time window.
type IPCSeenKey = ipcbpf.IPCIpcSeenKey

// IPCSeenCount says how often it happened again.
type IPCSeenCount = ipcbpf.IPCSeenCount
