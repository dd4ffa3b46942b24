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

	"github.com/meerkat-otel/meerkat/distribution/internal/release"
	"github.com/meerkat-otel/meerkat/distribution/internal/release/releasetest"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

func TestBillOfMaterials(t *testing.T) {
	built := releasetest.BuildSmall(t, root, t.TempDir())[0]
	known, err := release.CollectLicences(t.Context(), root, licencesFolder, built)
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
