// SPDX-License-Identifier: Apache-2.0

package emit

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	filebpf "github.com/meerkat-otel/meerkat/bpf/file"
	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
)

func fileEvent(kind uint16, path string, change func(*filebpf.FileFileEvent)) *decode.File {
	e := &filebpf.FileFileEvent{}
	e.Header.Kind = kind
	if change != nil {
		change(e)
	}
	f := &decode.File{FileFileEvent: e, Path: []byte(path)}
	if filebpf.FileFileFlags(e.Flags)&filebpf.FileFileFlagsFILE_PATH_IS_ARGUMENT != 0 {
		f.Source = decode.PathArgument
	}
	return f
}

// emitAlone runs an emitter without what all events share, which a hand-made event does not have.
func emitAlone(t *testing.T, e decode.Event, emit Emitter) (string, map[string]any) {
	t.Helper()
	r := Record{LogRecord: plog.NewLogRecord(), Who: someone("/bin/sh"), Clock: testClock()}
	require.True(t, emit(r, e))
	return r.Body().Str(), r.Attributes().AsRaw()
}

func TestFile_details(t *testing.T) {
	const unchanged = 1<<32 - 1
	for name, c := range map[string]struct {
		kind   uint16
		change func(*filebpf.FileFileEvent)
		want   map[string]any
	}{
		"regular, opened": {
			decode.KindFileOpen,
			func(e *filebpf.FileFileEvent) {
				e.Inode, e.Mode, e.OwnerUid, e.Access = 5, 0o100644, 1000, uint8(decode.FileWrite)
			},
			map[string]any{names.FileInode: int64(5), names.FileMode: "0644", names.FileOwnerID: "1000", names.FileGroupID: "0", names.FileAccess: "write"},
		},
		"block device, opened to be read": {
			decode.KindFileOpen,
			func(e *filebpf.FileFileEvent) { e.Inode, e.Mode, e.Access = 5, 0o060660, uint8(decode.FileRead) },
			map[string]any{names.FileInode: int64(5), names.FileMode: "0660", names.FileOwnerID: "0", names.FileGroupID: "0", names.FileAccess: "read", names.FileType: "block_device"},
		},
		"set-user-id and sticky": {
			decode.KindFileModeChange,
			func(e *filebpf.FileFileEvent) {
				e.Mode, e.Flags = 0o5755, uint8(filebpf.FileFileFlagsFILE_PATH_IS_ARGUMENT)
			},
			map[string]any{names.FileMode: "5755", names.FilePathSource: "argument"},
		},
		"owner alone is changed": {
			decode.KindFileOwnerChange,
			func(e *filebpf.FileFileEvent) { e.OwnerUid, e.OwnerGid = 7, unchanged },
			map[string]any{names.FileOwnerID: "7"},
		},
		"group alone is changed": {
			decode.KindFileOwnerChange,
			func(e *filebpf.FileFileEvent) { e.OwnerUid, e.OwnerGid = unchanged, 8 },
			map[string]any{names.FileGroupID: "8"},
		},
		"directory, path cut": {
			decode.KindFileDelete,
			func(e *filebpf.FileFileEvent) {
				e.Flags, e.DirectoryFlags = uint8(filebpf.FileFileFlagsFILE_IS_DIRECTORY), uint8(decode.PathCut)
			},
			map[string]any{names.FileType: "directory", names.FilePathStatus: "truncated"},
		},
		"the worst status counts": {
			decode.KindFileDelete,
			func(e *filebpf.FileFileEvent) {
				e.PathFlags, e.OtherDirectoryFlags = uint8(decode.PathCut|decode.PathDeleted), uint8(decode.PathUnreachable)
			},
			map[string]any{names.FilePathStatus: "unreachable"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, raw := emitAlone(t, fileEvent(c.kind, "/tmp/x", c.change), File(FileOptions{}))
			c.want[names.FilePath], c.want[names.FileName] = "/tmp/x", "x"
			assert.Equal(t, c.want, raw)
		})
	}
}

// The memory of an argument may be gone when it is looked at.
func TestFile_pathUnknown(t *testing.T) {
	body, raw := emitAlone(t, fileEvent(decode.KindFileDelete, "", nil), File(FileOptions{}))
	assert.NotContains(t, raw, names.FilePath)
	assert.NotContains(t, raw, names.FileName)
	assert.Equal(t, "sh deleted a file", body)
}

func TestFileRepeat(t *testing.T) {
	e := &decode.FileRepeat{Kind: decode.KindFileOpen, Access: decode.FileWrite, Path: "/var/log/\xff", Inode: 5, Count: 8}
	body, raw := emitAlone(t, e, File(FileOptions{}))
	assert.Equal(t, "sh opened for write: /var/log/\uFFFD, 8 times more", body)
	assert.Equal(t, map[string]any{
		names.FilePath: "/var/log/\uFFFD", names.FileName: "\uFFFD", names.FileAccess: "write", names.FileInode: int64(5), names.RepeatCount: int64(8),
	}, raw)

	e = &decode.FileRepeat{Kind: decode.KindFileModeChange, Inode: 5, Count: 1}
	body, raw = emitAlone(t, e, File(FileOptions{}))
	assert.Equal(t, "sh changed the mode of the file with inode 5, 1 times more", body)
	assert.Equal(t, map[string]any{names.FileInode: int64(5), names.RepeatCount: int64(1)}, raw)
}
