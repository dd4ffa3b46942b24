// SPDX-License-Identifier: Apache-2.0

package repotest

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

const manifestName = "builder-config.yaml"

// manifest is what the builder reads.
type manifest struct {
	Dist struct {
		Module     string `yaml:"module"`
		Name       string `yaml:"name"`
		Version    string `yaml:"version"`
		OutputPath string `yaml:"output_path"`
		BuildTags  string `yaml:"build_tags"`
		CgoEnabled bool   `yaml:"cgo_enabled"`
	} `yaml:"dist"`
	// Entries are the lists of modules: receivers, providers and so on.
	Entries map[string][]manifestEntry `yaml:",inline"`
}

type manifestEntry struct {
	GoMod  string `yaml:"gomod"`
	Import string `yaml:"import"`
	Path   string `yaml:"path"`
}

func (e manifestEntry) module() (path, version string) {
	path, version, _ = strings.Cut(e.GoMod, " ")
	return path, version
}

func parseManifest(t *testing.T, text []byte) manifest {
	t.Helper()
	var m manifest
	require.NoError(t, yaml.Unmarshal(text, &m))
	return m
}

func readManifest(t *testing.T) manifest {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, manifestName))
	require.NoError(t, err)
	m := parseManifest(t, text)
	require.NotEmpty(t, m.Entries["receivers"])
	return m
}

// wrongEntries compares the entries with go.mod, and ours with the version of the distribution.
func (m manifest) wrongEntries(versions map[string]string) []string {
	var wrong []string
	for list, entries := range m.Entries {
		for _, entry := range entries {
			path, version := entry.module()
			known, ok := versions[path]
			switch {
			case path == module && (version != "v"+m.Dist.Version || entry.Path != "."):
				wrong = append(wrong, fmt.Sprintf("%s: %s is ours: it has version v%s and path .", list, entry.Import, m.Dist.Version))
			case path == module:
			case !ok:
				wrong = append(wrong, fmt.Sprintf("%s: %s is not in go.mod: go get %s@%s", list, path, path, version))
			case known != version:
				wrong = append(wrong, fmt.Sprintf("%s: %s has version %s, and %s in go.mod: make them equal", list, path, version, known))
			}
		}
	}
	return wrong
}

func TestManifest_equalsGoMod(t *testing.T) {
	for _, wrong := range readManifest(t).wrongEntries(readGoMod(t, ".").versions()) {
		t.Errorf("%s: %s", manifestName, wrong)
	}
}

func TestManifest_findsOtherVersions(t *testing.T) {
	m := parseManifest(t, []byte(`
dist: {version: 0.1.0}
receivers: [{gomod: a.org/x v1.0.0}, {gomod: a.org/y v1.0.0}]
exporters: [{gomod: a.org/z v1.0.0}, {gomod: `+module+` v0.2.0, import: `+module+`/exporter/x, path: .}]
`))
	wrong := strings.Join(m.wrongEntries(map[string]string{"a.org/x": "v1.0.0", "a.org/y": "v1.1.0"}), "\n")
	assert.NotContains(t, wrong, "a.org/x")
	assert.Contains(t, wrong, "receivers: a.org/y has version v1.0.0, and v1.1.0 in go.mod")
	assert.Contains(t, wrong, "exporters: a.org/z is not in go.mod")
	assert.Contains(t, wrong, "exporters: "+module+"/exporter/x is ours")
}

// optional are components of ours that are of no use without one that is not in the binary, and the script that builds one with both.
func optional() map[string]string {
	return map[string]string{"extension/workloadpartitionerextension": "examples/kafka/build.sh"}
}

// Every component of ours is in the binary, but those that are optional.
func TestManifest_hasOurComponents(t *testing.T) {
	listed := map[string]bool{}
	for _, entries := range readManifest(t).Entries {
		for _, entry := range entries {
			listed[strings.TrimPrefix(entry.Import, module+"/")] = true
		}
	}
	component := regexp.MustCompile(`^(receiver|processor|exporter|extension)/[^/]+/factory\.go$`)
	for _, f := range goFiles(t) {
		if _, without := optional()[f.folder()]; component.MatchString(f.name) && !listed[f.folder()] && !without {
			t.Errorf("%s: %s is missing", manifestName, f.folder())
		}
	}
	for folder, script := range optional() {
		content, err := os.ReadFile(filepath.Join(root, script))
		require.NoError(t, err)
		assert.Contains(t, string(content), "import: "+module+"/"+folder)
	}
}

// The builder and the Makefile have to build the same.
func TestManifest_buildsAsTheMakefileDoes(t *testing.T) {
	m := readManifest(t)
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	require.NoError(t, err)
	// -trimpath and -s -w are what the builder adds by itself.
	assert.Contains(t, string(makefile), fmt.Sprintf("BUILD_FLAGS := -trimpath -tags %s -ldflags \"-s -w\"\n", m.Dist.BuildTags))
	assert.Contains(t, string(makefile), "BINARY := bin/"+m.Dist.Name+"\n")
	assert.False(t, m.Dist.CgoEnabled, "%s: the binary is static", manifestName)

	// What lies in a folder of ours with that name would be the same package, and Go refuses both.
	folder, isBelow := strings.CutPrefix(m.Dist.Module, module+"/")
	if isBelow && folder != filepath.Base(m.Dist.OutputPath) {
		assert.NoFileExists(t, filepath.Join(root, folder, "main.go"), "%s: dist.module is a package of this module already", manifestName)
	}
	ignored := ignoredByGit(t)
	assert.True(t, ignored(filepath.Base(m.Dist.OutputPath), true), ".gitignore: what the builder writes has to be ignored")
}
