// SPDX-License-Identifier: Apache-2.0

package emit

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	ipcbpf "github.com/meerkat-otel/meerkat/bpf/ipc"
	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
)

func decodedIPC(t *testing.T, e ipcbpf.IPCIpcEvent, name, peerName string) decode.Event {
	t.Helper()
	e.Header.Process.Pid, e.Header.Tid, e.Header.Kind = 42, 42, e.Facts.Kind
	e.Facts.NameBytes, e.PeerNameBytes = uint16(len(name)), uint32(len(peerName))
	var b bytes.Buffer
	require.NoError(t, binary.Write(&b, binary.NativeEndian, e))
	b.WriteString(name + peerName)
	event, err := decode.NewIPC().Decode(b.Bytes())
	require.NoError(t, err)
	return event
}

func ipcFacts(kind uint16, object decode.IPCObject) decode.IPCFacts {
	return decode.IPCFacts{Kind: kind, Object: uint16(object)}
}

func TestIPC_sentences(t *testing.T) {
	keyed := ipcFacts(decode.KindIPCGet, decode.IPCSemaphores)
	keyed.Key, keyed.Id = -1, 7
	failed := ipcFacts(decode.KindIPCAttach, decode.IPCSharedMemory)
	failed.Id, failed.Error = 8, 22
	for want, c := range map[string]struct {
		facts decode.IPCFacts
		name  string
	}{
		"x got semaphores with key 0xffffffff":               {keyed, ""},
		"x got a message queue with key private":             {ipcFacts(decode.KindIPCGet, decode.IPCMessageQueue), ""},
		"x could not attach shared memory with id 8: EINVAL": {failed, ""},
		"x removed the message queue /q":                     {ipcFacts(decode.KindIPCRemove, decode.IPCPosixMessageQueue), "q"},
		"x created the named pipe /tmp/\uFFFD":               {ipcFacts(decode.KindIPCCreate, decode.IPCNamedPipe), "/tmp/\xff"},
		"x opened the named pipe p":                          {ipcFacts(decode.KindIPCOpen, decode.IPCNamedPipe), "p"},
		`x connected to the unix socket @a\x00`:              {ipcFacts(decode.KindIPCConnect, decode.IPCUnixSocket), "\x00a\x00"},
		"x connected to the unix socket":                     {ipcFacts(decode.KindIPCConnect, decode.IPCUnixSocket), ""},
	} {
		r := appendOne(t, decodedIPC(t, ipcbpf.IPCIpcEvent{Facts: c.facts}, c.name, ""), someone("/bin/x"), IPC)
		assert.Equal(t, want, r.Body().Str())
	}
}

func TestIPC_peerThatIsKnown(t *testing.T) {
	e := ipcbpf.IPCIpcEvent{Facts: ipcFacts(decode.KindIPCConnect, decode.IPCUnixSocket)}
	e.Peer.Process.Pid, e.Peer.Process.StartTimeNs, e.Peer.Uid, e.Peer.CgroupId = 43, 1, 1000, 7
	who, other := someone("/bin/x"), someone("/bin/server")
	who.Other = &other
	r := appendOne(t, decodedIPC(t, e, "/a", "/a"), who, IPC)
	raw := r.Attributes().AsRaw()
	assert.Equal(t, "x connected to the unix socket /a of server", r.Body().Str())
	assert.EqualValues(t, 43, raw[names.IPCPeerPID])
	assert.EqualValues(t, 1000, raw[names.IPCPeerUserID])
	assert.Equal(t, "/bin/server", raw[names.IPCPeerExecutablePath])
	for _, absent := range []string{names.IPCPeerAddress, names.IPCPeerCgroupPath, names.IPCPeerCgroupID, names.IPCPeerContainerID} {
		assert.NotContains(t, raw, absent)
	}
	// The same by another path, in another container.
	e.Peer.CgroupId = 8
	other.Workload = inContainer(8, "db")
	raw = appendOne(t, decodedIPC(t, e, "/a", "/b"), who, IPC).Attributes().AsRaw()
	assert.Equal(t, "/b", raw[names.IPCPeerAddress])
	assert.Equal(t, "db", raw[names.IPCPeerContainerID])
	assert.EqualValues(t, 8, raw[names.IPCPeerCgroupID])
}

func TestIPC_unknownKinds(t *testing.T) {
	l := NewLogs(testScope, testHost, testClock())
	assert.False(t, l.Append(forkEvent(), someone("/bin/sh"), observedAt, IPC))
	for _, facts := range []decode.IPCFacts{{Kind: 9, Object: 1}, {Kind: 0, Object: 0}, {Kind: 0, Object: 7}} {
		assert.False(t, l.Append(&decode.IPCRepeat{Facts: facts}, someone("/bin/sh"), observedAt, IPC))
		event := decodedIPC(t, ipcbpf.IPCIpcEvent{}, "", "").(*decode.IPC)
		event.Facts = facts
		assert.False(t, l.Append(event, someone("/bin/sh"), observedAt, IPC))
	}
	assert.Zero(t, l.Len())
}
