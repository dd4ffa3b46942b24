// SPDX-License-Identifier: Apache-2.0

package decode

import (
	"testing"

	"github.com/stretchr/testify/assert"

	socketbpf "github.com/meerkat-otel/meerkat/bpf/socket"
)

func TestDecode_socket(t *testing.T) {
	for _, name := range []string{"create", "bind", "listen"} {
		e := decodeGood(t, "socket "+name).(*Socket)
		assert.Equal(t, "\x00name", string(e.Name))
		assert.Equal(t, []uint64{21, 22, 23, 24, 25, 26, 27, 28}, []uint64{
			e.Window, e.Inode, uint64(e.Backlog), uint64(e.BoundPort), uint64(e.Facts.Type), uint64(e.Facts.Protocol),
			uint64(e.Facts.Error), uint64(e.Facts.Port),
		})
		assert.Equal(t, e.Header.Kind, e.Facts.Kind)
		assert.Equal(t, "127.0.0.1", SocketAddress(&e.Facts).String())
	}
}

func TestSocket_flags(t *testing.T) {
	for flags, want := range map[socketbpf.SocketSocketFlags][2]bool{
		0: {},
		socketbpf.SocketSocketFlagsSOCKET_SNAPSHOT:         {0: true},
		socketbpf.SocketSocketFlagsSOCKET_NOT_DEDUPLICATED: {1: true},
	} {
		e := Socket{SocketSocketEvent: &socketbpf.SocketSocketEvent{Flags: uint16(flags)}}
		assert.Equal(t, want, [2]bool{e.Snapshot(), e.NotDeduplicated()}, "%d", flags)
	}
}

func TestSocketRepeat(t *testing.T) {
	key := socketbpf.SocketSocketSeenKey{Window: 3, Facts: SocketFacts{Family: 1, NameBytes: 4}}
	key.Process.StartTimeNs, key.Process.Pid = 12, 13
	copy(key.Name[:], "/a/b")
	e := NewSocketRepeat(&key, &socketbpf.SocketSeenCount{Repeats: 5, LastTimeNs: 11, ExecId: 14, CgroupId: 15, Uid: 17, Gid: 18})
	want := header(KindSocketRepeat)
	want.Tid, want.Comm = 13, [16]uint8{}
	assert.Equal(t, want, *e.Head())
	assert.Equal(t, "/a/b", string(e.Name))
	assert.Equal(t, key.Facts, e.Facts)
	assert.EqualValues(t, 5, e.Count)

	// A length that is none is not trusted.
	key.Facts.NameBytes = 4000
	assert.Len(t, NewSocketRepeat(&key, &socketbpf.SocketSeenCount{}).Name, len(key.Name))
}
