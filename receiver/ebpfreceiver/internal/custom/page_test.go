// SPDX-License-Identifier: Apache-2.0

package custom

import (
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var pageKind = regexp.MustCompile("(?m)^\\| `(\\w+)` \\| [^|]+ \\| (yes|no)[ :]")

// The guide has every kind of program, and says which are allowed by default.
func TestKinds_documented(t *testing.T) {
	page, err := os.ReadFile("../../../../docs/custom-tracers.md")
	require.NoError(t, err)
	documented, want := map[string]string{}, map[string]string{}
	for _, match := range pageKind.FindAllStringSubmatch(string(page), -1) {
		documented[match[1]] = match[2]
	}
	for _, k := range kinds() {
		want[k.name] = map[bool]string{true: "yes", false: "no"}[k.risk == ""]
	}
	assert.Equal(t, want, documented)
}
