// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

const (
	modulePath = "github.com/meerkat-otel/meerkat"
	// programName is the program's file in the image.
	programName = "otelcol-meerkat"
	// licences are those of what is ours: the kernel's own helpers can only be used under GPL-2.0.
	licences = "Apache-2.0 AND (GPL-2.0-only OR BSD-2-Clause)"
	// epochVariable is understood by most builders: https://reproducible-builds.org/specs/source-date-epoch/
	epochVariable = "SOURCE_DATE_EPOCH"
)

// product is what an image is made of and called, apart from the programs.
type product struct {
	// root is the folder of the repository.
	root string
	// name is the image's with its tag, version the distribution's, and revision the commit, with -modified behind it
	// where files differ from it.
	name, version, revision string
	// created is the time of the commit, or what the environment says. Every time in the image is this one.
	created time.Time
	// compression is a level of package gzip. The best takes a minute with the race detector.
	compression int
}

// describe finds out what is to be made of a repository.
func describe(ctx context.Context, root, name string) (product, error) {
	version, err := versionOf(root)
	if err != nil {
		return product{}, err
	}
	p := product{root: root, name: cmp.Or(name, defaultName(version)), version: version, compression: gzip.BestCompression}
	if p.revision, err = revisionOf(ctx, root); err != nil {
		return product{}, err
	}
	p.created, err = createdAt(ctx, root, os.Getenv(epochVariable))
	return p, err
}

// defaultName belongs to no registry.
func defaultName(version string) string { return "localhost/meerkat:" + version }

// versionOf is the distribution's, as the builder's manifest has it.
func versionOf(root string) (string, error) {
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
	from := epochVariable
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

func git(ctx context.Context, root string, arguments ...string) (string, error) {
	printed, err := output(ctx, root, nil, "git", arguments...)
	return strings.TrimSpace(string(printed)), err
}

// output runs a program and returns what it prints. An error has what it complains about.
func output(ctx context.Context, folder string, environment []string, name string, arguments ...string) ([]byte, error) {
	c := exec.CommandContext(ctx, name, arguments...)
	c.Dir, c.Env = folder, append(os.Environ(), environment...)
	var complaints bytes.Buffer
	c.Stderr = &complaints
	printed, err := c.Output()
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w\n%s", name, arguments[0], err, complaints.String())
	}
	return printed, nil
}

// copyRepository copies the files that git knows or would add, as they are.
func copyRepository(ctx context.Context, from, to string) error {
	list, err := git(ctx, from, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	if err != nil {
		return err
	}
	for name := range strings.SplitSeq(strings.Trim(list, "\x00"), "\x00") {
		info, err := os.Lstat(filepath.Join(from, name))
		if errors.Is(err, os.ErrNotExist) {
			continue // It is deleted, and not committed yet.
		}
		if err != nil {
			return err
		}
		content, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(filepath.Join(to, name)), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(to, name), content, info.Mode().Perm()); err != nil {
			return err
		}
	}
	return nil
}
