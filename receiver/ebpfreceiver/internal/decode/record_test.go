// SPDX-License-Identifier: Apache-2.0

package decode

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	crashbpf "github.com/meerkat-otel/meerkat/bpf/crash"
	dnsbpf "github.com/meerkat-otel/meerkat/bpf/dns"
	filebpf "github.com/meerkat-otel/meerkat/bpf/file"
	ipcbpf "github.com/meerkat-otel/meerkat/bpf/ipc"
	oombpf "github.com/meerkat-otel/meerkat/bpf/oom"
	processbpf "github.com/meerkat-otel/meerkat/bpf/process"
	signalbpf "github.com/meerkat-otel/meerkat/bpf/signal"
	socketbpf "github.com/meerkat-otel/meerkat/bpf/socket"
	tcpbpf "github.com/meerkat-otel/meerkat/bpf/tcp"
	ttybpf "github.com/meerkat-otel/meerkat/bpf/tty"
	udpbpf "github.com/meerkat-otel/meerkat/bpf/udp"
)

// bytesOf is the struct as the kernel would write it, with strings behind it. It goes by the fields,
// not by the memory, so it does not share the decoder's way of looking at a record.
func bytesOf(t testing.TB, event any, strs ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, binary.Write(&b, binary.NativeEndian, event))
	for _, s := range strs {
		b.WriteString(s)
	}
	return b.Bytes()
}

// header has a different value in each field.
func header(kind uint16) Header {
	return Header{
		TimeNs: 11, Process: ProcessKey{StartTimeNs: 12, Pid: 13}, ExecId: 14, CgroupId: 15,
		Tid: 16, Uid: 17, Gid: 18, Kind: kind, Comm: [16]uint8{'s', 'h'},
	}
}

func fileHeader(kind uint16) filebpf.FileEventHeader {
	h := filebpf.FileEventHeader{
		TimeNs: 11, ExecId: 14, CgroupId: 15, Tid: 16, Uid: 17, Gid: 18, Kind: kind, Comm: [16]uint8{'s', 'h'},
	}
	h.Process.StartTimeNs, h.Process.Pid = 12, 13
	return h
}

func tcpHeader(kind uint16) tcpbpf.TCPEventHeader {
	h := tcpbpf.TCPEventHeader{
		TimeNs: 11, ExecId: 14, CgroupId: 15, Tid: 16, Uid: 17, Gid: 18, Kind: kind, Comm: [16]uint8{'s', 'h'},
	}
	h.Process.StartTimeNs, h.Process.Pid = 12, 13
	return h
}

func socketHeader(kind uint16) socketbpf.SocketEventHeader {
	h := socketbpf.SocketEventHeader{
		TimeNs: 11, ExecId: 14, CgroupId: 15, Tid: 16, Uid: 17, Gid: 18, Kind: kind, Comm: [16]uint8{'s', 'h'},
	}
	h.Process.StartTimeNs, h.Process.Pid = 12, 13
	return h
}

func ipcHeader(kind uint16) ipcbpf.IPCEventHeader {
	h := ipcbpf.IPCEventHeader{
		TimeNs: 11, ExecId: 14, CgroupId: 15, Tid: 16, Uid: 17, Gid: 18, Kind: kind, Comm: [16]uint8{'s', 'h'},
	}
	h.Process.StartTimeNs, h.Process.Pid = 12, 13
	return h
}

// otherHeader is that of a second process, with other values than header.
func otherHeader() Header {
	return Header{
		Process: ProcessKey{StartTimeNs: 32, Pid: 33}, ExecId: 34, CgroupId: 35, Tid: 36, Uid: 37, Gid: 38, Comm: [16]uint8{'n', 'c'},
	}
}

// likeHeader makes the header type of another object of a Header, by way of its bytes.
func likeHeader[T any](h Header) *T {
	var other T
	var b bytes.Buffer
	_ = binary.Write(&b, binary.NativeEndian, h)
	if err := binary.Read(&b, binary.NativeEndian, &other); err != nil {
		panic(err)
	}
	return &other
}

// good is a record of one kind, and where in it the lengths of its strings stand.
type good struct {
	tracer string
	kind   uint16
	record []byte
	// fixed is the size of the struct.
	fixed int
	// lengths are offsets of the fields that hold lengths, and their sizes in bytes.
	lengths map[uintptr]int
}

var decoders = Decoders()

