// SPDX-License-Identifier: Apache-2.0

package emit_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/emit"
)

// In a pod the kernel has the pod's name.
func TestThisHost_node(t *testing.T) {
	kernel, err := os.Hostname()
	require.NoError(t, err)
	t.Setenv("K8S_NODE_NAME", "")
	assert.Equal(t, kernel, emit.ThisHost().Name)
	t.Setenv("K8S_NODE_NAME", "node-7")
	assert.Equal(t, "node-7", emit.ThisHost().Name)
}
