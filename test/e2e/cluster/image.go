// SPDX-License-Identifier: Apache-2.0

//go:build linux

package cluster

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
)

// Names of the images that every cluster has.
const (
	BusyboxImage = "meerkat.test/busybox:1"
	PauseImage   = "meerkat.test/pause:1"
	busyboxPath  = "/bin/busybox"
)

// Image is an image of one layer, made of files of this machine.
type Image struct {
	// Name is the full reference, with a registry (that nobody asks) and a tag.
	Name       string
	Files      []File
	Entrypoint []string
}

// File is one of an image: a copy of a file, or a link.
type File struct {
	// Path is absolute. Folders above it are made.
	Path string
	// Source is the path of a file on this machine, whose mode is kept, or, if it is empty, Link where a link leads.
	Source, Link string
}

// Busybox has a shell, and all of busybox's programs in /bin.
func Busybox() Image {
	image := Image{Name: BusyboxImage, Files: []File{{Path: busyboxPath, Source: busyboxPath}}}
	for _, applet := range []string{
		"sh", "cat", "echo", "env", "false", "head", "httpd", "id", "ip", "kill", "ls", "mkdir", "nc", "ping", "ps", "seq", "sleep",
		"timeout", "touch", "true", "vi", "wc", "wget",
	} {
		image.Files = append(image.Files, File{Path: "/bin/" + applet, Link: busyboxPath})
	}
	return image
}

// pauseImage keeps a pod's namespaces.
func pauseImage() Image {
	return Image{
		Name: PauseImage, Files: []File{{Path: busyboxPath, Source: busyboxPath}},
		Entrypoint: []string{busyboxPath, "sleep", "2147483647"},
	}
}

// ImportImage gives an image to the node's containerd, under its name and its digest, as if it had been pulled.
func (c *Cluster) ImportImage(ctx context.Context, image Image) error {
	archive, digest, err := image.archive()
	if err != nil {
		return fmt.Errorf("make the image %s: %w", image.Name, err)
	}
	path := filepath.Join(c.options.State, "image.tar")
	if err := os.WriteFile(path, archive, 0o644); err != nil {
		return fmt.Errorf("make the image %s: %w", image.Name, err)
	}
	defer os.RemoveAll(path)
	for _, arguments := range [][]string{
		{"import", path},
		{"tag", image.Name, repositoryOf(image.Name) + "@" + digest},
	} {
		if _, err := c.Run(ctx, append([]string{"ctr", "--namespace", "k8s.io", "images"}, arguments...)...); err != nil {
			return fmt.Errorf("import the image %s: %w", image.Name, err)
		}
	}
	return nil
}

// ImportArchive gives the images of an archive to the node's containerd, by the names that they have there.
func (c *Cluster) ImportArchive(ctx context.Context, path string) error {
	if _, err := c.Run(ctx, "ctr", "--namespace", "k8s.io", "images", "import", path); err != nil {
		return fmt.Errorf("import the images of %s: %w", path, err)
	}
	return nil
}

// archive is an OCI layout with the image, and the digest of its manifest.
func (i Image) archive() (content []byte, digest string, err error) {
	layer, err := i.layer()
	if err != nil {
		return nil, "", err
	}
	var layout layout
	layerAt := layout.add(mediaLayer, layer)
	configAt := layout.addJSON(mediaConfig, imageConfig{
		Architecture: runtime.GOARCH, OS: "linux", Config: runConfig{Entrypoint: i.Entrypoint, Env: []string{"PATH=/bin"}},
		RootFS: rootFS{Type: "layers", DiffIDs: []string{layerAt.Digest}},
	})
	manifestAt := layout.addJSON(mediaManifest, manifest{
		SchemaVersion: schemaVersion, MediaType: mediaManifest, Config: configAt, Layers: []descriptor{layerAt},
	})
	manifestAt.Annotations = map[string]string{annotationName: i.Name}
	content, err = layout.archive(manifestAt)
	return content, manifestAt.Digest, err
}

func (i Image) layer() ([]byte, error) {
	var buffer bytes.Buffer
	layer := tar.NewWriter(&buffer)
	made := map[string]bool{"/": true}
	for _, folder := range []string{"/tmp", "/etc", "/proc", "/sys", "/dev"} {
		if err := addFolder(layer, folder, made); err != nil {
			return nil, err
		}
	}
	for _, file := range i.Files {
		if err := addFolder(layer, filepath.Dir(file.Path), made); err != nil {
			return nil, err
		}
		if err := file.addTo(layer); err != nil {
			return nil, err
		}
	}
	err := layer.Close()
	return buffer.Bytes(), err
}

func addFolder(layer *tar.Writer, path string, made map[string]bool) error {
	if made[path] {
		return nil
	}
	if err := addFolder(layer, filepath.Dir(path), made); err != nil {
		return err
	}
	made[path] = true
	mode := int64(0o755)
	if path == "/tmp" {
		mode = 0o1777
	}
	return layer.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: path[1:] + "/", Mode: mode})
}

func (f File) addTo(layer *tar.Writer) error {
	if f.Source == "" {
		return layer.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: f.Path[1:], Linkname: f.Link, Mode: 0o777})
	}
	file, err := os.Open(f.Source)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	header := &tar.Header{Typeflag: tar.TypeReg, Name: f.Path[1:], Size: info.Size(), Mode: int64(info.Mode().Perm())}
	if err := layer.WriteHeader(header); err != nil {
		return err
	}
	_, err = io.Copy(layer, file)
	return err
}
