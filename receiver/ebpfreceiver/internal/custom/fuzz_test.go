// SPDX-License-Identifier: Apache-2.0

//go:build linux

package custom

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Whatever the bytes are, there is an answer, and an object that is taken keeps to the limits.
func FuzzInspect(f *testing.F) {
	objects, err := filepath.Glob("testdata/*.bpf.o")
	require.NoError(f, err)
	require.NotEmpty(f, objects)
	for _, name := range objects {
		content, err := os.ReadFile(name)
		require.NoError(f, err)
		f.Add(content)
	}
	limits := wide()
	limits.Processors = 64
	f.Fuzz(func(t *testing.T, content []byte) {
		b, err := Inspect(content, observing(), limits)
		if err != nil {
			return
		}
		assert.LessOrEqual(t, len(b.spec.Programs), limits.Programs)
		assert.LessOrEqual(t, b.MapBytes(), limits.MapBytes)
		assert.NotEmpty(t, b.Licence())
	})
}
