// SPDX-License-Identifier: Apache-2.0

package process

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	processbpf "github.com/meerkat-otel/meerkat/bpf/process"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
)

// snapshotRecord is a process as the iterator writes it, without the length in front.
func snapshotRecord(t testing.TB, k, parent Key, execID uint64, executable string) []byte {
	t.Helper()
	e := processbpf.ProcessExecEvent{
		Header: head(k, execID), Parent: kernelKey(parent), ExecutableBytes: uint16(len(executable)),
	}
	e.Header.Kind = decode.KindProcessSnapshot
	var b bytes.Buffer
	require.NoError(t, binary.Write(&b, binary.NativeEndian, e))
	b.WriteString(executable)
	return b.Bytes()
}

// stream puts its length before each record.
func stream(records ...[]byte) []byte {
	var b []byte
	for _, record := range records {
		b = binary.NativeEndian.AppendUint32(b, uint32(len(record)))
		b = append(b, record...)
	}
	return b
}

func TestReadSnapshot(t *testing.T) {
	table := newTable(10)
	content := stream(
		snapshotRecord(t, key(1), Key{}, 1, "/sbin/init"),
		snapshotRecord(t, key(2), Key{}, 0, ""), // a kernel thread
		snapshotRecord(t, key(3), key(1), 2, "/usr/sbin/sshd"),
	)
	// However the kernel cuts the stream into pieces.
	number, err := table.ReadSnapshot(iotest.OneByteReader(bytes.NewReader(content)))
	require.NoError(t, err)
	assert.Equal(t, 3, number)
	assertKnown(t, table, key(1), 1, "/sbin/init", Found)
	assertKnown(t, table, key(2), 0, "", Found)
	assertKnown(t, table, key(3), 2, "/usr/sbin/sshd", Found)
	h := head(key(3), 2)
	p, _ := table.Lookup(&h)
	assert.Equal(t, "/sbin/init", p.ParentExecutable.Value())
	assert.Equal(t, key(1), p.Parent)

	number, err = table.ReadSnapshot(bytes.NewReader(nil))
	require.NoError(t, err)
	assert.Zero(t, number)
}

func TestReadSnapshot_corrupt(t *testing.T) {
	good := snapshotRecord(t, key(1), Key{}, 1, "/sbin/init")
	ofKind := func(kind uint16) []byte {
		e := processbpf.ProcessForkEvent{Header: head(key(2), 1)}
		e.Header.Kind = kind
		var b bytes.Buffer
		require.NoError(t, binary.Write(&b, binary.NativeEndian, e))
		return b.Bytes()
	}
	after := func(rest []byte) []byte { return append(stream(good), rest...) }
	for name, c := range map[string]struct {
		stream []byte
		want   string
		is     error
	}{
		"cut in a length":  {after([]byte{1, 0}), "read the length of process 1: unexpected EOF", io.ErrUnexpectedEOF},
		"cut in a record":  {after(stream(good)[:100]), "read process 1: unexpected EOF", io.ErrUnexpectedEOF},
		"cut after length": {after(stream(good)[:4]), "read process 1: EOF", io.EOF},
		"longer than any": {
			after(binary.NativeEndian.AppendUint32(nil, snapshotRecordBytesMax+1)),
			"process 1 has a record of 32769 bytes, more than 32768", nil,
		},
		"longest length there is": {
			after([]byte{255, 255, 255, 255}), "process 1 has a record of 4294967295 bytes, more than 32768", nil,
		},
		"no length":          {after(stream(nil)), "decode process 1: record is shorter than its event", decode.ErrTooShort},
		"record too short":   {after(stream(good[:len(good)-1])), "decode process 1: record is shorter than its event", decode.ErrTooShort},
		"record too long":    {after(stream(append(slices.Clip(good), 0))), "decode process 1: record is longer than its event", decode.ErrTooLong},
		"unknown kind":       {after(stream(ofKind(99))), "decode process 1: record is of an unknown kind", decode.ErrUnknownKind},
		"kind of no program": {after(stream(ofKind(decode.KindProcessFork))), "process 1 has a record of kind 2", nil},
	} {
		t.Run(name, func(t *testing.T) {
			table := newTable(10)
			number, err := table.ReadSnapshot(bytes.NewReader(c.stream))
			require.EqualError(t, err, c.want)
			if c.is != nil {
				require.ErrorIs(t, err, c.is)
			}
			assert.Equal(t, 1, number, "what came before stays")
			assertKnown(t, table, key(1), 1, "/sbin/init", Found)
		})
	}
}

func TestReadSnapshot_readFails(t *testing.T) {
	broken := errors.New("broken")
	number, err := newTable(10).ReadSnapshot(iotest.ErrReader(broken))
	require.ErrorIs(t, err, broken)
	assert.Zero(t, number)
}

func TestReadSnapshot_boundHolds(t *testing.T) {
	const bound, number = 50, 500
	var records [][]byte
	for pid := uint32(1); pid <= number; pid++ {
		records = append(records, snapshotRecord(t, key(pid), key(1), 1, "/bin/cat"))
	}
	table := newTable(bound)
	read, err := table.ReadSnapshot(bytes.NewReader(stream(records...)))
	require.NoError(t, err)
	assert.Equal(t, number, read)
	assert.Equal(t, bound, table.Stats().Entries)
}

// The seed in testdata/fuzz is what an iterator wrote; see the recorder of package emit.
func FuzzReadSnapshot(f *testing.F) {
	good := snapshotRecord(f, key(1), Key{}, 1, "/sbin/init")
	f.Add([]byte(nil))
	f.Add(stream(good))
	f.Add(stream(good, good[:50]))
	f.Fuzz(func(t *testing.T, content []byte) {
		const bound = 8
		table := newTable(bound)
		number, err := table.ReadSnapshot(bytes.NewReader(content))
		if entries := table.Stats().Entries; entries > min(number, bound) {
			t.Fatalf("%d entries of %d processes", entries, number)
		}
		if err == nil && len(content) < number*4 {
			t.Fatalf("%d processes in %d bytes", number, len(content))
		}
	})
}
