// SPDX-License-Identifier: Apache-2.0

package decode

import (
	"errors"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The seeds in testdata/fuzz are records that a kernel wrote; see the recorder of package emit.

func FuzzProcess(f *testing.F) { fuzz(f, "process") }

func FuzzFile(f *testing.F) { fuzz(f, "file") }

func FuzzTCP(f *testing.F) { fuzz(f, "tcp") }

func FuzzSocket(f *testing.F) { fuzz(f, "socket") }

func FuzzIPC(f *testing.F) { fuzz(f, "ipc") }

func FuzzUDP(f *testing.F) { fuzz(f, "udp") }

func FuzzDNS(f *testing.F) { fuzz(f, "dns") }

func FuzzTTY(f *testing.F) { fuzz(f, "tty") }

func FuzzSignal(f *testing.F) { fuzz(f, "signal") }

func FuzzOOM(f *testing.F) { fuzz(f, "oom") }

func FuzzCrash(f *testing.F) { fuzz(f, "crash") }

func FuzzPrivilege(f *testing.F) { fuzz(f, "privilege") }

func FuzzMount(f *testing.F) { fuzz(f, "mount") }

// fuzz holds a decoder to its promises for any bytes: one of the three errors, or an event that shows
// nothing but the record.
func fuzz(f *testing.F, tracer string) {
	f.Helper()
	for _, g := range goodRecords(f) {
		if g.tracer == tracer {
			f.Add(g.record)
		}
	}
	f.Fuzz(func(t *testing.T, record []byte) {
		event, err := decoders[tracer]().Decode(record)
		if err != nil {
			if !errors.Is(err, ErrTooShort) && !errors.Is(err, ErrTooLong) && !errors.Is(err, ErrUnknownKind) {
				t.Fatalf("unexpected error: %v", err)
			}
			return
		}
		assertInside(t, record, event)
	})
}

// assertInside checks that everything an event shows lies in the record, and that its strings follow
// each other without a gap up to the end.
func assertInside(t *testing.T, record []byte, event Event) {
	t.Helper()
	start := uintptr(unsafe.Pointer(unsafe.SliceData(record)))
	end := start + uintptr(len(record))
	if uintptr(unsafe.Pointer(event.Head())) != start {
		t.Fatal("the header is not the start of the record")
	}
	var at uintptr
	fixed := func(p unsafe.Pointer, size uintptr) {
		if uintptr(p) != start || start+size > end {
			t.Fatalf("the fixed part is not the start of the record")
		}
		at = start + size
	}
	var strs [][]byte
	var rooms []uint16 // of strings that may be shown shorter than they are; nil for none
	switch e := event.(type) {
	case *ProcessExec:
		fixed(unsafe.Pointer(e.ProcessExecEvent), unsafe.Sizeof(*e.ProcessExecEvent))
		strs = [][]byte{e.Executable, e.Filename, e.WorkingDirectory, e.Arguments, e.Environment, e.TTY}
	case *ProcessExecFailed:
		fixed(unsafe.Pointer(e.ProcessExecFailedEvent), unsafe.Sizeof(*e.ProcessExecFailedEvent))
		strs = [][]byte{e.Filename}
	case *ProcessFork:
		fixed(unsafe.Pointer(e.ProcessForkEvent), unsafe.Sizeof(*e.ProcessForkEvent))
	case *ProcessExit:
		fixed(unsafe.Pointer(e.ProcessExitEvent), unsafe.Sizeof(*e.ProcessExitEvent))
	case *ProcessCgroup:
		fixed(unsafe.Pointer(e.ProcessCgroupEvent), unsafe.Sizeof(*e.ProcessCgroupEvent))
		strs = [][]byte{e.Path}
	case *File:
		fixed(unsafe.Pointer(e.FileFileEvent), unsafe.Sizeof(*e.FileFileEvent))
		strs = [][]byte{e.Directory, e.Path, e.OtherDirectory, e.OtherPath}
		rooms = []uint16{e.DirectoryBytes, e.PathBytes, e.OtherDirectoryBytes, e.OtherPathBytes}
	case *IPC:
		fixed(unsafe.Pointer(e.IPCIpcEvent), unsafe.Sizeof(*e.IPCIpcEvent))
		strs = [][]byte{e.Name, e.PeerName}
		if other := uintptr(unsafe.Pointer(e.Other())); other < start || other >= end {
			t.Fatal("the peer is outside the record")
		}
	case *Socket:
		fixed(unsafe.Pointer(e.SocketSocketEvent), unsafe.Sizeof(*e.SocketSocketEvent))
		strs = [][]byte{e.Name}
		_ = SocketAddress(&e.Facts)
	case *PrivilegeIDs:
		fixed(unsafe.Pointer(e.PrivilegeIdsEvent), unsafe.Sizeof(*e.PrivilegeIdsEvent))
		_ = e.ListedGroups()
	case *PrivilegeCapabilities:
		fixed(unsafe.Pointer(e.PrivilegeCapabilitiesEvent), unsafe.Sizeof(*e.PrivilegeCapabilitiesEvent))
	case *PrivilegeCapabilityUse:
		fixed(unsafe.Pointer(e.PrivilegeCapabilityUseEvent), unsafe.Sizeof(*e.PrivilegeCapabilityUseEvent))
	case *PrivilegeNamespaces:
		fixed(unsafe.Pointer(e.PrivilegeNamespaceEvent), unsafe.Sizeof(*e.PrivilegeNamespaceEvent))
	case *PrivilegeRoot:
		fixed(unsafe.Pointer(e.PrivilegeRootEvent), unsafe.Sizeof(*e.PrivilegeRootEvent))
		strs = [][]byte{e.Directory, e.Argument, e.Root, e.Filesystem}
	case *PrivilegeRestriction:
		fixed(unsafe.Pointer(e.PrivilegeRestrictionEvent), unsafe.Sizeof(*e.PrivilegeRestrictionEvent))
	case *Mount:
		fixed(unsafe.Pointer(e.MountMountEvent), unsafe.Sizeof(*e.MountMountEvent))
		strs = [][]byte{e.SourceDirectory, e.Source, e.TargetDirectory, e.Target, e.Filesystem, e.Point, e.Root}
		_ = e.KeyName()
	case *TCPConnection:
		fixed(unsafe.Pointer(e.TCPConnectionEvent), unsafe.Sizeof(*e.TCPConnectionEvent))
		_, _ = e.Local(), e.Remote()
	case *UDPStart:
		fixed(unsafe.Pointer(e.UDPUdpStartEvent), unsafe.Sizeof(*e.UDPUdpStartEvent))
		_, _ = e.Local(), e.Remote()
	case *DNSMessage:
		fixed(unsafe.Pointer(e.DNSDnsMessageEvent), unsafe.Sizeof(*e.DNSDnsMessageEvent))
		_, _ = e.Client(), e.Server()
		strs = [][]byte{e.room}
		if len(e.Payload) > len(e.room) || len(e.Payload) > 0 && &e.Payload[0] != &e.room[0] {
			t.Fatal("the payload is not the beginning of its room")
		}
	case *TTYSession:
		fixed(unsafe.Pointer(e.TTYSessionEvent), unsafe.Sizeof(*e.TTYSessionEvent))
	case *TTYSessionEnd:
		fixed(unsafe.Pointer(e.TTYSessionEndEvent), unsafe.Sizeof(*e.TTYSessionEndEvent))
	case *Signal:
		fixed(unsafe.Pointer(e.SignalSignalEvent), unsafe.Sizeof(*e.SignalSignalEvent))
		assertPartOf(t, record, unsafe.Pointer(e.Other()), unsafe.Sizeof(*e.Other()))
	case *OOMKill:
		fixed(unsafe.Pointer(e.OOMOomEvent), unsafe.Sizeof(*e.OOMOomEvent))
		assertPartOf(t, record, unsafe.Pointer(e.Other()), unsafe.Sizeof(*e.Other()))
	case *Crash:
		fixed(unsafe.Pointer(e.CrashCrashEvent), unsafe.Sizeof(*e.CrashCrashEvent))
	default:
		t.Fatalf("unexpected event %T", event)
	}
	for i, s := range strs {
		room := uintptr(len(s))
		if rooms != nil {
			room = uintptr(rooms[i])
		}
		from := uintptr(unsafe.Pointer(unsafe.SliceData(s)))
		if len(s) > 0 && (from < at || from+uintptr(len(s)) > at+room) {
			t.Fatal("a string is not where it should be")
		}
		at += room
	}
	if at != end {
		t.Fatalf("%d bytes of the record belong to nothing", end-at)
	}
}

func assertPartOf(t *testing.T, record []byte, part unsafe.Pointer, size uintptr) {
	t.Helper()
	offset := uintptr(part) - uintptr(unsafe.Pointer(unsafe.SliceData(record)))
	if offset > uintptr(len(record)) || offset+size > uintptr(len(record)) {
		t.Fatal("the second process is not in the record")
	}
}

// Records as kernels write them, each of which stands for its kind.
func TestDecode_recordedRecords(t *testing.T) {
	for target, tracer := range map[string]string{
		"FuzzProcess":   "process",
		"FuzzFile":      "file",
		"FuzzTCP":       "tcp",
		"FuzzSocket":    "socket",
		"FuzzIPC":       "ipc",
		"FuzzUDP":       "udp",
		"FuzzDNS":       "dns",
		"FuzzTTY":       "tty",
		"FuzzSignal":    "signal",
		"FuzzOOM":       "oom",
		"FuzzCrash":     "crash",
		"FuzzPrivilege": "privilege",
		"FuzzMount":     "mount",
	} {
		want := map[string]uint16{}
		for name, g := range goodRecords(t) {
			if g.tracer == tracer {
				// Of two tracers' kinds of the same name, one has the tracer in front.
				want[strings.TrimPrefix(name, tracer+" ")] = g.kind
			}
		}
		got := map[string]uint16{}
		for name, record := range seeds(t, target) {
			event, err := decoders[tracer]().Decode(record)
			require.NoError(t, err, name)
			assertInside(t, record, event)
			h := event.Head()
			assert.NotZero(t, h.TimeNs, name)
			assert.NotZero(t, h.Process.Pid, name)
			assert.Less(t, h.Process.StartTimeNs, h.TimeNs+1, name)
			assert.NotZero(t, h.CgroupId, name)
			assert.NotEmpty(t, UntilNUL(h.Comm[:]), name)
			got[name] = h.Kind
		}
		assert.Equal(t, want, got, "%s: one recorded record per kind", tracer)
	}
}
