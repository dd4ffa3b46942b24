// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	filebpf "github.com/meerkat-otel/meerkat/bpf/file"
)

// Users and groups have 16 bits in the 32-bit calls that have a successor, and in no others.
func TestFileConstants_shortIDs(t *testing.T) {
	table := FileConstants()[filebpf.FileVarOperations].([2 * syscallsMax]operation)
	short := map[uint32]bool{}
	for _, name := range []string{"chown", "fchown", "lchown"} {
		_, compat, _, hasCompat := syscallNumbers(name)
		require.True(t, hasCompat)
		short[syscallsMax+compat] = true
	}
	for number, o := range table {
		assert.Equal(t, short[uint32(number)], o.ShortIds != 0, "system call %d of both tables", number)
	}
}

// Every call has a place for what it works on, and each place is that of an argument.
func TestFileOperations_places(t *testing.T) {
	for name, o := range fileOperations() {
		assert.True(t, o.ReturnsFile != 0 || o.Descriptor != 0 || o.Path != 0, name)
		for _, place := range []uint8{o.Descriptor, o.Directory, o.Path, o.OtherDirectory, o.OtherPath, o.Value, o.Options} {
			assert.LessOrEqual(t, place, uint8(6), name)
		}
	}
}
