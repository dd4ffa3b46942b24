// SPDX-License-Identifier: Apache-2.0

package main

import (
	_ "embed"
	"fmt"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/moby/sys/capability"

	"github.com/meerkat-otel/meerkat/distribution/internal/release"
	"github.com/meerkat-otel/meerkat/internal/capabilities"
)

const (
	// user is neither root nor anybody that a host has: the number that images without a user list have in common.
	user = 65532
	// compressedBytesMax is what a node has to pull at most.
	compressedBytesMax = 25_000_000

	configurationFile = "/etc/meerkat/config.yaml"
	stateFolder       = "/var/lib/meerkat"
)

// configuration is what the collector does if it is not told anything else.
//
//go:embed config.yaml
var configuration []byte

// fileCapabilities are what the program may have without being root, if the container may have it: docs/configuration.md says
// which is for what.
func fileCapabilities() map[string][]byte {
	var numbers []uint
	for _, permitted := range []capability.Cap{
		capability.CAP_BPF, capability.CAP_PERFMON, capability.CAP_DAC_READ_SEARCH, capability.CAP_NET_ADMIN,
		capability.CAP_SYS_PTRACE, capability.CAP_SYS_ADMIN, capability.CAP_SYS_RESOURCE,
	} {
		numbers = append(numbers, uint(permitted))
	}
	return map[string][]byte{capabilities.FileAttribute: capabilities.EncodeFile(numbers...)}
}

// imageOf makes the image for one processor. The program has a layer of its own: the other one stays when it changes.
func imageOf(p product, built release.Program, licences release.LicenceSet) (v1.Image, error) {
	others := []entry{
		{name: configurationFile, mode: 0o644, content: configuration},
		{name: stateFolder, mode: 0o750, owner: user},
	}
	for _, file := range licences.Files {
		others = append(others, entry{name: file.Path, mode: 0o644, content: file.Content})
	}
	executable, err := programEntry(built)
	if err != nil {
		return nil, err
	}
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	image, err := mutate.ConfigFile(base, configOf(p, built.Architecture))
	if err != nil {
		return nil, err
	}
	for _, one := range []struct {
		comment string
		entries []entry
	}{{"configuration and licences", others}, {"the collector", []entry{executable}}} {
		layer, err := layerOf(one.entries, p.Created, p.compression)
		if err != nil {
			return nil, err
		}
		image, err = mutate.Append(image, mutate.Addendum{
			Layer: layer, MediaType: types.OCILayer,
			History: v1.History{Created: v1.Time{Time: p.Created}, CreatedBy: "make image", Comment: one.comment},
		})
		if err != nil {
			return nil, err
		}
	}
	return image, checkSize(image, built.Architecture, compressedBytesMax)
}

func configOf(p product, architecture string) *v1.ConfigFile {
	return &v1.ConfigFile{
		Architecture: architecture, OS: "linux", Created: v1.Time{Time: p.Created},
		RootFS: v1.RootFS{Type: "layers"},
		Config: v1.Config{
			User:       fmt.Sprintf("%d:%d", user, user),
			Entrypoint: []string{"/" + release.ProgramName}, Cmd: []string{"--config=" + configurationFile},
			WorkingDir: stateFolder, StopSignal: "SIGTERM", Labels: labels(p),
		},
	}
}

// labels are those of https://specs.opencontainers.org/image-spec/annotations/.
func labels(p product) map[string]string {
	const prefix = "org.opencontainers.image."
	return map[string]string{
		prefix + "title":         "Meerkat",
		prefix + "description":   "OpenTelemetry Collector that watches the Linux kernel",
		prefix + "source":        "https://" + release.ModulePath,
		prefix + "documentation": "https://" + release.ModulePath + "/blob/main/README.md",
		prefix + "licenses":      release.Licences,
		prefix + "version":       p.Version,
		prefix + "revision":      p.Revision,
		prefix + "created":       p.Created.Format(time.RFC3339),
	}
}

// compressedBytes is what has to be pulled for an image.
func compressedBytes(image v1.Image) (int64, error) {
	manifest, err := image.Manifest()
	if err != nil {
		return 0, err
	}
	total := manifest.Config.Size
	for _, layer := range manifest.Layers {
		total += layer.Size
	}
	return total, nil
}

func checkSize(image v1.Image, architecture string, bytesMax int64) error {
	total, err := compressedBytes(image)
	if err == nil && total > bytesMax {
		return fmt.Errorf("the image for %s has %d bytes compressed, more than %d: make size tells what takes the room", architecture, total, bytesMax)
	}
	return err
}

// indexOf makes one index of the images for all processors.
func indexOf(p product, images []v1.Image) (v1.ImageIndex, error) {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, image := range images {
		config, err := image.ConfigFile()
		if err != nil {
			return nil, err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add: image, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: config.OS, Architecture: config.Architecture}},
		})
	}
	annotated, ok := mutate.Annotations(index, labels(p)).(v1.ImageIndex)
	if !ok {
		return nil, fmt.Errorf("annotate the index of %s", p.name)
	}
	return annotated, nil
}
