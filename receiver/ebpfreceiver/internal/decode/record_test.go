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
	filebpf "github.com/meerkat-otel/meerkat/bpf/file"
	oombpf "github.com/meerkat-otel/meerkat/bpf/oom"
	signalbpf "github.com/meerkat-otel/meerkat/bpf/signal"
	tcpbpf "github.com/meerkat-otel/meerkat/bpf/tcp"
	ttybpf "github.com/meerkat-otel/meerkat/bpf/tty"
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

// otherHeader is that of a second process, with other values than header.
func otherHeader() Header {
	return Header{
		Process: ProcessKey{StartTimeNs: 32, Pid: 33}, ExecId: 34, CgroupId: 35, Tid: 36, Uid: 37, Gid: 38, Comm: [16]uint8{'n', 'c'},
	}
}

// likeHeader makes the header type of another object of a Header, by way of its bytes.
func likeHeader[T any](h Header) (other T) {
	var b bytes.Buffer
	_ = binary.Write(&b, binary.NativeEndian, h)
	if err := binary.Read(&b, binary.NativeEndian, &other); err != nil {
		panic(err)
	}
	return other
}

// headerAs is the header of a record, as the type that an object has of its own.
func headerAs[T any](kind uint16) T { return likeHeader[T](header(kind)) }

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

// adder adds a record.
type adder = func(name, tracer string, kind uint16, fixed any, lengths map[uintptr]int, strs ...string)

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
	addProcesses(add)
	for name, kind := range map[string]uint16{
		"open": KindFileOpen, "create": KindFileCreate, "rename": KindFileRename, "delete": KindFileDelete,
		"link": KindFileLink, "mode_change": KindFileModeChange, "owner_change": KindFileOwnerChange,
	} {
		add(name, "file", kind, filebpf.FileFileEvent{
			Header: headerAs[filebpf.FileEventHeader](kind), Inode: 21, Window: 22, Device: 23, Mode: 0o100644, OwnerUid: 24, OwnerGid: 25,
			DirectoryBytes: 4, PathBytes: 3, OtherDirectoryBytes: 2, OtherPathBytes: 1,
			DirectoryFlags: 1, PathFlags: 2, OtherDirectoryFlags: 4, Access: uint8(FileWrite),
			Flags: uint8(filebpf.FileFileFlagsFILE_PATH_IS_ARGUMENT),
		}, fileLengths(), "/tmp", "old", "/x", "n")
	}
	for name, kind := range map[string]uint16{"connect": KindTCPConnect, "accept": KindTCPAccept, "close": KindTCPClose} {
		add(name, "tcp", kind, tcpbpf.TCPConnectionEvent{
			Header: headerAs[tcpbpf.TCPEventHeader](kind),
			Ends: tcpbpf.TCPEndpoints{
				LocalAddress: [16]uint8{127, 0, 0, 1}, RemoteAddress: [16]uint8{10, 1, 2, 3},
				LocalPort: 40000, RemotePort: 443, Family: familyIPv4,
			},
			DurationNs: 21, BytesSent: 22, BytesReceived: 23, Retransmits: 24, RoundTripUs: 25, Error: 111,
			Side: uint16(SideClient), Flags: uint16(tcpbpf.TCPTcpFlagsTCP_OWNER_UNKNOWN),
		}, nil)
	}
	addSockets(add)
	addIPC(add)
	addRare(add)
	add("session", "tty", KindTTYSession, ttybpf.TTYSessionEvent{
		Header: headerAs[ttybpf.TTYEventHeader](KindTTYSession), ParentCgroupId: 23, RealUid: 24, Vpid: 25, Session: 26,
		Flags: uint32(ttybpf.TTYTtyFlagsTTY_ENTERED), Tty: [64]uint8{'p', 't', 's', '7'},
	}, nil)
	add("session_end", "tty", KindTTYSessionEnd, ttybpf.TTYSessionEndEvent{Header: headerAs[ttybpf.TTYEventHeader](KindTTYSessionEnd), DurationNs: 21}, nil)
	addPrivilegeRecords(add)
	addMountRecords(add)
	addInjection(add)
	return records
}

// addRare adds records of the tracers whose events are rare.
func addRare(add adder) {
	add("send", "signal", KindSignalSend, signalbpf.SignalSignalEvent{
		Header: headerAs[signalbpf.SignalEventHeader](KindSignalSend),
		Target: likeHeader[signalbpf.SignalEventHeader](otherHeader()),
		Code:   -6, Number: 15, Crossings: uint8(SignalAcrossUsers | SignalToInit), Handling: uint8(SignalCaught), Result: uint8(SignalNotWanted),
	}, nil)
	add("kill", "oom", KindOOMKill, oombpf.OOMOomEvent{
		Header:  headerAs[oombpf.OOMEventHeader](KindOOMKill),
		Trigger: likeHeader[oombpf.OOMEventHeader](otherHeader()), FullCgroupId: 41, LimitPages: 42, UsagePages: 43,
		AnonymousPages: 44, FilePages: 45, SharedPages: 46, SwapPages: 47, PageTableBytes: 48, VirtualPages: 49,
		ScoreAdjustment: -50, Constraint: uint32(OOMMemoryCgroup),
	}, nil)
	add("crash exit", "crash", KindCrashExit, crashbpf.CrashCrashEvent{
		Header:       headerAs[crashbpf.CrashEventHeader](KindCrashExit),
		FaultAddress: 41, Instruction: 42, ModuleOffset: 43, ModuleInode: 44, Code: 1, Number: 11,
		Flags: uint16(crashbpf.CrashCrashFlagsCRASH_HAS_DETAILS), Fault: uint8(FaultNull), Access: uint8(AccessWrite),
		Module: [64]uint8{'l', 'i', 'b'},
	}, nil)
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
