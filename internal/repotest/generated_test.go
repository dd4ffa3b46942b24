// SPDX-License-Identifier: Apache-2.0

package repotest

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// update makes TestGenerated_telemetry write what it would compare.
var update = flag.Bool("update", false, "renew docs/telemetry.md")

// compiler is the one that the objects in the repository were made with.
const compiler = "clang-19"

func TestGenerated_telemetry(t *testing.T) {
	name := filepath.Join(root, "docs/telemetry.md")
	if *update {
		require.NoError(t, os.WriteFile(name, []byte(telemetryPage()), 0o644))
	}
	content, err := os.ReadFile(name)
	require.NoError(t, err)
	assert.Equal(t, telemetryPage(), string(content), "docs/telemetry.md is not what internal/names describes: make generate")
}

func TestGenerated_distribution(t *testing.T) {
	fresh := t.TempDir()
	generateDistribution(t, fresh)
	want, err := os.ReadDir(fresh)
	require.NoError(t, err)
	for _, entry := range want {
		compareFiles(t, filepath.Join("distribution", entry.Name()), filepath.Join(fresh, entry.Name()))
	}
	for _, f := range files(t) {
		// Whatever is written by hand belongs to a component.
		if f.folder() == "distribution" {
			assert.FileExists(t, filepath.Join(fresh, filepath.Base(f.name)), "%s does not come from the builder: its place is elsewhere", f.name)
		}
	}
}

// The objects are compiled in a folder elsewhere, so they can't depend on where the repository lies.
func TestGenerated_objects(t *testing.T) {
	if _, err := exec.LookPath(compiler); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("%s is missing: make test installs it", compiler)
		}
		t.Skipf("%s is missing: make test installs it", compiler)
	}
	tree := copyTree(t)
	made := slices.DeleteFunc(files(t), func(f file) bool { return !f.has("_bpfel.o", "_bpfel.go", "_bpfeb.o", "_bpfeb.go") })
	for _, f := range made {
		require.NoError(t, os.Remove(filepath.Join(tree, f.name)))
	}
	run(t, tree, "go", "generate", "./bpf/...")
	tracers, err := filepath.Glob(filepath.Join(root, "bpf/*/*.bpf.c"))
	require.NoError(t, err)
	assert.Len(t, made, 4*len(tracers), "each tracer has an object and a Go file for each of two processors")
	for _, f := range made {
		compareFiles(t, f.name, filepath.Join(tree, f.name))
	}
}

// compareFiles compares a file of the repository with a fresh one.
func compareFiles(t *testing.T, name, fresh string) {
	t.Helper()
	want, err := os.ReadFile(fresh)
	require.NoError(t, err)
	got, err := os.ReadFile(filepath.Join(root, name))
	require.NoError(t, err)
	assert.True(t, bytes.Equal(want, got), "%s is not what its source makes: make generate", name)
}
