// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDescribe_name(t *testing.T) {
	p, err := describe(t.Context(), root, "registry.example/meerkat:x")
	require.NoError(t, err)
	assert.Equal(t, "registry.example/meerkat:x", p.name)
	p, err = describe(t.Context(), root, "")
	require.NoError(t, err)
	assert.Equal(t, "localhost/meerkat:"+p.Version, p.name)
}
