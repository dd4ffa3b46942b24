// SPDX-License-Identifier: Apache-2.0

package repotest

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// goMod is what these tests need of a go.mod.
type goMod struct {
	Require []requirement
	Replace []any
}

type requirement struct {
	Path, Version string
	Indirect      bool
}

func readGoMod(t *testing.T, folder string) goMod {
	t.Helper()
	var m goMod
	printed := run(t, filepath.Join(root, folder), "go", "mod", "edit", "-json")
	require.NoError(t, json.Unmarshal([]byte(printed), &m))
	require.NotEmpty(t, m.Require)
	return m
}

func (m goMod) versions() map[string]string {
	versions := map[string]string{}
	for _, r := range m.Require {
		versions[r.Path] = r.Version
	}
	return versions
}

// provider returns the module that an imported package comes from, "" for the standard library and for
// our own.
func (m goMod) provider(imported string) string {
	longest := ""
	for _, r := range m.Require {
		if below(r.Path, imported) && len(r.Path) > len(longest) {
			longest = r.Path
		}
	}
	return longest
}

// wrongComments compares the comments "// indirect" with what is imported.
func (m goMod) wrongComments(imports []string) []string {
	direct := map[string]string{}
	for _, imported := range imports {
		direct[m.provider(imported)] = imported
	}
	var wrong []string
	for _, r := range m.Require {
		imported, isDirect := direct[r.Path]
		switch {
		case isDirect && r.Indirect:
			wrong = append(wrong, fmt.Sprintf("%s is imported (%s): take away its comment // indirect", r.Path, imported))
		case !isDirect && !r.Indirect:
			wrong = append(wrong, fmt.Sprintf("%s is not imported: write // indirect behind it, or remove it if go mod why -m knows no reason", r.Path))
		}
	}
	return wrong
}

// A replace line holds here alone: whoever takes a component of ours gets another module.
func TestGoMod_replacesNothing(t *testing.T) {
	assert.Empty(t, readGoMod(t, ".").Replace, "go.mod must not have replace lines: they don't hold for who imports us")
	assert.Empty(t, readGoMod(t, "internal/tools").Replace)
	assert.Empty(t, readGoMod(t, "internal/tools/containerd").Replace)
}

func TestGoMod_tellsWhatIsDirect(t *testing.T) {
	imports := map[string]bool{}
	for _, f := range goFiles(t) {
		for _, imported := range importsOf(t, f) {
			imports[imported] = true
		}
	}
	for _, wrong := range readGoMod(t, ".").wrongComments(slices.Sorted(maps.Keys(imports))) {
		t.Errorf("go.mod: %s", wrong)
	}
}

func TestGoMod_findsWrongComments(t *testing.T) {
	m := goMod{Require: []requirement{
		{Path: "a.org/x", Indirect: true}, {Path: "a.org/x/deeper"}, {Path: "a.org/y"}, {Path: "a.org/z", Indirect: true},
	}}
	wrong := strings.Join(m.wrongComments([]string{"fmt", "a.org/x/package", "a.org/x/deeper/package"}), "\n")
	assert.Contains(t, wrong, "a.org/x is imported (a.org/x/package)")
	assert.Contains(t, wrong, "a.org/y is not imported")
	assert.NotContains(t, wrong, "deeper is")
	assert.NotContains(t, wrong, "a.org/z")
}

// The tools are versions of what we link: the generator of BPF types belongs to the library, and the
// builder to the Collector.
func TestGoMod_toolsFit(t *testing.T) {
	product, tools := readGoMod(t, ".").versions(), readGoMod(t, "internal/tools").versions()
	assert.Equal(t, product[ebpf], tools[ebpf], "internal/tools/go.mod: bpf2go comes from the module of the library")
	assert.Equal(t, product["go.opentelemetry.io/collector/otelcol"], tools["go.opentelemetry.io/collector/cmd/builder"],
		"internal/tools/go.mod: the builder has the version of the Collector")
}
