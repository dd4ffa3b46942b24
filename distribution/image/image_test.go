// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/distribution/internal/release"
	"github.com/meerkat-otel/meerkat/distribution/internal/release/releasetest"
	"github.com/meerkat-otel/meerkat/internal/capabilities"
)

const (
	root    = "../.."
	example = "localhost/meerkat:9.8.7"
)

// exampleProduct is as if it were made of a commit.
func exampleProduct() product {
	return product{Product: releasetest.Product(root), name: example, compression: gzip.BestSpeed}
}

// indexIn returns the index of all processors in an archive.
func indexIn(t *testing.T, archive string) v1.ImageIndex {
	t.Helper()
	folder := t.TempDir()
	printed, err := exec.Command("tar", "-xf", archive, "-C", folder).CombinedOutput()
	require.NoError(t, err, string(printed))
	outer, err := layout.ImageIndexFromPath(folder)
	require.NoError(t, err)
	manifest, err := outer.IndexManifest()
	require.NoError(t, err)
	require.Len(t, manifest.Manifests, 1)
	assert.Equal(t, example, manifest.Manifests[0].Annotations["io.containerd.image.name"])
	assert.Equal(t, "9.8.7", manifest.Manifests[0].Annotations["org.opencontainers.image.ref.name"])
	inner, err := outer.ImageIndex(manifest.Manifests[0].Digest)
	require.NoError(t, err)
	return inner
}

// filesOf returns the headers of all files of an image, by their names.
func filesOf(t *testing.T, image v1.Image) map[string]*tar.Header {
	t.Helper()
	found := map[string]*tar.Header{}
	layers, err := image.Layers()
	require.NoError(t, err)
	for _, layer := range layers {
		compressed, err := layer.Compressed()
		require.NoError(t, err)
		content, err := gzip.NewReader(compressed)
		require.NoError(t, err, "layers are compressed")
		r := tar.NewReader(content)
		for {
			header, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
			found["/"+strings.TrimSuffix(header.Name, "/")] = header
		}
		require.NoError(t, compressed.Close())
	}
	return found
}

// Wherever and whenever it is made, every byte is the same.
func TestAssemble_isReproducible(t *testing.T) {
	sums := make([]string, 2)
	for i := range sums {
		folder := t.TempDir()
		var err error
		sums[i], err = assemble(t.Context(), exampleProduct(), releasetest.BuildSmall(t, root, folder), filepath.Join(folder, "output"))
		require.NoError(t, err)
		check := exec.Command("sha256sum", "--check", "--strict", release.SumsFile)
		check.Dir = filepath.Join(folder, "output")
		printed, err := check.CombinedOutput()
		require.NoError(t, err, string(printed))
		made, err := os.ReadDir(check.Dir)
		require.NoError(t, err)
		assert.Len(t, made, strings.Count(sums[i], "\n")+1, "only the sums have no sum")
	}
	assert.Equal(t, sums[0], sums[1])
	assert.Equal(t, 5, strings.Count(sums[0], "\n"))
}

func TestAssemble_everyProcessor(t *testing.T) {
	folder := t.TempDir()
	output := filepath.Join(folder, "output")
	_, err := assemble(t.Context(), exampleProduct(), releasetest.BuildSmall(t, root, folder), output)
	require.NoError(t, err)
	index := indexIn(t, filepath.Join(output, archiveFile))
	manifest, err := index.IndexManifest()
	require.NoError(t, err)
	require.Len(t, manifest.Manifests, len(release.Architectures()))
	for i, one := range manifest.Manifests {
		assert.Equal(t, "linux/"+release.Architectures()[i], one.Platform.String())
		image, err := index.Image(one.Digest)
		require.NoError(t, err)
		assertImage(t, image, release.Architectures()[i])
		// The archive for one processor has the same image, for docker load.
		single, err := tarball.ImageFromPath(filepath.Join(output, archiveOf(release.Architectures()[i])), nil)
		require.NoError(t, err)
		want, err := image.ConfigName()
		require.NoError(t, err)
		got, err := single.ConfigName()
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
}

func assertImage(t *testing.T, image v1.Image, architecture string) {
	t.Helper()
	config, err := image.ConfigFile()
	require.NoError(t, err)
	assert.Equal(t, architecture, config.Architecture)
	assert.Equal(t, "65532:65532", config.Config.User)
	assert.Equal(t, []string{"/otelcol-meerkat"}, config.Config.Entrypoint)
	assert.Equal(t, []string{"--config=/etc/meerkat/config.yaml"}, config.Config.Cmd)
	assert.Equal(t, "SIGTERM", config.Config.StopSignal)
	assert.Empty(t, config.Config.ExposedPorts)
	assert.Equal(t, "2023-11-14T22:13:20Z", config.Config.Labels["org.opencontainers.image.created"])
	assert.Equal(t, exampleProduct().Revision, config.Config.Labels["org.opencontainers.image.revision"])
	assert.Len(t, config.History, len(config.RootFS.DiffIDs))

	files := filesOf(t, image)
	var names []string
	for name, header := range files {
		assert.Equal(t, exampleProduct().Created, header.ModTime.UTC(), name)
		if header.Typeflag == tar.TypeReg {
			assert.Zero(t, header.Uid, name)
			names = append(names, strings.TrimPrefix(name, licencesFolder))
		}
	}
	assert.ElementsMatch(t, []string{
		"/otelcol-meerkat", "/etc/meerkat/config.yaml", "/go/LICENSE", "/go/PATENTS",
		"/github.com/meerkat-otel/meerkat/LICENSE", "/github.com/meerkat-otel/meerkat/bpf/LICENSES/BSD-2-Clause.txt",
		"/github.com/meerkat-otel/meerkat/bpf/LICENSES/GPL-2.0-only.txt", "/github.com/cespare/xxhash/v2@v2.3.0/LICENSE.txt",
	}, names)
	assert.Equal(t, user, files[stateFolder].Uid)
	assert.EqualValues(t, 0o750, files[stateFolder].Mode)
	assert.EqualValues(t, 0o755, files["/otelcol-meerkat"].Mode)
	assert.Equal(t, string(fileCapabilities()[capabilities.FileAttribute]),
		files["/otelcol-meerkat"].PAXRecords["SCHILY.xattr.security.capability"])
}

func TestCheckSize_namesTheLimit(t *testing.T) {
	image, err := imageOf(exampleProduct(), releasetest.BuildSmall(t, root, t.TempDir())[0], release.LicenceSet{})
	require.NoError(t, err)
	total, err := compressedBytes(image)
	require.NoError(t, err)
	assert.Positive(t, total)
	assert.NoError(t, checkSize(image, "amd64", total))
	assert.EqualError(t, checkSize(image, "amd64", 1000), "the image for amd64 has "+
		itoa(total)+" bytes compressed, more than 1000: make size tells what takes the room")
}
