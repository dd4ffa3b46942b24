// SPDX-License-Identifier: Apache-2.0

package decode

import (
	"unsafe"

	dnsbpf "github.com/meerkat-otel/meerkat/bpf/dns"
	ipcbpf "github.com/meerkat-otel/meerkat/bpf/ipc"
	processbpf "github.com/meerkat-otel/meerkat/bpf/process"
	socketbpf "github.com/meerkat-otel/meerkat/bpf/socket"
	udpbpf "github.com/meerkat-otel/meerkat/bpf/udp"
)

func addProcesses(add adder) {
	for name, kind := range map[string]uint16{"exec": KindProcessExec, "snapshot": KindProcessSnapshot} {
		add(name, "process", kind, processbpf.ProcessExecEvent{
			Header: header(kind), Parent: ProcessKey{StartTimeNs: 21, Pid: 22},
			CapabilitiesEffective: 23, CapabilitiesPermitted: 24, ExecutableInode: 25, ExecutableDevice: 26,
			RealUid: 27, RealGid: 28, SavedUid: 29, SavedGid: 30, Vpid: 31, Session: 32, ProcessGroup: 33,
			ExecutableSize: 34, ExecutableModifiedNs: 35, ExecutableChangedNs: 36, ExecutableFilesystem: 37, ExecutableUid: 38,
			ExecutableGid: 39, ExecutableMode: 0o104755,
			Flags:         uint8(processbpf.ProcessExecFlagsEXEC_INTERPRETED | processbpf.ProcessExecFlagsEXEC_UNLINKED),
			ArgumentCount: 2, ArgumentsTotalBytes: 100, EnvironmentTotalBytes: 200,
			ExecutableBytes: 9, FilenameBytes: 4, WorkingDirectoryBytes: 5, ArgumentsBytes: 6, EnvironmentBytes: 7,
			ExecutableFlags: uint8(PathCut), WorkingDirectoryFlags: uint8(PathDeleted), TtyBytes: 4,
		}, execLengths(), "/bin/dash", "./sh", "/home", "sh\x00-c\x00", "A=1\x00B=2", "tty1")
	}
	add("exec_failed", "process", KindProcessExecFailed, processbpf.ProcessExecFailedEvent{
		Header: header(KindProcessExecFailed), Error: -2, DirectoryFd: -100, FilenameBytes: 8,
	}, map[uintptr]int{unsafe.Offsetof(processbpf.ProcessExecFailedEvent{}.FilenameBytes): 4}, "/no/such")
	add("fork", "process", KindProcessFork, processbpf.ProcessForkEvent{
		Header: header(KindProcessFork), Parent: ProcessKey{StartTimeNs: 21, Pid: 22},
	}, nil)
	add("exit", "process", KindProcessExit, processbpf.ProcessExitEvent{
		Header: header(KindProcessExit), CpuTimeNs: 21, MemoryPeakPages: 22, Status: 0x300,
	}, nil)
	for name, kind := range map[string]uint16{"cgroup_mkdir": KindProcessCgroupMkdir, "cgroup_rmdir": KindProcessCgroupRmdir} {
		add(name, "process", kind, processbpf.ProcessCgroupEvent{
			Header: header(kind), PathBytes: 11,
		}, map[uintptr]int{unsafe.Offsetof(processbpf.ProcessCgroupEvent{}.PathBytes): 4}, "/docker/abc")
	}
}

