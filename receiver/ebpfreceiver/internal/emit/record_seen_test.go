// SPDX-License-Identifier: Apache-2.0

//go:build linux

package emit_test

import (
	"bytes"
	"encoding/binary"

	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/tracer"
)

// takeSeen keeps what the maps of repeats hold.
func (r *recorder) takeSeen() {
	r.t.Helper()
	if file, ok := r.tracers["file"]; ok {
		require.NoError(r.t, tracer.TakeSeen(file.tracer, func(key *tracer.FileSeenKey, seen *tracer.FileSeen) bool {
			return r.addSeen("file", seen.Count.Repeats, key, seen)
		}))
	}
	if ipc, ok := r.tracers["ipc"]; ok {
		require.NoError(r.t, tracer.TakeSeen(ipc.tracer, func(key *tracer.IPCSeenKey, count *tracer.IPCSeenCount) bool {
			return r.addSeen("ipc", count.Repeats, key, count)
		}))
	}
	if socket, ok := r.tracers["socket"]; ok {
		require.NoError(r.t, tracer.TakeSeen(socket.tracer, func(key *tracer.SocketSeenKey, count *tracer.SocketSeenCount) bool {
			return r.addSeen("socket", count.Repeats, key, count)
		}))
	}
	if tcp, ok := r.tracers["tcp"]; ok {
		require.NoError(r.t, tracer.TakeSeen(tcp.tracer, func(key *tracer.TCPSeenKey, seen *tracer.TCPSeen) bool {
			return r.addSeen("tcp", seen.Count.Repeats, key, seen)
		}))
	}
}

// addSeen keeps an entry of a map of repeats if it has any. It is true, since all are to be taken.
func (r *recorder) addSeen(tracerName string, repeats uint64, parts ...any) bool {
	if repeats == 0 {
		return true
	}
	var entry bytes.Buffer
	for _, part := range parts {
		require.NoError(r.t, binary.Write(&entry, binary.NativeEndian, part))
	}
	r.seen[tracerName] = append(r.seen[tracerName], entry.Bytes())
	return true
}