// goodRecords has a record of each kind that the kernel writes, by the name of its kind, in front of which the
// tracer stands where several have a kind of that name.
func goodRecords(t testing.TB) map[string]good {
	t.Helper()
	records := map[string]good{}
	add := func(name, tracer string, kind uint16, fixed any, lengths map[uintptr]int, strs ...string) {
		records[name] = good{
			tracer: tracer, kind: kind, record: bytesOf(t, fixed, strs...), fixed: binary.Size(fixed), lengths: lengths,
		}
	}
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
	for name, kind := range map[string]uint16{
		"open": KindFileOpen, "create": KindFileCreate, "rename": KindFileRename, "delete": KindFileDelete,
		"link": KindFileLink, "mode_change": KindFileModeChange, "owner_change": KindFileOwnerChange,
	} {
		add(name, "file", kind, filebpf.FileFileEvent{
			Header: fileHeader(kind), Inode: 21, Window: 22, Device: 23, Mode: 0o100644, OwnerUid: 24, OwnerGid: 25,
			DirectoryBytes: 4, PathBytes: 3, OtherDirectoryBytes: 2, OtherPathBytes: 1,
			DirectoryFlags: 1, PathFlags: 2, OtherDirectoryFlags: 4, Access: uint8(FileWrite),
			Flags: uint8(filebpf.FileFileFlagsFILE_PATH_IS_ARGUMENT),
		}, fileLengths(), "/tmp", "old", "/x", "n")
	}
	for name, kind := range map[string]uint16{"connect": KindTCPConnect, "accept": KindTCPAccept, "close": KindTCPClose} {
		add(name, "tcp", kind, tcpbpf.TCPConnectionEvent{
			Header: tcpHeader(kind),
			Ends: tcpbpf.TCPEndpoints{
				LocalAddress: [16]uint8{127, 0, 0, 1}, RemoteAddress: [16]uint8{10, 1, 2, 3},
				LocalPort: 40000, RemotePort: 443, Family: familyIPv4,
			},
			DurationNs: 21, BytesSent: 22, BytesReceived: 23, Retransmits: 24, RoundTripUs: 25, Error: 111,
			Side: uint16(SideClient), Flags: uint16(tcpbpf.TCPTcpFlagsTCP_OWNER_UNKNOWN),
		}, nil)
	}
	for name, kind := range map[string]uint16{"create": KindSocketCreate, "bind": KindSocketBind, "listen": KindSocketListen} {
		var e socketbpf.SocketSocketEvent
		add("socket "+name, "socket", kind, socketbpf.SocketSocketEvent{
			Header: socketHeader(kind), Window: 21, Inode: 22, Backlog: 23, BoundPort: 24,
			Facts: socketbpf.SocketSocketFacts{
				Family: familyIPv4, Type: 25, Protocol: 26, Kind: kind, Error: 27, Port: 28, NameBytes: 5,
				Address: [16]uint8{127, 0, 0, 1},
			},
			Flags: uint16(socketbpf.SocketSocketFlagsSOCKET_SNAPSHOT),
		}, map[uintptr]int{unsafe.Offsetof(e.Facts) + unsafe.Offsetof(e.Facts.NameBytes): 2}, "\x00name")
	}
	addIPC(add)
	addRare(add)
	add("session", "tty", KindTTYSession, ttybpf.TTYSessionEvent{
		Header: ttyHeader(KindTTYSession), ParentCgroupId: 23, RealUid: 24, Vpid: 25, Session: 26,
		Flags: uint32(ttybpf.TTYTtyFlagsTTY_ENTERED), Tty: [64]uint8{'p', 't', 's', '7'},
	}, nil)
	add("session_end", "tty", KindTTYSessionEnd, ttybpf.TTYSessionEndEvent{Header: ttyHeader(KindTTYSessionEnd), DurationNs: 21}, nil)
	add("start", "udp", KindUDPStart, udpStart(), nil)
	for name, kind := range map[string]uint16{"query": KindDNSQuery, "answer": KindDNSAnswer} {
		add(name, "dns", kind, dnsMessage(kind), map[uintptr]int{unsafe.Offsetof(dnsbpf.DNSDnsMessageEvent{}.RoomBytes): 2}, "question\x00\x00")
	}
	addPrivilegeRecords(add)
	addMountRecords(add)
	return records
}

func addIPC(add func(name, tracer string, kind uint16, fixed any, lengths map[uintptr]int, strs ...string)) {
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
			Header: ipcHeader(kind), Peer: ipcHeader(28), Window: 29, Facts: facts, Size: 30, Id: 31, Mode: 32,
			Flags: uint32(ipcbpf.IPCIpcFlagsIPC_MAY_CREATE), PeerNameBytes: 5,
		}, lengths, "/a/b", "\x00name")
	}
}

func udpStart() udpbpf.UDPUdpStartEvent {
	e := udpbpf.UDPUdpStartEvent{
		Ends: udpbpf.UDPEndpoints{
			LocalAddress: [16]uint8{127, 0, 0, 1}, RemoteAddress: [16]uint8{10, 1, 2, 3},
			LocalPort: 40000, RemotePort: 443, Family: familyIPv4,
		},
		Side: uint16(SideServer), Flags: uint16(udpbpf.UDPUdpFlagsUDP_OWNER_UNKNOWN),
	}
	e.Header = udpHeader(KindUDPStart)
	return e
}

