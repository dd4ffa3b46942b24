// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

const (
	// archiveFile has the images for all processors.
	archiveFile = "meerkat.oci.tar"
	sumsFile    = "SHA256SUMS"
)

// archiveOf is the file with the image for one processor, and billOf the list of what is in it.
func archiveOf(architecture string) string { return "meerkat-linux-" + architecture + ".tar" }
func billOf(architecture string) string    { return "meerkat-linux-" + architecture + ".cdx.json" }

// assemble makes everything of programs, in a folder whose former content goes. It returns the check sums, one line for
// each file, as sha256sum prints them.
func assemble(ctx context.Context, p product, programs []program, folder string) (string, error) {
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
		files = append(files, archiveOf(built.architecture), billOf(built.architecture))
	}
	index, err := indexOf(p, images)
	if err != nil {
		return "", err
	}
	if err := writeIndex(filepath.Join(folder, archiveFile), p, index); err != nil {
		return "", err
	}
	sums, err := sumsOf(folder, files)
	if err != nil {
		return "", err
	}
	return sums, os.WriteFile(filepath.Join(folder, sumsFile), []byte(sums), 0o644)
}

func assembleOne(ctx context.Context, p product, built program, folder string) (v1.Image, error) {
	found, err := collectLicences(ctx, p.root, built)
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
	if err := writeImage(filepath.Join(folder, archiveOf(built.architecture)), p, image); err != nil {
		return nil, err
	}
	return image, writeBillOfMaterials(filepath.Join(folder, billOf(built.architecture)), p, built, found, digest.String())
}

func sumsOf(folder string, files []string) (string, error) {
	var sums strings.Builder
	for _, name := range files {
		content, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(content), name)
	}
	return sums.String(), nil
}
