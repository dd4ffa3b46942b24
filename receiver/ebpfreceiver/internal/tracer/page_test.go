// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What people are told about privileges is what tracers say of themselves.
func TestSpecs_securityPage(t *testing.T) {
	content, err := os.ReadFile("../../../../docs/security.md")
	require.NoError(t, err)
	var table strings.Builder
	for _, spec := range Specs() {
		var needs []string
		for _, privilege := range spec.Privileges {
			needs = append(needs, "`"+privilege.Capability+"`")
		}
		fmt.Fprintf(&table, "| `%s` | %s | %s |\n", spec.Name, strings.Join(needs, ", "), spec.Brief)
	}
	assert.Contains(t, string(content), table.String(), "the table of docs/security.md has to be:\n%s", &table)
}