func addSockets(add adder) {
	for name, kind := range map[string]uint16{"create": KindSocketCreate, "bind": KindSocketBind, "listen": KindSocketListen} {
		var e socketbpf.SocketSocketEvent
		add("socket "+name, "socket", kind, socketbpf.SocketSocketEvent{
			Header: headerAs[socketbpf.SocketEventHeader](kind), Window: 21, Inode: 22, Backlog: 23, BoundPort: 24,
			Facts: socketbpf.SocketSocketFacts{
				Family: familyIPv4, Type: 25, Protocol: 26, Kind: kind, Error: 27, Port: 28, NameBytes: 5,
				Address: [16]uint8{127, 0, 0, 1},
			},
			Flags: uint16(socketbpf.SocketSocketFlagsSOCKET_SNAPSHOT),
		}, map[uintptr]int{unsafe.Offsetof(e.Facts) + unsafe.Offsetof(e.Facts.NameBytes): 2}, "\x00name")
	}
	add("start", "udp", KindUDPStart, udpStart(), nil)
	for name, kind := range map[string]uint16{"query": KindDNSQuery, "answer": KindDNSAnswer} {
		add(name, "dns", kind, dnsMessage(kind), map[uintptr]int{unsafe.Offsetof(dnsbpf.DNSDnsMessageEvent{}.RoomBytes): 2}, "question\x00\x00")
	}
}

func addIPC(add adder) {
	var e ipcbpf.IPCIpcEvent
	lengths := map[uintptr]int{
		unsafe.Offsetof(e.Facts) + unsafe.Offsetof(e.Facts.NameBytes): 2, unsafe.Offsetof(e.PeerNameBytes): 4,
	}
	for name, kind := range map[string]uint16{
		"get": KindIPCGet, "attach": KindIPCAttach, "remove": KindIPCRemove, "open": KindIPCOpen, "create": KindIPCCreate, "connect": KindIPCConnect,
	} {
		facts := IPCFacts{
			Inode: 21, Device: 22, Namespace: 23, Key: 24, Id: 25, Kind: kind, Object: uint16(IPCUnixSocket), Error: 26,
			Access: IPCRead, NameBytes: 4, SocketType: 27,
		}
		facts.Peer.StartTimeNs, facts.Peer.Pid = 12, 13
		add("ipc "+name, "ipc", kind, ipcbpf.IPCIpcEvent{
			Header: headerAs[ipcbpf.IPCEventHeader](kind), Peer: headerAs[ipcbpf.IPCEventHeader](28),
			Window: 29, Facts: facts, Size: 30, Id: 31, Mode: 32, Flags: uint32(ipcbpf.IPCIpcFlagsIPC_MAY_CREATE), PeerNameBytes: 5,
		}, lengths, "/a/b", "\x00name")
	}
}

func udpStart() udpbpf.UDPUdpStartEvent {
	return udpbpf.UDPUdpStartEvent{
		Header: headerAs[udpbpf.UDPEventHeader](KindUDPStart),
		Ends: udpbpf.UDPEndpoints{
			LocalAddress: [16]uint8{127, 0, 0, 1}, RemoteAddress: [16]uint8{10, 1, 2, 3},
			LocalPort: 40000, RemotePort: 443, Family: familyIPv4,
		},
		Side: uint16(SideServer), Flags: uint16(udpbpf.UDPUdpFlagsUDP_OWNER_UNKNOWN),
	}
}

func dnsMessage(kind uint16) dnsbpf.DNSDnsMessageEvent {
	return dnsbpf.DNSDnsMessageEvent{
		Header: headerAs[dnsbpf.DNSEventHeader](kind),
		Ends: dnsbpf.DNSEndpoints{
			LocalAddress: [16]uint8{127, 0, 0, 1}, RemoteAddress: [16]uint8{127, 0, 0, 53},
			LocalPort: 40000, RemotePort: 53, Family: familyIPv4,
		},
		Socket: 21, MessageBytes: 100, PayloadBytes: 8, RoomBytes: 10, Protocol: protocolTCP,
		Flags: uint8(dnsbpf.DNSDnsFlagsDNS_OWNER_UNKNOWN),
	}
}

func execLengths() map[uintptr]int {
	var e processbpf.ProcessExecEvent
	return map[uintptr]int{
		unsafe.Offsetof(e.ExecutableBytes): 2, unsafe.Offsetof(e.FilenameBytes): 2, unsafe.Offsetof(e.WorkingDirectoryBytes): 2,
		unsafe.Offsetof(e.ArgumentsBytes): 2, unsafe.Offsetof(e.EnvironmentBytes): 2, unsafe.Offsetof(e.TtyBytes): 1,
	}
}
