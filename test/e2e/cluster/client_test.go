// SPDX-License-Identifier: Apache-2.0

//go:build linux

package cluster

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestObjectsOf(t *testing.T) {
	objects, err := objectsOf("---\n# first\nkind: Pod\nmetadata: {name: a, namespace: b}\n---\n\n---\nkind: Node\nmetadata: {name: c}\n")
	require.NoError(t, err)
	require.Len(t, objects, 2)
	assert.Equal(t, "pod b/a", nameOf(objects[0]))
	assert.Equal(t, "node /c", nameOf(objects[1]))
}

func TestObjectsOf_refusesWhatIsNone(t *testing.T) {
	_, err := objectsOf("- a\n- b\n")
	require.ErrorContains(t, err, "read an object")
}
