// SPDX-License-Identifier: Apache-2.0

package decode

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	filebpf "github.com/meerkat-otel/meerkat/bpf/file"
	tcpbpf "github.com/meerkat-otel/meerkat/bpf/tcp"
)

func decodeGood(t *testing.T, name string) Event {
	t.Helper()
	g := goodRecords(t)[name]
	event, err := decoders[g.tracer]().Decode(g.record)
	require.NoError(t, err)
	assert.Equal(t, header(g.kind), *event.Head())
	return event
}

func TestDecode_exec(t *testing.T) {
	for _, name := range []string{"exec", "snapshot"} {
		e := decodeGood(t, name).(*ProcessExec)
		assert.Equal(t, "/bin/dash", string(e.Executable))
		assert.Equal(t, "./sh", string(e.Filename))
		assert.Equal(t, "/home", string(e.WorkingDirectory))
		assert.Equal(t, "sh\x00-c\x00", string(e.Arguments))
		assert.Equal(t, "A=1\x00B=2", string(e.Environment))
		assert.Equal(t, ProcessKey{StartTimeNs: 21, Pid: 22}, e.Parent)
		assert.Equal(t, "tty1", string(e.TTY))
		assert.True(t, e.Interpreted())
		assert.False(t, e.UpperLayer())
		assert.True(t, e.Unlinked())
		numbers := []uint64{
			e.CapabilitiesEffective, e.CapabilitiesPermitted, e.ExecutableInode, uint64(e.ExecutableDevice),
			uint64(e.RealUid), uint64(e.RealGid), uint64(e.SavedUid), uint64(e.SavedGid), uint64(e.Vpid), uint64(e.Session),
			uint64(e.ProcessGroup), uint64(e.ArgumentCount), uint64(e.ArgumentsTotalBytes), uint64(e.EnvironmentTotalBytes),
			e.ExecutableSize, uint64(e.ExecutableModifiedNs), uint64(e.ExecutableChangedNs), uint64(e.ExecutableFilesystem),
			uint64(e.ExecutableUid), uint64(e.ExecutableGid), uint64(e.ExecutableMode),
		}
		assert.Equal(t, []uint64{23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 2, 100, 200, 34, 35, 36, 37, 38, 39, 0o104755}, numbers)
		assert.Equal(t, PathCut, PathFlags(e.ExecutableFlags))
		assert.Equal(t, PathDeleted, PathFlags(e.WorkingDirectoryFlags))
	}
}

// A copy says the same, and shares nothing with the record.
func TestDecode_execClone(t *testing.T) {
	record := goodRecords(t)["exec"].record
	event, err := NewProcess().Decode(record)
	require.NoError(t, err)
	clone := event.(*ProcessExec).Clone()
	assert.Equal(t, event, clone)
	assert.Equal(t, len(record), clone.Bytes())
	clear(record)
	assert.Equal(t, decodeGood(t, "exec"), clone)
}

func TestDecode_sessions(t *testing.T) {
	begin := decodeGood(t, "session").(*TTYSession)
	assert.Equal(t, "pts7", string(begin.TTY))
	assert.True(t, begin.Entered())
	assert.False(t, begin.OnTerminal())
	assert.Equal(t, []uint64{23, 24, 25, 26}, []uint64{begin.ParentCgroupId, uint64(begin.RealUid), uint64(begin.Vpid), uint64(begin.Session)})
	assert.EqualValues(t, 21, decodeGood(t, "session_end").(*TTYSessionEnd).DurationNs)
}

func TestDecode_otherProcessEvents(t *testing.T) {
	failed := decodeGood(t, "exec_failed").(*ProcessExecFailed)
	assert.Equal(t, "/no/such", string(failed.Filename))
	assert.EqualValues(t, -2, failed.Error)
	assert.EqualValues(t, -100, failed.DirectoryFd)

	fork := decodeGood(t, "fork").(*ProcessFork)
	assert.Equal(t, ProcessKey{StartTimeNs: 21, Pid: 22}, fork.Parent)

	exit := decodeGood(t, "exit").(*ProcessExit)
	assert.EqualValues(t, 21, exit.CpuTimeNs)
	assert.EqualValues(t, 22, exit.MemoryPeakPages)
	assert.EqualValues(t, 0x300, exit.Status)

	for _, name := range []string{"cgroup_mkdir", "cgroup_rmdir"} {
		assert.Equal(t, "/docker/abc", string(decodeGood(t, name).(*ProcessCgroup).Path))
	}
}

