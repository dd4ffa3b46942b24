// SPDX-License-Identifier: Apache-2.0

package repotest

import (
	"bytes"
	"debug/elf"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/cilium/ebpf/btf"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// update makes TestGenerated_telemetry and TestGenerated_configuration write what they would compare.
var update = flag.Bool("update", false, "renew docs/telemetry.md and docs/configuration-reference.md")

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
	made := slices.DeleteFunc(files(t), func(f file) bool { return !f.has(".o", "_bpfel.go", "_bpfeb.go") })
	for _, f := range made {
		require.NoError(t, os.Remove(filepath.Join(tree, f.name)))
	}
	run(t, tree, "go", "generate", "./bpf/...", "./receiver/...", "./test/examples")
	tracers, err := filepath.Glob(filepath.Join(root, "bpf/*/*.bpf.c"))
	require.NoError(t, err)
	ofTracers := slices.DeleteFunc(slices.Clone(made), func(f file) bool { return !below("bpf/*", f.folder()) })
	assert.Len(t, ofTracers, 4*len(tracers), "each tracer has an object and a Go file for each of two processors")
	for _, f := range made {
		if f.has(".o") {
			compareObjects(t, f.name, filepath.Join(tree, f.name))
		} else {
			compareFiles(t, f.name, filepath.Join(tree, f.name))
		}
	}
}

// typeSection is the one part of an object whose bytes are no function of the source: the compiler orders
// types that are only declared by where they happen to lie in its memory.
const typeSection = ".BTF"

// compareObjects compares an object of the repository with a fresh one: all sections, and of the type
// information which types there are.
func compareObjects(t *testing.T, name, fresh string) {
	t.Helper()
	got, gotTypes := sectionsOf(t, filepath.Join(root, name))
	want, wantTypes := sectionsOf(t, fresh)
	same := len(got) == len(want)
	for section, content := range want {
		if section == typeSection {
			same = same && len(content) == len(got[section])
		} else {
			same = same && bytes.Equal(content, got[section])
		}
	}
	assert.True(t, same && slices.Equal(wantTypes, gotTypes), "%s is not what its source makes: make generate", name)
}

// sectionsOf returns the contents of an object's sections, and descriptions of its types in order.
func sectionsOf(t *testing.T, path string) (sections map[string][]byte, types []string) {
	t.Helper()
	object, err := elf.Open(path)
	require.NoError(t, err)
	defer object.Close()
	sections = map[string][]byte{}
	for _, section := range object.Sections {
		if section.Type == elf.SHT_NOBITS {
			// Variables that begin as zero are not in the file.
			sections[section.Name] = fmt.Append(nil, section.Size)
			continue
		}
		content, err := section.Data()
		require.NoError(t, err)
		sections[section.Name] = content
	}
	spec, err := btf.LoadSpec(path)
	require.NoError(t, err)
	for described, err := range spec.All() {
		require.NoError(t, err)
		types = append(types, fmt.Sprint(described))
	}
	slices.Sort(types)
	require.NotEmpty(t, types)
	return sections, types
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
