// SPDX-License-Identifier: Apache-2.0

package process

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	processbpf "github.com/meerkat-otel/meerkat/bpf/process"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
)

// execOfFile is what the kernel half says of the exec of a file, by a process that has ended.
func execOfFile(t *testing.T, path string) *decode.ProcessExec {
	t.Helper()
	var stat unix.Stat_t
	require.NoError(t, unix.Stat(path, &stat))
	var filesystem unix.Statfs_t
	require.NoError(t, unix.Statfs(path, &filesystem))
	return &decode.ProcessExec{
		ProcessExecEvent: &processbpf.ProcessExecEvent{
			ExecutableInode: stat.Ino, ExecutableSize: uint64(stat.Size), ExecutableModifiedNs: stat.Mtim.Nano(),
			ExecutableChangedNs: stat.Ctim.Nano(), ExecutableDevice: unix.Major(stat.Dev)<<20 | unix.Minor(stat.Dev),
			ExecutableFilesystem: uint32(filesystem.Type),
		},
		Executable: []byte(path),
	}
}

func TestContentReader(t *testing.T) {
	d, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	path := filepath.Join(d, "program")
	content := []byte("not much of a program")
	write := func() {
		require.NoError(t, os.RemoveAll(path))
		require.NoError(t, os.WriteFile(path, content, 0o755))
	}
	write()
	sum := sha256.Sum256(content)
	reader := ContentReader{Proc: filepath.Join(d, "no-proc"), FileBytesMax: 1 << 20}
	got, err := reader.Read(execOfFile(t, path))
	require.NoError(t, err)
	assert.Equal(t, &Content{SHA256: hex.EncodeToString(sum[:])}, got)

	small := ContentReader{Proc: reader.Proc, FileBytesMax: uint64(len(content) - 1)}
	got, err = small.Read(execOfFile(t, path))
	require.NoError(t, err)
	assert.Equal(t, &Content{}, got)

	for name, change := range map[string]func(*decode.ProcessExec){
		"inode":    func(e *decode.ProcessExec) { e.ExecutableInode++ },
		"device":   func(e *decode.ProcessExec) { e.ExecutableDevice++ },
		"size":     func(e *decode.ProcessExec) { e.ExecutableSize++ },
		"modified": func(e *decode.ProcessExec) { e.ExecutableModifiedNs++ },
		"changed":  func(e *decode.ProcessExec) { e.ExecutableChangedNs++ },
		"path":     func(e *decode.ProcessExec) { e.Executable = []byte(path + "x") },
		"deleted":  func(e *decode.ProcessExec) { e.ExecutableFlags = uint8(decode.PathDeleted) },
		"pipe": func(*decode.ProcessExec) {
			require.NoError(t, os.Remove(path))
			require.NoError(t, unix.Mkfifo(path, 0o755)) // nobody writes to it
		},
		"link": func(*decode.ProcessExec) {
			require.NoError(t, os.Rename(path, path+"-moved"))
			require.NoError(t, os.Symlink(path+"-moved", path))
		},
	} {
		t.Run(name, func(t *testing.T) {
			write()
			e := execOfFile(t, path)
			change(e)
			got, err := reader.Read(e)
			require.ErrorIs(t, err, ErrContentGone)
			assert.Nil(t, got)
		})
	}
	t.Run("elsewhere", func(t *testing.T) {
		write()
		for _, magic := range []uint32{unix.NFS_SUPER_MAGIC, unix.FUSE_SUPER_MAGIC, unix.CIFS_SUPER_MAGIC, unix.V9FS_MAGIC, 0} {
			e := execOfFile(t, path)
			e.ExecutableFilesystem = magic
			_, err := reader.Read(e)
			require.ErrorIs(t, err, ErrContentElsewhere)
		}
	})
}

