// SPDX-License-Identifier: Apache-2.0

package published

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestScratchMod(t *testing.T) {
	var of GoMod
	require.NoError(t, json.Unmarshal([]byte(`{"Go": "1.26.0", "Replace": [
		{"Old": {"Path": "example.com/push"}, "New": {"Path": "./push"}},
		{"Old": {"Path": "example.com/a", "Version": "v1.0.0"}, "New": {"Path": "example.com/b", "Version": "v2.0.0"}}]}`), &of))
	s := Source{Name: "Loki", Module: "example.com/loki/v3", Version: "v3.7.8", Commands: []string{"cmd/loki", "cmd/logcli"}}
	assert.Equal(t, `module loki

go 1.26.0

require example.com/loki/v3 v3.7.8

tool example.com/loki/v3/cmd/loki
tool example.com/loki/v3/cmd/logcli
replace example.com/a v1.0.0 => example.com/b v2.0.0
`, s.scratchMod(of))
}

// A command that is missing is built, and what is there is not: this one can't be.
func TestBuild(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	s := Source{Name: "Stringer", Module: "golang.org/x/tools", Version: "v0.0.0", Commands: []string{"cmd/stringer"}}
	_, err := Build(t.Context(), s)
	require.ErrorContains(t, err, "build Stringer v0.0.0 (remove ")
	s.Version = "v0.40.0"
	bin, err := Build(t.Context(), s)
	require.NoError(t, err)
	assert.FileExists(t, bin+"/stringer")
	again, err := Build(t.Context(), s)
	require.NoError(t, err)
	assert.Equal(t, bin, again)
}
