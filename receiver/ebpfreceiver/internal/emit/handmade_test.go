// SPDX-License-Identifier: Apache-2.0

package emit

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	filebpf "github.com/meerkat-otel/meerkat/bpf/file"
	tcpbpf "github.com/meerkat-otel/meerkat/bpf/tcp"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
)

func bytesOfConnection(t testing.TB, e *tcpbpf.TCPConnectionEvent) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, binary.Write(&b, binary.NativeEndian, e))
	return b.Bytes()
}

// decodedFile is a file event all of whose paths are the same.
func decodedFile(t testing.TB, kind uint16, flags filebpf.FileFileFlags, path string) decode.Event {
	t.Helper()
	e := filebpf.FileFileEvent{
		DirectoryBytes: uint16(len(path)), PathBytes: uint16(len(path)),
		OtherDirectoryBytes: uint16(len(path)), OtherPathBytes: uint16(len(path)), Flags: uint8(flags),
	}
	e.Header.Kind, e.Header.Process.Pid = kind, 42
	var b bytes.Buffer
	require.NoError(t, binary.Write(&b, binary.NativeEndian, e))
	for range 4 {
		b.WriteString(path)
	}
	event, err := decode.NewFile().Decode(b.Bytes())
	require.NoError(t, err)
	return event
}
