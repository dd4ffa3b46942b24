// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"bytes"
	"io"
	"os"
	"path"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/meerkat-otel/meerkat/distribution/internal/release"
)

// entry is a file of the image, or a folder if it has no content. Folders above it are made.
type entry struct {
	// name is the absolute path.
	name    string
	mode    int64
	content []byte
	// owner is the number of both user and group.
	owner int
	// attributes are extended ones.
	attributes map[string][]byte
}

// layerOf makes a layer, compressed in the one way that everything which handles images knows.
func layerOf(entries []entry, created time.Time, compression int) (v1.Layer, error) {
	var content bytes.Buffer
	w := tar.NewWriter(&content)
	made := map[string]bool{"/": true}
	for _, e := range entries {
		if err := addFolders(w, path.Dir(e.name), created, made); err != nil {
			return nil, err
		}
		if err := e.addTo(w, created); err != nil {
			return nil, err
		}
		made[e.name] = true
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	again := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content.Bytes())), nil }
	return tarball.LayerFromOpener(again, tarball.WithMediaType(types.OCILayer),
		tarball.WithCompressionLevel(compression), tarball.WithCompressedCaching)
}

func addFolders(w *tar.Writer, folder string, created time.Time, made map[string]bool) error {
	if made[folder] {
		return nil
	}
	made[folder] = true
	if err := addFolders(w, path.Dir(folder), created, made); err != nil {
		return err
	}
	return entry{name: folder, mode: 0o755}.addTo(w, created)
}

func (e entry) addTo(w *tar.Writer, created time.Time) error {
	header := &tar.Header{
		Typeflag: tar.TypeReg, Name: e.name[1:], Mode: e.mode, Uid: e.owner, Gid: e.owner,
		Size: int64(len(e.content)), ModTime: created, Format: tar.FormatPAX,
	}
	if e.content == nil {
		header.Typeflag, header.Name = tar.TypeDir, header.Name+"/"
	}
	for name, value := range e.attributes {
		if header.PAXRecords == nil {
			header.PAXRecords = map[string]string{}
		}
		header.PAXRecords["SCHILY.xattr."+name] = string(value)
	}
	if err := w.WriteHeader(header); err != nil {
		return err
	}
	_, err := w.Write(e.content)
	return err
}

// programEntry is the collector as a file of the image.
func programEntry(p release.Program) (entry, error) {
	content, err := os.ReadFile(p.Path)
	return entry{name: "/" + release.ProgramName, mode: 0o755, content: content, attributes: fileCapabilities()}, err
}
