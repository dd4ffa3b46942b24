// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// write makes a file and the folders above it.
func write(t *testing.T, path, text string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
}

func TestLicences_ofOthersInAModule(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{
		"LICENSE", "NOTICE.txt", "third_party/forked/COPYING", // taken
		"license.go", ".github/LICENSE", "vendor/a/LICENSE", "testdata/LICENSE", "licensed.txt", "internal/README.md", // not
	} {
		write(t, filepath.Join(folder, name), "text of "+name)
	}
	set := licenceSet{names: map[string][]string{}}
	require.NoError(t, set.addModule("a.org/x", folder, "/licenses/a.org/x@v1"))
	var names []string
	for _, file := range set.files {
		names = append(names, file.name)
		assert.NotEmpty(t, file.content)
	}
	assert.Equal(t, []string{"/licenses/a.org/x@v1/LICENSE", "/licenses/a.org/x@v1/NOTICE.txt", "/licenses/a.org/x@v1/third_party/forked/COPYING"}, names)
	assert.Empty(t, set.names["a.org/x"], "no known words")
}

func TestLicences_moduleWithout(t *testing.T) {
	folder := t.TempDir()
	write(t, filepath.Join(folder, "third_party/LICENSE"), "of somebody else")
	set := licenceSet{names: map[string][]string{}}
	err := set.addModule("a.org/x", folder, "/licenses/a.org/x@v1")
	assert.EqualError(t, err, "a.org/x has no file with its licence in "+folder+": it can't be passed on without; use another module, or another version")
}

func TestBillOfMaterials(t *testing.T) {
	built := buildSmall(t, t.TempDir())[0]
	known, err := collectLicences(t.Context(), root, built)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), billOf("amd64"))
	require.NoError(t, writeBillOfMaterials(path, exampleProduct(), built, known, "sha256:00"))
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	var bom cyclonedx.BOM
	require.NoError(t, cyclonedx.NewBOMDecoder(file, cyclonedx.BOMFileFormatJSON).Decode(&bom))
	assert.Equal(t, cyclonedx.SpecVersion1_6, bom.SpecVersion)
	assert.Equal(t, "2023-11-14T22:13:20Z", bom.Metadata.Timestamp)
	require.Len(t, *bom.Components, 2)
	standard, module := (*bom.Components)[0], (*bom.Components)[1]
	assert.Equal(t, "std", standard.Name)
	assert.Equal(t, "BSD-3-Clause", (*standard.Licenses)[0].License.ID)
	assert.Equal(t, "pkg:golang/github.com/cespare/xxhash/v2@v2.3.0", module.PackageURL)
	assert.Equal(t, "MIT", (*module.Licenses)[0].License.ID)
	// h1:UL815xU9SqsFlibzuggzjXhog7bL6oX9BbNZnL2UFvs= in go.sum.
	assert.Equal(t, "50bf35e7153d4aab059626f3ba08338d786883b6cbea85fd05b3599cbd9416fb", (*module.Hashes)[0].Value)
}
