// SPDX-License-Identifier: Apache-2.0

package apiobject

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func testConverter(t testing.TB, settings Settings) *Converter {
	t.Helper()
	c, err := NewConverter(settings)
	require.NoError(t, err)
	return c
}

// readPod decodes a pod of testdata.
func readPod(t testing.TB, file string) *Pod {
	t.Helper()
	data, err := os.ReadFile("testdata/" + file)
	require.NoError(t, err)
	object, err := NewDecoder().Decode(data)
	require.NoError(t, err)
	return object.(*Pod)
}