func TestDecode_file(t *testing.T) {
	for _, name := range []string{"open", "create", "rename", "delete", "link", "mode_change", "owner_change"} {
		e := decodeGood(t, name).(*File)
		assert.Equal(t, "/tmp", string(e.Directory))
		assert.Equal(t, "old", string(e.Path))
		assert.Equal(t, "/x", string(e.OtherDirectory))
		assert.Equal(t, "n", string(e.OtherPath))
		assert.Equal(t, []uint64{21, 22, 23, 0o100644, 24, 25},
			[]uint64{e.Inode, uint64(e.Window), uint64(e.Device), uint64(e.Mode), uint64(e.OwnerUid), uint64(e.OwnerGid)})
		assert.Equal(t, PathCut, PathFlags(e.DirectoryFlags))
		assert.Equal(t, PathDeleted, PathFlags(e.PathFlags))
		assert.Equal(t, PathUnreachable, PathFlags(e.OtherDirectoryFlags))
		assert.Equal(t, FileWrite, FileAccess(e.Access))
	}
}

func TestFile_flags(t *testing.T) {
	for flags, want := range map[filebpf.FileFileFlags][4]bool{
		0: {},
		filebpf.FileFileFlagsFILE_PATH_IS_ARGUMENT: {0: true},
		filebpf.FileFileFlagsFILE_SYMBOLIC:         {1: true},
		filebpf.FileFileFlagsFILE_IS_DIRECTORY:     {2: true},
		filebpf.FileFileFlagsFILE_NOT_DEDUPLICATED: {3: true},
	} {
		e := File{FileFileEvent: &filebpf.FileFileEvent{Flags: uint8(flags)}}
		assert.Equal(t, want, [4]bool{e.pathIsArgument(), e.Symbolic(), e.IsDirectory(), e.NotDeduplicated()}, "%d", flags)
	}
}

func TestFileRepeat_head(t *testing.T) {
	e := FileRepeat{Header: header(KindFileRepeat)}
	assert.Same(t, &e.Header, e.Head())
}

func TestDecode_tcp(t *testing.T) {
	for _, name := range []string{"connect", "accept", "close"} {
		e := decodeGood(t, name).(*TCPConnection)
		assert.Equal(t, "127.0.0.1:40000", e.Local().String())
		assert.Equal(t, "10.1.2.3:443", e.Remote().String())
		assert.Equal(t, []uint64{21, 22, 23, 24, 25, 111}, []uint64{
			e.DurationNs, e.BytesSent, e.BytesReceived, uint64(e.Retransmits), uint64(e.RoundTripUs), uint64(e.Error),
		})
		assert.Equal(t, SideClient, Side(e.Side))
	}
}

func TestTCPConnection_addresses(t *testing.T) {
	const familyIPv6 = 10
	sixteen := func(s string) [16]uint8 { return netip.MustParseAddr(s).As16() }
	for name, c := range map[string]struct {
		family  uint16
		address [16]uint8
		want    string
	}{
		"ipv4":                    {familyIPv4, [16]uint8{192, 0, 2, 7}, "192.0.2.7:80"},
		"ipv4, with more behind":  {familyIPv4, [16]uint8{192, 0, 2, 7, 9, 9}, "192.0.2.7:80"},
		"ipv4, none":              {familyIPv4, [16]uint8{}, "0.0.0.0:80"},
		"ipv6":                    {familyIPv6, sixteen("2001:db8::1"), "[2001:db8::1]:80"},
		"ipv6, none":              {familyIPv6, [16]uint8{}, "[::]:80"},
		"mapped":                  {familyIPv6, sixteen("::ffff:192.0.2.7"), "192.0.2.7:80"},
		"ipv4-compatible, not so": {familyIPv6, sixteen("::192.0.2.7"), "[::c000:207]:80"},
		"family that is neither":  {77, sixteen("2001:db8::1"), "[2001:db8::1]:80"},
	} {
		t.Run(name, func(t *testing.T) {
			e := TCPConnection{TCPConnectionEvent: &tcpbpf.TCPConnectionEvent{Ends: tcpbpf.TCPEndpoints{
				LocalAddress: c.address, LocalPort: 80, RemoteAddress: c.address, RemotePort: 80, Family: c.family,
			}}}
			assert.Equal(t, c.want, e.Local().String())
			assert.Equal(t, c.want, e.Remote().String())
		})
	}
}

