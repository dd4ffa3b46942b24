// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/meerkat-otel/meerkat/distribution/internal/release"
)

// archiveFile has the images for all processors.
const archiveFile = "meerkat.oci.tar"

// archiveOf is the file with the image for one processor, and billOf the list of what is in it.
func archiveOf(architecture string) string { return "meerkat-linux-" + architecture + ".tar" }
func billOf(architecture string) string    { return "meerkat-linux-" + architecture + ".cdx.json" }

// assemble makes everything of programs, in a folder whose former content goes. It returns the check sums, one line for
// each file, as sha256sum prints them.
func assemble(ctx context.Context, p product, programs []release.Program, folder string) (string, error) {
	if err := os.RemoveAll(folder); err != nil {
		return "", err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	var images []v1.Image
	files := []string{archiveFile}
	for _, built := range programs {
		image, err := assembleOne(ctx, p, built, folder)
		if err != nil {
			return "", err
		}
		images = append(images, image)
		files = append(files, archiveOf(built.Architecture), billOf(built.Architecture))
	}
	index, err := indexOf(p, images)
	if err != nil {
		return "", err
	}
	if err := writeIndex(filepath.Join(folder, archiveFile), p, index); err != nil {
		return "", err
	}
	return release.WriteSums(folder, files)
}

func assembleOne(ctx context.Context, p product, built release.Program, folder string) (v1.Image, error) {
	found, err := release.CollectLicences(ctx, p.Root, licencesFolder, built)
	if err != nil {
		return nil, err
	}
	image, err := imageOf(p, built, found)
	if err != nil {
		return nil, err
	}
	digest, err := image.Digest()
	if err != nil {
		return nil, err
	}
	if err := writeImage(filepath.Join(folder, archiveOf(built.Architecture)), p, image); err != nil {
		return nil, err
	}
	return image, writeBillOfMaterials(filepath.Join(folder, billOf(built.Architecture)), p, built, found, digest.String())
}
