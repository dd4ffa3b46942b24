// SPDX-License-Identifier: Apache-2.0

//go:build linux

package container

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"
)

// fuzzParser tries a parser with the state of runtimes that has a certain file name, damaged in any way.
func fuzzParser(f *testing.F, runtime, name string, parse func(content []byte, c *Container) error) {
	f.Helper()
	archive, err := txtar.ParseFile(filepath.Join("testdata", runtime+".txtar"))
	require.NoError(f, err)
	for _, file := range archive.Files {
		if strings.HasSuffix(file.Name, "/"+name) {
			f.Add(file.Data)
		}
	}
	finder := finderAt("/nonexistent")
	f.Fuzz(func(t *testing.T, content []byte) {
		c := Container{ID: id1}
		if parse(content, &c) != nil {
			return
		}
		finder.finish(&c)
		assertBounds(t, &c)
	})
}

func assertBounds(t *testing.T, c *Container) {
	t.Helper()
	if len(c.Labels) > labelsMax || len(c.Image.Tags) > imageTagsMax || len(c.Image.RepoDigests) > imageDigestsMax {
		t.Fatalf("too much: %+v", c)
	}
	texts := []string{c.Name, c.PodName, c.PodNamespace, c.PodContainer, c.PodUID, c.Image.Reference, c.Image.Name}
	for _, label := range c.Labels {
		texts = append(texts, label.Key, label.Value)
	}
	for _, text := range append(append(texts, c.Image.Tags...), c.Image.RepoDigests...) {
		if len(text) > valueBytesMax {
			t.Fatalf("too long: %d bytes", len(text))
		}
	}
}

func FuzzContainerd(f *testing.F) {
	fuzzParser(f, "containerd", "config.json", finderAt("").parseContainerd)
}

func FuzzDocker(f *testing.F) {
	fuzzParser(f, "docker", "config.v2.json", func(content []byte, c *Container) error {
		_, err := finderAt("").parseDocker(content, c)
		return err
	})
}

func FuzzDockerReferences(f *testing.F) {
	fuzzParser(f, "docker", "repositories.json", func(content []byte, c *Container) error {
		store, err := parseDockerReferences(content)
		for _, references := range store {
			c.Image.add(references, nil)
		}
		return err
	})
}

func FuzzCRIO(f *testing.F) {
	fuzzParser(f, "crio", "config.json", func(content []byte, c *Container) error {
		_, err := finderAt("").parseCRIO(content, c)
		return err
	})
}

func FuzzPodman(f *testing.F) {
	fuzzParser(f, "podman", "containers.json", func(content []byte, c *Container) error {
		containers, err := parsePodmanContainers(content)
		for _, entry := range containers {
			_ = entry.describe(c)
		}
		return err
	})
}

func FuzzStorageImages(f *testing.F) {
	fuzzParser(f, "podman", "images.json", func(content []byte, c *Container) error {
		images, err := parseStorageImages(content)
		for _, image := range images {
			c.Image.add(image.references, image.digests)
		}
		return err
	})
}

func FuzzReference(f *testing.F) {
	for _, reference := range []string{"nginx", "nginx:1.27", "host:5000/a/b", "host:5000/a/b:v1@sha256:ab", "@", ":", "a:b:c/d@e@f"} {
		f.Add(reference)
	}
	f.Fuzz(func(t *testing.T, reference string) {
		name, tag, digest := parseReference(reference)
		if len(name)+len(tag)+len(digest) > len(reference) {
			t.Fatalf("%q became %q, %q and %q", reference, name, tag, digest)
		}
	})
}
