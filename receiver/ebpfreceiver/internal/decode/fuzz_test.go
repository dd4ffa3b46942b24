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

func FuzzInjection(f *testing.F) { fuzz(f, "injection") }

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
	s, known := shownBy(event)
	if !known {
		t.Fatalf("unexpected event %T", event)
	}
	if uintptr(s.fixed) != start || start+s.size > end {
		t.Fatalf("the fixed part is not the start of the record")
	}
	if pair, ok := event.(Pair); ok {
		offset := uintptr(unsafe.Pointer(pair.Other())) - start
		if offset+unsafe.Sizeof(Header{}) > uintptr(len(record)) {
			t.Fatal("the second process is not in the record")
		}
	}
	at := start + s.size
	for i, text := range s.strs {
		room := uintptr(len(text))
		if s.rooms != nil {
			room = uintptr(s.rooms[i])
		}
		from := uintptr(unsafe.Pointer(unsafe.SliceData(text)))
		if len(text) > 0 && (from < at || from+uintptr(len(text)) > at+room) {
			t.Fatal("a string is not where it should be")
		}
		at += room
	}
	if at != end {
		t.Fatalf("%d bytes of the record belong to nothing", end-at)
	}
}

// shown is what an event shows of its record.
type shown struct {
	fixed unsafe.Pointer
	size  uintptr
	strs  [][]byte
	rooms []uint16 // of strings that may be shown shorter than they are; nil for none
}

func show[T any](fixed *T, strs ...[]byte) (shown, bool) {
	return shown{fixed: unsafe.Pointer(fixed), size: unsafe.Sizeof(*fixed), strs: strs}, true
}

func shownBy(event Event) (shown, bool) {
	for _, group := range []func(Event) (shown, bool){shownOfProcesses, shownOfObjects, shownOfNetwork, shownOfPrivileges} {
		if s, known := group(event); known {
			return s, true
		}
	}
	return shown{}, false
}

func shownOfProcesses(event Event) (shown, bool) {
	switch e := event.(type) {
	case *ProcessExec:
		return show(e.ProcessExecEvent, e.Executable, e.Filename, e.WorkingDirectory, e.Arguments, e.Environment, e.TTY)
	case *ProcessExecFailed:
		return show(e.ProcessExecFailedEvent, e.Filename)
	case *ProcessFork:
		return show(e.ProcessForkEvent)
	case *ProcessExit:
		return show(e.ProcessExitEvent)
	case *ProcessCgroup:
		return show(e.ProcessCgroupEvent, e.Path)
	case *TTYSession:
		return show(e.TTYSessionEvent)
	case *TTYSessionEnd:
		return show(e.TTYSessionEndEvent)
	case *Signal:
		return show(e.SignalSignalEvent)
	case *OOMKill:
		return show(e.OOMOomEvent)
	case *Crash:
		return show(e.CrashCrashEvent)
	}
	return shown{}, false
}

func shownOfObjects(event Event) (shown, bool) {
	switch e := event.(type) {
	case *File:
		s, known := show(e.FileFileEvent, e.Directory, e.Path, e.OtherDirectory, e.OtherPath)
		s.rooms = []uint16{e.DirectoryBytes, e.PathBytes, e.OtherDirectoryBytes, e.OtherPathBytes}
		return s, known
	case *IPC:
		return show(e.IPCIpcEvent, e.Name, e.PeerName)
	case *Mount:
		_ = e.KeyName()
		return show(e.MountMountEvent, e.SourceDirectory, e.Source, e.TargetDirectory, e.Target, e.Filesystem, e.Point, e.Root)
	}
	return shown{}, false
}

func shownOfNetwork(event Event) (shown, bool) {
	switch e := event.(type) {
	case *Socket:
		_ = SocketAddress(&e.Facts)
		return show(e.SocketSocketEvent, e.Name)
	case *TCPConnection:
		_, _ = e.Local(), e.Remote()
		return show(e.TCPConnectionEvent)
	case *UDPStart:
		_, _ = e.Local(), e.Remote()
		return show(e.UDPUdpStartEvent)
	case *DNSMessage:
		_, _ = e.Client(), e.Server()
		// The payload is the beginning of its room.
		isBeginning := len(e.Payload) <= len(e.room) && (len(e.Payload) == 0 || &e.Payload[0] == &e.room[0])
		s, _ := show(e.DNSDnsMessageEvent, e.room)
		return s, isBeginning
	}
	return shown{}, false
}

func shownOfPrivileges(event Event) (shown, bool) {
	switch e := event.(type) {
	case *PrivilegeIDs:
		_ = e.ListedGroups()
		return show(e.PrivilegeIdsEvent)
	case *PrivilegeCapabilities:
		return show(e.PrivilegeCapabilitiesEvent)
	case *PrivilegeCapabilityUse:
		return show(e.PrivilegeCapabilityUseEvent)
	case *PrivilegeNamespaces:
		return show(e.PrivilegeNamespaceEvent)
	case *PrivilegeRoot:
		return show(e.PrivilegeRootEvent, e.Directory, e.Argument, e.Root, e.Filesystem)
	case *PrivilegeRestriction:
		return show(e.PrivilegeRestrictionEvent)
	case *Injection:
		return show(e.InjectionInjectionEvent, e.Name, e.Path, e.Directories[0], e.Directories[1], e.Directories[2])
	}
	return shown{}, false
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
		"FuzzInjection": "injection",
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
