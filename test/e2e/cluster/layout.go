// SPDX-License-Identifier: Apache-2.0

//go:build linux

package cluster

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
)

// What an image consists of, by the OCI's image format: https://github.com/opencontainers/image-spec.
const (
	mediaLayer    = "application/vnd.oci.image.layer.v1.tar"
	mediaConfig   = "application/vnd.oci.image.config.v1+json"
	mediaManifest = "application/vnd.oci.image.manifest.v1+json"
	mediaIndex    = "application/vnd.oci.image.index.v1+json"
	schemaVersion = 2
	// annotationName is containerd's, for the full name.
	annotationName = "io.containerd.image.name"
)

type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int               `json:"size"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

type manifest struct {
	SchemaVersion int          `json:"schemaVersion"`
	MediaType     string       `json:"mediaType"`
	Config        descriptor   `json:"config"`
	Layers        []descriptor `json:"layers"`
}

type index struct {
	SchemaVersion int          `json:"schemaVersion"`
	MediaType     string       `json:"mediaType"`
	Manifests     []descriptor `json:"manifests"`
}

type imageConfig struct {
	Architecture string    `json:"architecture"`
	OS           string    `json:"os"`
	Config       runConfig `json:"config"`
	RootFS       rootFS    `json:"rootfs"`
}

type runConfig struct {
	Entrypoint []string `json:"Entrypoint,omitempty"`
	Env        []string `json:"Env,omitempty"`
}

type rootFS struct {
	Type    string   `json:"type"`
	DiffIDs []string `json:"diff_ids"`
}

// layout collects what an archive has. The zero value is ready.
type layout struct {
	names    []string
	contents [][]byte
}

func (l *layout) put(name string, content []byte) {
	l.names, l.contents = append(l.names, name), append(l.contents, content)
}

func (l *layout) add(mediaType string, content []byte) descriptor {
	sum := sha256.Sum256(content)
	digest := hex.EncodeToString(sum[:])
	l.put("blobs/sha256/"+digest, content)
	return descriptor{MediaType: mediaType, Digest: "sha256:" + digest, Size: len(content)}
}

func (l *layout) addJSON(mediaType string, content any) descriptor {
	return l.add(mediaType, encode(content))
}

// encode is for the types above, all of which can be encoded.
func encode(content any) []byte {
	encoded, _ := json.Marshal(content)
	return encoded
}

func (l *layout) archive(image descriptor) ([]byte, error) {
	l.put("oci-layout", []byte(`{"imageLayoutVersion":"1.0.0"}`))
	l.put("index.json", encode(index{SchemaVersion: schemaVersion, MediaType: mediaIndex, Manifests: []descriptor{image}}))
	var buffer bytes.Buffer
	archive := tar.NewWriter(&buffer)
	for i, name := range l.names {
		header := &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(l.contents[i])), Mode: 0o644}
		if err := archive.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := archive.Write(l.contents[i]); err != nil {
			return nil, err
		}
	}
	err := archive.Close()
	return buffer.Bytes(), err
}

// repositoryOf is a reference without its tag.
func repositoryOf(reference string) string {
	if i := strings.LastIndexByte(reference, ':'); i > strings.LastIndexByte(reference, '/') {
		return reference[:i]
	}
	return reference
}
