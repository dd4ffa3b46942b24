// SPDX-License-Identifier: Apache-2.0

package sigma

import (
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFingerprint(t *testing.T) {
	when := time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	files := fstest.MapFS{"a.yml": {Data: []byte("title: a"), ModTime: when}, "notes.txt": {Data: []byte("x")}}
	number := func() uint64 { return Fingerprint(Source{Name: "s", Files: files}) }
	before := number()
	assert.Equal(t, before, number())
	files["notes.txt"] = &fstest.MapFile{Data: []byte("something else")}
	files[".hidden/b.yml"] = &fstest.MapFile{Data: []byte("title: b")}
	files["c/.b.yml"] = &fstest.MapFile{Data: []byte("title: b")}
	assert.Equal(t, before, number(), "what is not read changes nothing")
	files["a.yml"] = &fstest.MapFile{Data: []byte("title: b"), ModTime: when.Add(time.Nanosecond)}
	changed := number()
	assert.NotEqual(t, before, changed, "another time")
	files["d/b.yaml"] = &fstest.MapFile{Data: []byte("title: b"), ModTime: when}
	assert.NotEqual(t, changed, number(), "another file")
	delete(files, "d/b.yaml")
	assert.Equal(t, changed, number())
	assert.NotEqual(t, changed, Fingerprint(Source{Name: "other", Files: files}))
	assert.NotEqual(t, changed, Fingerprint(Source{Name: "s"}))
}

// As the kubelet changes a ConfigMap that is mounted: a link to a folder is replaced, and the names in front of it stay.
func TestFingerprint_linksAreSwapped(t *testing.T) {
	folder := t.TempDir()
	number := func() uint64 { return Fingerprint(Source{Name: folder, Files: os.DirFS(folder)}) }
	missing := Fingerprint(Source{Name: folder, Files: os.DirFS(filepath.Join(folder, "nowhere"))})
	for version, text := range map[string]string{"..first": "title: a", "..second": "title: bb"} {
		require.NoError(t, os.Mkdir(filepath.Join(folder, version), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(folder, version, "a.yml"), []byte(text), 0o600))
	}
	require.NoError(t, os.Symlink("..first", filepath.Join(folder, "..data")))
	require.NoError(t, os.Symlink("..data/a.yml", filepath.Join(folder, "a.yml")))
	before := number()
	require.NoError(t, os.Symlink("..second", filepath.Join(folder, "..new")))
	require.NoError(t, os.Rename(filepath.Join(folder, "..new"), filepath.Join(folder, "..data")))
	assert.NotEqual(t, before, number())
	assert.NotEqual(t, missing, number())
	require.NoError(t, os.RemoveAll(filepath.Join(folder, "..second")))
	assert.NotPanics(t, func() { number() })
}

func TestRule_same(t *testing.T) {
	withID := &Rule{ID: "5f113a8f-8b61-41ca-b90f-d374fa7e4a39", Source: "a", File: "b"}
	without := &Rule{Source: "a", File: "b"}
	assert.True(t, withID.Same(&Rule{ID: withID.ID, Source: "elsewhere"}))
	assert.True(t, without.Same(&Rule{Source: "a", File: "b", Title: "changed"}))
	assert.False(t, without.Same(withID))
	assert.False(t, without.Same(&Rule{Source: "a", File: "c"}))
}
