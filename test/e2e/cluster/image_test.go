// SPDX-License-Identifier: Apache-2.0

//go:build linux

package cluster

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// unpack returns the files of an archive by name, and where its links lead.
func unpack(t *testing.T, archive []byte) (files, links map[string]string) {
	t.Helper()
	files, links = map[string]string{}, map[string]string{}
	for reader := tar.NewReader(bytes.NewReader(archive)); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return files, links
		}
		require.NoError(t, err)
		content, err := io.ReadAll(reader)
		require.NoError(t, err)
		files[header.Name] = string(content)
		if header.Linkname != "" {
			links[header.Name] = header.Linkname
		}
	}
}

func TestImage(t *testing.T) {
	source := filepath.Join(t.TempDir(), "program")
	require.NoError(t, os.WriteFile(source, []byte("a program"), 0o755))
	image := Image{
		Name: "meerkat.test/a/b:1", Entrypoint: []string{"/opt/a/program"},
		Files: []File{{Path: "/opt/a/program", Source: source}, {Path: "/bin/b", Link: "/opt/a/program"}},
	}
	archive, digest, err := image.archive()
	require.NoError(t, err)
	blobs, _ := unpack(t, archive)

	var index index
	require.NoError(t, json.Unmarshal([]byte(blobs["index.json"]), &index))
	require.Len(t, index.Manifests, 1)
	assert.Equal(t, digest, index.Manifests[0].Digest)
	assert.Equal(t, image.Name, index.Manifests[0].Annotations[annotationName])
	blob := func(d descriptor) []byte {
		content := blobs["blobs/sha256/"+d.Digest[len("sha256:"):]]
		assert.Len(t, content, d.Size)
		sum := sha256.Sum256([]byte(content))
		assert.Equal(t, d.Digest, "sha256:"+hex.EncodeToString(sum[:]))
		return []byte(content)
	}
	var manifest manifest
	require.NoError(t, json.Unmarshal(blob(index.Manifests[0]), &manifest))
	var config imageConfig
	require.NoError(t, json.Unmarshal(blob(manifest.Config), &config))
	assert.Equal(t, image.Entrypoint, config.Config.Entrypoint)
	assert.Equal(t, []string{manifest.Layers[0].Digest}, config.RootFS.DiffIDs)

	files, links := unpack(t, blob(manifest.Layers[0]))
	assert.Equal(t, "a program", files["opt/a/program"])
	assert.Equal(t, map[string]string{"bin/b": "/opt/a/program"}, links)
	assert.Contains(t, files, "opt/a/", "folders are made")
}

func TestImage_withoutItsSource(t *testing.T) {
	_, _, err := Image{Name: "a:1", Files: []File{{Path: "/a", Source: "/does/not/exist"}}}.archive()
	require.ErrorContains(t, err, "/does/not/exist")
}

func TestRepositoryOf(t *testing.T) {
	for reference, repository := range map[string]string{
		"meerkat.test/a:1": "meerkat.test/a", "meerkat.test:5000/a": "meerkat.test:5000/a", "meerkat.test:5000/a:1": "meerkat.test:5000/a",
	} {
		assert.Equal(t, repository, repositoryOf(reference))
	}
}
