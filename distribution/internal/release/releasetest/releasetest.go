// SPDX-License-Identifier: Apache-2.0

// Package releasetest has what tests make images and packages of, since the collector takes minutes to build.
//
// It is for tests only, and never makes an image or a package.
package releasetest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/distribution/internal/release"
)

// Product is as if it were made of a commit of the repository in root.
func Product(root string) release.Product {
	return release.Product{Root: root, Version: "9.8.7", Revision: strings.Repeat("ab", 20), Created: time.Unix(1_700_000_000, 0).UTC()}
}

// BuildSmall builds a small program for each processor, in a folder.
func BuildSmall(t *testing.T, root, folder string) []release.Program {
	t.Helper()
	var all []release.Program
	for _, architecture := range release.Architectures() {
		path := filepath.Join(folder, architecture)
		command := exec.Command("go", "build", "-trimpath", "-o", path, filepath.Join(root, "distribution/internal/release/testdata/small"))
		command.Env = append(os.Environ(), "GOOS=linux", "CGO_ENABLED=0", "GOARCH="+architecture)
		printed, err := command.CombinedOutput()
		require.NoError(t, err, string(printed))
		built, err := release.Open(t.Context(), root, path)
		require.NoError(t, err)
		require.Equal(t, architecture, built.Architecture)
		all = append(all, built)
	}
	return all
}
