// SPDX-License-Identifier: Apache-2.0

package decode

import (
	"testing"

	"github.com/stretchr/testify/assert"

	ipcbpf "github.com/meerkat-otel/meerkat/bpf/ipc"
)

func TestDecode_ipc(t *testing.T) {
	for _, name := range []string{"get", "attach", "remove", "open", "create", "connect"} {
		e := decodeGood(t, "ipc "+name).(*IPC)
		assert.Equal(t, "/a/b", string(e.Name))
		assert.Equal(t, "\x00name", string(e.PeerName))
		assert.Equal(t, []uint64{21, 22, 23, 24, 25, 26, 27, 29, 30, 31, 32}, []uint64{
			e.Facts.Inode, uint64(e.Facts.Device), uint64(e.Facts.Namespace), uint64(e.Facts.Key), uint64(e.Facts.Id),
			uint64(e.Facts.Error), uint64(e.Facts.SocketType), e.Window, e.Size, uint64(e.Id), uint64(e.Mode),
		})
		assert.Equal(t, IPCUnixSocket, IPCObject(e.Facts.Object))
		assert.Equal(t, IPCRead, e.Facts.Access)
		assert.Equal(t, e.Header.Kind, e.Facts.Kind)
		assert.Equal(t, header(28), *e.Other())
	}
}

func TestIPC_flags(t *testing.T) {
	for flags, want := range map[ipcbpf.IPCIpcFlags][3]bool{
		0:                                      {},
		ipcbpf.IPCIpcFlagsIPC_MAY_CREATE:       {0: true},
		ipcbpf.IPCIpcFlagsIPC_NAME_CUT:         {1: true},
		ipcbpf.IPCIpcFlagsIPC_NOT_DEDUPLICATED: {2: true},
	} {
		e := IPC{IPCIpcEvent: &ipcbpf.IPCIpcEvent{Flags: uint32(flags)}}
		assert.Equal(t, want, [3]bool{e.MayCreate(), e.NameCut(), e.NotDeduplicated()}, "%d", flags)
	}
}

func TestIPCRepeat(t *testing.T) {
	key := ipcbpf.IPCIpcSeenKey{Window: 3, Facts: IPCFacts{NameBytes: 4}}
	key.Process.StartTimeNs, key.Process.Pid = 12, 13
	key.Facts.Peer.StartTimeNs, key.Facts.Peer.Pid = 22, 23
	copy(key.Name[:], "/a/b and more")
	e := NewIPCRepeat(&key, &ipcbpf.IPCSeenCount{Repeats: 5, LastTimeNs: 11, ExecId: 14, CgroupId: 15, Uid: 17, Gid: 18})
	want := header(KindIPCRepeat)
	want.Tid, want.Comm = 13, [16]uint8{}
	assert.Equal(t, want, *e.Head())
	assert.Equal(t, Header{Process: ProcessKey{StartTimeNs: 22, Pid: 23}}, *e.Other())
	assert.Equal(t, "/a/b", string(e.Name))
	assert.Equal(t, key.Facts, e.Facts)
	assert.EqualValues(t, 5, e.Count)

	// A length that is none is not trusted.
	key.Facts.NameBytes = 4000
	assert.Len(t, NewIPCRepeat(&key, &ipcbpf.IPCSeenCount{}).Name, len(key.Name))
}
