// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestModulesWithoutBTF(t *testing.T) {
	types := t.TempDir()
	for _, name := range []string{"vmlinux", "veth"} {
		require.NoError(t, os.WriteFile(filepath.Join(types, name), nil, 0o600))
	}
	list := filepath.Join(t.TempDir(), "modules")
	require.NoError(t, os.WriteFile(list, []byte("veth 45056 0 - Live 0x0000000000000000\n"+
		"overlay 217088 2 - Live 0x0000000000000000\nnvidia 60358656 1 nvidia_modeset, Live 0x0000000000000000 (POE)\n"), 0o600))
	assert.Equal(t, []string{"overlay", "nvidia"}, modulesWithoutBTF(list, types))
	assert.Empty(t, modulesWithoutBTF(filepath.Join(types, "missing"), types), "a kernel without modules has no list")
}
