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
		all := func(*tracer.FileSeenKey) bool { return true }
		require.NoError(r.t, tracer.FileSeen(file.tracer).Take(all, func(key *tracer.FileSeenKey, count *tracer.FileSeenCount) {
			r.addSeen("file", count.Repeats, key, count)
		}))
	}
	if ipc, ok := r.tracers["ipc"]; ok {
		all := func(*tracer.IPCSeenKey) bool { return true }
		require.NoError(r.t, tracer.TakeIPCSeen(ipc.tracer, all, func(key *tracer.IPCSeenKey, count *tracer.IPCSeenCount) {
			r.addSeen("ipc", count.Repeats, key, count)
		}))
	}
	if socket, ok := r.tracers["socket"]; ok {
		all := func(*tracer.SocketSeenKey) bool { return true }
		require.NoError(r.t, tracer.TakeSocketSeen(socket.tracer, all, func(key *tracer.SocketSeenKey, count *tracer.SocketSeenCount) {
			r.addSeen("socket", count.Repeats, key, count)
		}))
	}
}

// addSeen keeps an entry of a map of repeats if it has any.
func (r *recorder) addSeen(tracerName string, repeats uint64, parts ...any) {
	if repeats == 0 {
		return
	}
	var entry bytes.Buffer
	for _, part := range parts {
		require.NoError(r.t, binary.Write(&entry, binary.NativeEndian, part))
	}
	r.seen[tracerName] = append(r.seen[tracerName], entry.Bytes())
}
