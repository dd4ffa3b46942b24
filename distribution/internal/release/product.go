// SPDX-License-Identifier: Apache-2.0

package release

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"
)

const (
	// ModulePath is the path of our own module.
	ModulePath = "github.com/meerkat-otel/meerkat"
	// ProgramName is the program's file wherever it is installed.
	ProgramName = "otelcol-meerkat"
	// Licences are those of what is ours: the kernel's own helpers can only be used under GPL-2.0.
	Licences = "Apache-2.0 AND (GPL-2.0-only OR BSD-2-Clause)"
	// EpochVariable is understood by most builders: https://reproducible-builds.org/specs/source-date-epoch/
	EpochVariable = "SOURCE_DATE_EPOCH"
)

// Product is what something is made of, apart from the programs.
type Product struct {
	// Root is the folder of the repository.
	Root string
	// Version is the distribution's, and Revision the commit, with -modified behind it where files differ from it.
	Version, Revision string
	// Created is the time of the commit, or what the environment says. Every time in what is made is this one.
	Created time.Time
}

// Describe finds out what is to be made of a repository.
func Describe(ctx context.Context, root string) (Product, error) {
	version, err := VersionOf(root)
	if err != nil {
		return Product{}, err
	}
	p := Product{Root: root, Version: version}
	if p.Revision, err = revisionOf(ctx, root); err != nil {
		return Product{}, err
	}
	p.Created, err = createdAt(ctx, root, os.Getenv(EpochVariable))
	return p, err
}

// VersionOf is the distribution's, as the builder's manifest has it.
func VersionOf(root string) (string, error) {
	const manifestFile = "builder-config.yaml"
	text, err := os.ReadFile(filepath.Join(root, manifestFile))
	if err != nil {
		return "", err
	}
	var manifest struct {
		Dist struct {
			Version string `yaml:"version"`
		} `yaml:"dist"`
	}
	if err := yaml.Unmarshal(text, &manifest); err != nil {
		return "", fmt.Errorf("%s: %w", manifestFile, err)
	}
	if manifest.Dist.Version == "" {
		return "", errors.New(manifestFile + ": dist.version is missing")
	}
	return manifest.Dist.Version, nil
}

func revisionOf(ctx context.Context, root string) (string, error) {
	revision, err := git(ctx, root, "rev-parse", "HEAD")
	if err != nil {
		return "", err
	}
	changes, err := git(ctx, root, "status", "--porcelain")
	if err != nil {
		return "", err
	}
	if changes != "" {
		revision += "-modified"
	}
	return revision, nil
}

// createdAt is the time of the commit in a folder, unless an epoch in seconds is given.
func createdAt(ctx context.Context, root, epoch string) (time.Time, error) {
	from := EpochVariable
	if epoch == "" {
		from = "git show"
		var err error
		if epoch, err = git(ctx, root, "show", "--no-patch", "--format=%ct", "HEAD"); err != nil {
			return time.Time{}, err
		}
	}
	seconds, err := strconv.ParseInt(epoch, 10, 64)
	if err != nil || seconds < 0 {
		return time.Time{}, fmt.Errorf("%s says %q: write the seconds since 1970", from, epoch)
	}
	return time.Unix(seconds, 0).UTC(), nil
}
