// SPDX-License-Identifier: Apache-2.0

//go:build linux

package emit_test

import (
	"bytes"
	"encoding/binary"

	"github.com/stretchr/testify/require"

	filebpf "github.com/meerkat-otel/meerkat/bpf/file"
	ipcbpf "github.com/meerkat-otel/meerkat/bpf/ipc"
	socketbpf "github.com/meerkat-otel/meerkat/bpf/socket"
	tcpbpf "github.com/meerkat-otel/meerkat/bpf/tcp"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
)

// remember keeps the path of what may be repeated.
func (r *replay) remember(event decode.Event) {
	e, ok := event.(*decode.File)
	if !ok || e.Window == 0 {
		return
	}
	key := filebpf.FileFileSeenKey{
		Inode: e.Inode, Generation: e.Generation, Window: e.Window, Device: e.Device, Kind: e.Header.Kind, Access: uint16(e.Access),
	}
	key.Process.StartTimeNs, key.Process.Pid = e.Header.Process.StartTimeNs, e.Header.Process.Pid
	r.paths[key] = string(e.Path)
}

// seen makes the event of an entry that says how often something was repeated.
func (r *replay) seen(s *replayStream, step string, entry []byte) {
	r.t.Helper()
	var event decode.Event
	switch step {
	case "file seen":
		var key filebpf.FileFileSeenKey
		var seen filebpf.FileFileSeen
		r.split(entry, &key, &seen)
		event = decode.NewFileRepeat(&key, &seen.Count, r.paths[key])
	case "ipc seen":
		var key ipcbpf.IPCIpcSeenKey
		var count ipcbpf.IPCSeenCount
		r.split(entry, &key, &count)
		event = decode.NewIPCRepeat(&key, &count)
	case "socket seen":
		var key socketbpf.SocketSocketSeenKey
		var count socketbpf.SocketSeenCount
		r.split(entry, &key, &count)
		event = decode.NewSocketRepeat(&key, &count)
	case "tcp seen":
		var key tcpbpf.TCPTcpSeenKey
		var seen tcpbpf.TCPTcpSeen
		r.split(entry, &key, &seen)
		event = decode.NewTCPRepeat(&key, &seen)
	default:
		r.t.Fatalf("there is no step %q", step)
	}
	who, _ := r.identify(event)
	r.emit(s, event, who)
}

// split fills the parts of an entry.
func (r *replay) split(entry []byte, parts ...any) {
	r.t.Helper()
	b := bytes.NewReader(entry)
	for _, part := range parts {
		require.NoError(r.t, binary.Read(b, binary.NativeEndian, part))
	}
	require.Zero(r.t, b.Len())
}
