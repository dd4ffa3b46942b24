// SPDX-License-Identifier: Apache-2.0

//go:build linux

package cluster

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/test/published"
)

func TestScratchMod(t *testing.T) {
	var of published.GoMod
	require.NoError(t, json.Unmarshal([]byte(`{"Go": "1.26.0", "Replace": [
		{"Old": {"Path": "k8s.io/api"}, "New": {"Path": "./staging/src/k8s.io/api"}},
		{"Old": {"Path": "example.com/a"}, "New": {"Path": "example.com/b"}}]}`), &of))
	assert.Equal(t, "module kubernetes\n\ngo 1.26.0\n\nrequire k8s.io/kubernetes v1.37.2\n\nreplace k8s.io/api => k8s.io/api v0.37.2\n", scratchMod(of))
}

func TestProgram_hasAllComponents(t *testing.T) {
	for _, name := range components() {
		assert.Contains(t, string(program), `"`+name+`":`)
	}
}