func udpHeader(kind uint16) udpbpf.UDPEventHeader {
	h := udpbpf.UDPEventHeader{
		TimeNs: 11, ExecId: 14, CgroupId: 15, Tid: 16, Uid: 17, Gid: 18, Kind: kind, Comm: [16]uint8{'s', 'h'},
	}
	h.Process.StartTimeNs, h.Process.Pid = 12, 13
	return h
}

func ttyHeader(kind uint16) ttybpf.TTYEventHeader {
	h := ttybpf.TTYEventHeader{
		TimeNs: 11, ExecId: 14, CgroupId: 15, Tid: 16, Uid: 17, Gid: 18, Kind: kind, Comm: [16]uint8{'s', 'h'},
	}
	h.Process.StartTimeNs, h.Process.Pid = 12, 13
	return h
}

func dnsMessage(kind uint16) dnsbpf.DNSDnsMessageEvent {
	e := dnsbpf.DNSDnsMessageEvent{
		Ends: dnsbpf.DNSEndpoints{
			LocalAddress: [16]uint8{127, 0, 0, 1}, RemoteAddress: [16]uint8{127, 0, 0, 53},
			LocalPort: 40000, RemotePort: 53, Family: familyIPv4,
		},
		Socket: 21, MessageBytes: 100, PayloadBytes: 8, RoomBytes: 10, Protocol: protocolTCP,
		Flags: uint8(dnsbpf.DNSDnsFlagsDNS_OWNER_UNKNOWN),
	}
	e.Header = dnsbpf.DNSEventHeader{
		TimeNs: 11, ExecId: 14, CgroupId: 15, Tid: 16, Uid: 17, Gid: 18, Kind: kind, Comm: [16]uint8{'s', 'h'},
	}
	e.Header.Process.StartTimeNs, e.Header.Process.Pid = 12, 13
	return e
}

// addRare adds records of the tracers whose events are rare.
func addRare(add func(name, tracer string, kind uint16, fixed any, lengths map[uintptr]int, strs ...string)) {
	add("send", "signal", KindSignalSend, signalbpf.SignalSignalEvent{
		Header: *likeHeader[signalbpf.SignalEventHeader](header(KindSignalSend)),
		Target: *likeHeader[signalbpf.SignalEventHeader](otherHeader()),
		Code:   -6, Number: 15, Crossings: uint8(SignalAcrossUsers | SignalToInit), Handling: uint8(SignalCaught), Result: uint8(SignalNotWanted),
	}, nil)
	add("kill", "oom", KindOOMKill, oombpf.OOMOomEvent{
		Header:  *likeHeader[oombpf.OOMEventHeader](header(KindOOMKill)),
		Trigger: *likeHeader[oombpf.OOMEventHeader](otherHeader()), FullCgroupId: 41, LimitPages: 42, UsagePages: 43,
		AnonymousPages: 44, FilePages: 45, SharedPages: 46, SwapPages: 47, PageTableBytes: 48, VirtualPages: 49,
		ScoreAdjustment: -50, Constraint: uint32(OOMMemoryCgroup),
	}, nil)
	add("crash exit", "crash", KindCrashExit, crashbpf.CrashCrashEvent{
		Header:       *likeHeader[crashbpf.CrashEventHeader](header(KindCrashExit)),
		FaultAddress: 41, Instruction: 42, ModuleOffset: 43, ModuleInode: 44, Code: 1, Number: 11,
		Flags: uint16(crashbpf.CrashCrashFlagsCRASH_HAS_DETAILS), Fault: uint8(FaultNull), Access: uint8(AccessWrite),
		Module: [64]uint8{'l', 'i', 'b'},
	}, nil)
}

func execLengths() map[uintptr]int {
	var e processbpf.ProcessExecEvent
	return map[uintptr]int{
		unsafe.Offsetof(e.ExecutableBytes): 2, unsafe.Offsetof(e.FilenameBytes): 2, unsafe.Offsetof(e.WorkingDirectoryBytes): 2,
		unsafe.Offsetof(e.ArgumentsBytes): 2, unsafe.Offsetof(e.EnvironmentBytes): 2, unsafe.Offsetof(e.TtyBytes): 1,
	}
}

func fileLengths() map[uintptr]int {
	var e filebpf.FileFileEvent
	return map[uintptr]int{
		unsafe.Offsetof(e.DirectoryBytes): 2, unsafe.Offsetof(e.PathBytes): 2,
		unsafe.Offsetof(e.OtherDirectoryBytes): 2, unsafe.Offsetof(e.OtherPathBytes): 2,
	}
}

// seeds returns the recorded records of a fuzz target, which the kernel wrote, by name.
func seeds(t testing.TB, target string) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "fuzz", target, "*"))
	require.NoError(t, err)
	require.NotEmpty(t, files, "no recorded records of %s", target)
	records := map[string][]byte{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		_, literal, found := strings.Cut(strings.TrimSpace(string(content)), "[]byte(")
		require.True(t, found, file)
		record, err := strconv.Unquote(strings.TrimSuffix(literal, ")"))
		require.NoError(t, err, file)
		records[filepath.Base(file)] = []byte(record)
	}
	return records
}