// A process that has the pid now, and executes something else, is not asked for its executable.
func TestContentReader_anotherProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "program")
	require.NoError(t, os.WriteFile(path, []byte("content"), 0o755))
	e := execOfFile(t, path)
	e.Header.Process.Pid, e.ExecutableFlags = uint32(os.Getpid()), uint8(decode.PathDeleted)
	_, err := ContentReader{Proc: "/proc", FileBytesMax: 1 << 20}.Read(e)
	require.ErrorIs(t, err, ErrContentGone)

	self, err := os.Executable()
	require.NoError(t, err)
	own := execOfFile(t, self)
	own.Header.Process.Pid, own.ExecutableFlags = uint32(os.Getpid()), uint8(decode.PathDeleted)
	content, err := ContentReader{Proc: "/proc", FileBytesMax: 1 << 30}.Read(own)
	require.NoError(t, err)
	assert.Len(t, content.SHA256, 2*sha256.Size)
	assert.NotEmpty(t, content.BuildIDGo)
}

func note(order binary.AppendByteOrder, kind uint32, name, description string) []byte {
	padded := func(s string) string { return s + "\x00\x00\x00"[:(4-len(s)%4)%4] }
	b := order.AppendUint32(nil, uint32(len(name)))
	b = order.AppendUint32(b, uint32(len(description)))
	b = order.AppendUint32(b, kind)
	return append(append(b, padded(name)...), padded(description)...)
}

func TestBuildIDs_inNotes(t *testing.T) {
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		gnu := note(order, noteGNUBuildID, "GNU\x00", "\x01\x02\xff")
		golang := note(order, noteGoBuildID, "Go\x00\x00", "abc/def")
		other := note(order, 1, "GNU\x00", "abi!")
		long := note(order, noteGNUBuildID, "GNU\x00", string(make([]byte, buildIDBytesMax+1)))
		for name, c := range map[string]struct {
			notes       []byte
			gnu, golang string
		}{
			"none":       {nil, "", ""},
			"both":       {bytes.Join([][]byte{other, gnu, golang}, nil), "0102ff", "abc/def"},
			"too long":   {bytes.Join([][]byte{long, golang}, nil), "", "abc/def"},
			"cut":        {gnu[:len(gnu)-2], "", ""},
			"cut at end": {append(append([]byte(nil), gnu...), golang[:10]...), "0102ff", ""},
			"huge":       {note(order, noteGNUBuildID, "GNU\x00", "")[:8], "", ""},
		} {
			gotGNU, gotGo := buildIDsIn(c.notes, order.(binary.ByteOrder))
			assert.Equal(t, []string{c.gnu, c.golang}, []string{gotGNU, gotGo}, name)
		}
	}
}

func FuzzBuildIDs(f *testing.F) {
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(self[:4096])
	f.Add(note(binary.LittleEndian, noteGNUBuildID, "GNU\x00", "id"))
	f.Fuzz(func(t *testing.T, file []byte) {
		gnu, golang := buildIDs(bytes.NewReader(file))
		if len(gnu) > 2*buildIDBytesMax || len(golang) > 3*buildIDBytesMax {
			t.Fatal("an id is longer than its limit")
		}
		buildIDsIn(file, binary.LittleEndian)
	})
}

func TestContentCache(t *testing.T) {
	c := NewContentCache(2)
	key := func(inode uint64) FileKey { return FileKey{Inode: inode} }
	a, b := &Content{SHA256: "a"}, &Content{SHA256: "b"}
	c.Put(key(1), a)
	c.Put(key(2), b)
	assert.Same(t, a, c.Get(key(1)))
	c.Put(key(3), b)
	assert.Nil(t, c.Get(key(2)), "it was not used for longest")
	assert.Same(t, a, c.Get(key(1)))
	c.Put(key(1), b)
	assert.Same(t, b, c.Get(key(1)))
	assert.Len(t, c.entries, 2)
	assert.Nil(t, c.Get(FileKey{Inode: 1, Changed: 1}), "a file that was changed is another one")
}