func TestDecode_wrongLength(t *testing.T) {
	for name, g := range goodRecords(t) {
		t.Run(name, func(t *testing.T) {
			decoder := decoders[g.tracer]()
			for length := range len(g.record) {
				_, err := decoder.Decode(g.record[:length])
				require.Equal(t, ErrTooShort, err, "%d of %d bytes", length, len(g.record))
			}
			for _, more := range []int{1, 7, 8, 4096} {
				_, err := decoder.Decode(append(slices.Clip(g.record), make([]byte, more)...))
				require.Equal(t, ErrTooLong, err, "%d bytes more", more)
			}
			_, err := decoder.Decode(g.record)
			require.NoError(t, err, "a bad record must not spoil the decoder")
		})
	}
	for tracer, newDecoder := range decoders {
		for _, record := range [][]byte{nil, {}} {
			_, err := newDecoder().Decode(record)
			require.Equal(t, ErrTooShort, err, tracer)
		}
	}
}

// A length that is larger than the string leads into what follows and beyond the end; one that is
// smaller leaves bytes that belong to nobody.
func TestDecode_lengthsThatLie(t *testing.T) {
	put := func(record []byte, at uintptr, size int, value uint64) {
		switch size {
		case 1:
			record[at] = byte(value)
		case 2:
			binary.NativeEndian.PutUint16(record[at:], uint16(value))
		case 4:
			binary.NativeEndian.PutUint32(record[at:], uint32(value))
		}
	}
	for name, g := range goodRecords(t) {
		for at, size := range g.lengths {
			for _, c := range []struct {
				value uint64
				want  error
			}{{0, ErrTooLong}, {255, ErrTooShort}, {1<<15 - 1, ErrTooShort}, {1<<16 - 1, ErrTooShort}, {1 << 31, ErrTooShort}, {1<<32 - 1, ErrTooShort}} {
				if c.value >= 1<<(8*size) {
					continue
				}
				record := append([]byte(nil), g.record...)
				put(record, at, size, c.value)
				_, err := decoders[g.tracer]().Decode(record)
				assert.Equal(t, c.want, err, "%s: %d at offset %d", name, c.value, at)
			}
		}
	}
}

func TestDecode_unknownKind(t *testing.T) {
	const kindOffset = unsafe.Offsetof(Header{}.Kind)
	known := map[string]map[uint16]bool{}
	for tracer := range decoders {
		known[tracer] = map[uint16]bool{}
	}
	longest := map[string][]byte{}
	for _, g := range goodRecords(t) {
		known[g.tracer][g.kind] = true
		require.Equal(t, g.kind, binary.NativeEndian.Uint16(g.record[kindOffset:]))
		if len(g.record) > len(longest[g.tracer]) {
			longest[g.tracer] = g.record
		}
	}
	require.False(t, known["file"][KindFileRepeat] || known["udp"][KindUDPFlow] || known["dns"][KindDNSLookup], "these are not records")
	require.False(t, known["injection"][KindInjectionRepeat], "repeats are not records")
	for tracer, newDecoder := range decoders {
		record := append([]byte(nil), longest[tracer]...)
		for kind := range 1 << 16 {
			if known[tracer][uint16(kind)] {
				continue
			}
			binary.NativeEndian.PutUint16(record[kindOffset:], uint16(kind))
			_, err := newDecoder().Decode(record)
			require.Equal(t, ErrUnknownKind, err, "%s: kind %d", tracer, kind)
		}
	}
}

func TestKind(t *testing.T) {
	for name, g := range goodRecords(t) {
		kind, err := Kind(g.record)
		require.NoError(t, err, name)
		assert.Equal(t, g.kind, kind, name)
		// Of a record that can't be decoded the kind can be told all the same.
		kind, err = Kind(g.record[:binary.Size(Header{})])
		require.NoError(t, err, name)
		assert.Equal(t, g.kind, kind, name)
	}
	for _, record := range [][]byte{nil, make([]byte, binary.Size(Header{})-1)} {
		_, err := Kind(record)
		assert.Equal(t, ErrTooShort, err)
	}
}

func TestUntilNUL(t *testing.T) {
	for array, want := range map[string]string{"": "", "\x00": "", "\x00left over": "", "abc\x00de\x00": "abc", "full": "full"} {
		assert.Equal(t, want, string(UntilNUL([]byte(array))), "%q", array)
	}
}

func TestDecode_allocatesNothing(t *testing.T) {
	for name, g := range goodRecords(t) {
		decoder := decoders[g.tracer]()
		var err error
		allocations := testing.AllocsPerRun(1000, func() { _, err = decoder.Decode(g.record) })
		require.NoError(t, err)
		assert.Zero(t, allocations, name)
		short := g.record[:len(g.record)-1]
		allocations = testing.AllocsPerRun(1000, func() { _, err = decoder.Decode(short) })
		require.Error(t, err)
		assert.Zero(t, allocations, "%s, bad", name)
	}
}
