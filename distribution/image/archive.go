// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// dockerManifest is what docker load looks for in an archive: https://github.com/moby/moby/blob/v28.0.0/image/tarexport/tarexport.go
type dockerManifest struct {
	Config   string
	RepoTags []string
	Layers   []string
}

// writeIndex writes an archive with an OCI layout, of the images for all processors.
func writeIndex(path string, p product, index v1.ImageIndex) error {
	return writeArchive(path, p, mutate.IndexAddendum{Add: index, Descriptor: v1.Descriptor{Annotations: called(p.name)}}, nil)
}

// writeImage writes an archive of one image that is an OCI layout and what docker load takes at the same time.
func writeImage(path string, p product, image v1.Image) error {
	manifest, err := image.Manifest()
	if err != nil {
		return err
	}
	entry := dockerManifest{Config: blob(manifest.Config.Digest), RepoTags: []string{p.name}}
	for _, layer := range manifest.Layers {
		entry.Layers = append(entry.Layers, blob(layer.Digest))
	}
	text, err := json.Marshal([]dockerManifest{entry})
	if err != nil {
		return err
	}
	return writeArchive(path, p, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Annotations: called(p.name)}}, text)
}

// called are the names that containerd and others import an image by.
func called(name string) map[string]string {
	_, tag, _ := strings.Cut(filepath.Base(name), ":")
	return map[string]string{"io.containerd.image.name": name, "org.opencontainers.image.ref.name": tag}
}

func blob(digest v1.Hash) string { return "blobs/" + digest.Algorithm + "/" + digest.Hex }

// writeArchive writes a layout with one thing in it, and a manifest for Docker unless it is nil.
func writeArchive(path string, p product, content mutate.IndexAddendum, docker []byte) error {
	folder, err := os.MkdirTemp(filepath.Dir(path), ".layout-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	index := mutate.AppendManifests(mutate.IndexMediaType(empty.Index, types.OCIImageIndex), content)
	if _, err := layout.Write(folder, index); err != nil {
		return err
	}
	if docker != nil {
		if err := os.WriteFile(filepath.Join(folder, "manifest.json"), docker, 0o600); err != nil {
			return err
		}
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(pack(file, folder, p.Created), file.Close())
}

// pack writes the files below a folder, in the order of their names.
func pack(to io.Writer, folder string, created time.Time) error {
	w := tar.NewWriter(to)
	err := filepath.WalkDir(folder, func(place string, file fs.DirEntry, err error) error {
		if err != nil || file.IsDir() {
			return err
		}
		name, err := filepath.Rel(folder, place)
		if err != nil {
			return err
		}
		content, err := os.ReadFile(place)
		if err != nil {
			return err
		}
		header := &tar.Header{Typeflag: tar.TypeReg, Name: filepath.ToSlash(name), Mode: 0o644, Size: int64(len(content)), ModTime: created}
		if err := w.WriteHeader(header); err != nil {
			return err
		}
		_, err = w.Write(content)
		return err
	})
	return errors.Join(err, w.Close())
}
