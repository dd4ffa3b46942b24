// SPDX-License-Identifier: Apache-2.0

package decode

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	filebpf "github.com/meerkat-otel/meerkat/bpf/file"
)

// What a process gave is joined with a directory that the kernel resolved, as far as that is certain.
func TestFile_paths(t *testing.T) {
	const cut, deleted = uint8(PathCut), uint8(PathDeleted)
	for _, c := range []struct {
		directory, path         string
		flags                   uint8
		wantDirectory, wantPath string
		want                    PathSource
	}{
		{"/a/b", "c", 0, "/a/b", "c", PathInDirectory},
		{"/a/b", "c/", 0, "/a/b", "c/", PathInDirectory},
		{"/a/b", "", 0, "/a/b", "", PathInDirectory},
		{"/a/b", "../c", 0, "/a", "c", PathInDirectory},
		{"/a/b", ".././/../c", 0, "/", "c", PathInDirectory},
		{"/a/b", "../../../../c", 0, "/", "c", PathInDirectory},
		{"/", "../c", 0, "/", "c", PathInDirectory},
		{"/a/b", "../c/d", 0, "/a", "c/d", PathArgument},
		{"/a/b", "c/../d", 0, "/a/b", "c/../d", PathArgument},
		{"/a/b", "..", 0, "/a/b", "..", PathArgument},
		{"/a/b", "../c", deleted, "/a", "c", PathInDirectory},
		{"/b", "../c", cut, "/b", "../c", PathArgument},
		{"", "/a/b", 0, "", "/a/b", PathArgument},
		{"", "/a", 0, "", "/a", PathArgument},
	} {
		e := filebpf.FileFileEvent{
			DirectoryBytes: uint16(len(c.directory)), PathBytes: uint16(len(c.path)), DirectoryFlags: c.flags,
			Flags: uint8(filebpf.FileFileFlagsFILE_PATH_IS_ARGUMENT),
		}
		e.Header.Kind = KindFileDelete
		var record bytes.Buffer
		require.NoError(t, binary.Write(&record, binary.NativeEndian, e))
		record.WriteString(c.directory + c.path)
		event, err := NewFile().Decode(record.Bytes())
		require.NoError(t, err)
		file := event.(*File)
		assert.Equal(t, c.wantDirectory+" "+c.wantPath, string(file.Directory)+" "+string(file.Path), "%s %s", c.directory, c.path)
		assert.Equal(t, c.want, file.Source, "%s %s", c.directory, c.path)
	}
}
