// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/meerkat-otel/meerkat/distribution/internal/release"
)

// formats are the kinds of packages, as nfpm calls them.
var formats = []string{"deb", "rpm", "apk"}

const (
	// sourceFolder is where the list of what is in the packages is, in the repository.
	sourceFolder = "distribution/packages"
	// copyrightFile is where Debian's policy wants it, and everybody looks.
	copyrightFile = "copyright"
	licenceFolder = "licenses"
)

// assemble makes the packages of programs, in a folder whose former content goes. It returns the check sums.
func assemble(ctx context.Context, p release.Product, programs []release.Program, folder string) (string, error) {
	if err := os.RemoveAll(folder); err != nil {
		return "", err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	stage, err := os.MkdirTemp(folder, ".stage-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(stage)
	var files []string
	for _, built := range programs {
		place := filepath.Join(stage, built.Architecture)
		if err := writeDocuments(ctx, p, built, place); err != nil {
			return "", err
		}
		for _, format := range formats {
			name, err := pack(ctx, p, built, format, place, folder)
			if err != nil {
				return "", err
			}
			files = append(files, name)
		}
	}
	return release.WriteSums(folder, files)
}

// nameOf is how the tools of a distribution call a package.
func nameOf(format, version, architecture string) string {
	others := map[string]string{"amd64": "x86_64", "arm64": "aarch64"}
	switch format {
	case "deb":
		return fmt.Sprintf("meerkat_%s-1_%s.deb", version, architecture)
	case "rpm":
		return fmt.Sprintf("meerkat-%s-1.%s.rpm", version, others[architecture])
	default:
		return fmt.Sprintf("meerkat-%s-r1.%s.apk", version, others[architecture])
	}
}

// pack makes one package, and returns its name.
func pack(ctx context.Context, p release.Product, built release.Program, format, documents, folder string) (string, error) {
	program, err := filepath.Abs(built.Path)
	if err != nil {
		return "", err
	}
	name := nameOf(format, p.Version, built.Architecture)
	target, err := filepath.Abs(filepath.Join(folder, name))
	if err != nil {
		return "", err
	}
	if documents, err = filepath.Abs(documents); err != nil {
		return "", err
	}
	stage, err := os.MkdirTemp("", "meerkat-packages-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(stage)
	// An .apk has the times of its scripts' files.
	if err := os.CopyFS(filepath.Join(stage, sourceFolder), os.DirFS(filepath.Join(p.Root, sourceFolder))); err != nil {
		return "", err
	}
	if err := settle(stage, p); err != nil {
		return "", err
	}
	// Go keeps the program in its cache.
	nfpm, err := release.Output(ctx, p.Root, nil, "go", "tool", "-modfile=internal/tools/nfpm.mod", "-n", "nfpm")
	if err != nil {
		return "", err
	}
	environment := []string{
		"ARCHITECTURE=" + built.Architecture, "VERSION=" + p.Version, "LICENCES=" + release.Licences,
		"PROGRAM=" + program, "DOCUMENTS=" + documents,
		release.EpochVariable + "=" + strconv.FormatInt(p.Created.Unix(), 10),
	}
	_, err = release.Output(ctx, stage, environment, strings.TrimSpace(string(nfpm)), "package",
		"--config", sourceFolder+"/nfpm.yaml", "--packager", format, "--target", target)
	if err != nil {
		return "", fmt.Errorf("make the .%s for %s: %w", format, built.Architecture, err)
	}
	return name, nil
}

// writeDocuments writes what goes below /usr/share/doc.
func writeDocuments(ctx context.Context, p release.Product, built release.Program, folder string) error {
	licences, err := release.CollectLicences(ctx, p.Root, "/"+licenceFolder, built)
	if err != nil {
		return err
	}
	files := append([]release.File{{Path: "/" + copyrightFile, Content: []byte(copyright(p, licences))}}, licences.Files...)
	for _, file := range files {
		place := filepath.Join(folder, filepath.FromSlash(file.Path))
		if err := os.MkdirAll(filepath.Dir(place), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(place, file.Content, 0o644); err != nil {
			return err
		}
	}
	return settle(folder, p)
}

// settle gives everything below a folder the one time and the permissions that do not depend on who makes it.
func settle(folder string, p release.Product) error {
	return filepath.WalkDir(folder, func(place string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		mode := os.FileMode(0o644)
		if entry.IsDir() {
			mode = 0o755
		}
		return errors.Join(os.Chmod(place, mode), os.Chtimes(place, p.Created, p.Created))
	})
}

// copyright is in the form of https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/ for what is ours, and says where
// the rest is.
func copyright(p release.Product, licences release.LicenceSet) string {
	var text strings.Builder
	fmt.Fprintf(&text, `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: Meerkat
Source: https://%s
Comment: Made of commit %s. The program is linked from modules of others;
 the licence of each is in /usr/share/doc/meerkat/%s:
`, release.ModulePath, p.Revision, licenceFolder)
	for _, file := range licences.Files {
		fmt.Fprintf(&text, " %s\n", strings.TrimPrefix(file.Path, "/"+licenceFolder+"/"))
	}
	own := path.Join(licenceFolder, release.ModulePath)
	fmt.Fprintf(&text, `
Files: *
Copyright: The Meerkat Authors
License: Apache-2.0
 The text is in /usr/share/doc/meerkat/%[1]s/LICENSE.

Files: bpf/*
Copyright: The Meerkat Authors
License: GPL-2.0-only or BSD-2-Clause
 The texts are in /usr/share/doc/meerkat/%[1]s/bpf/LICENSES.
`, own)
	return text.String()
}
