// SPDX-License-Identifier: Apache-2.0

//go:build linux

package custom

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/assert"
)

// chain is type information of pointers to pointers.
func chain(types int) []byte {
	b := make([]byte, typeHeaderBytes, typeHeaderBytes+types*typeBytes)
	binary.LittleEndian.PutUint32(b[4:], typeHeaderBytes)
	binary.LittleEndian.PutUint32(b[12:], uint32(types*typeBytes))
	for n := range types {
		b = binary.LittleEndian.AppendUint32(b, 0)
		b = binary.LittleEndian.AppendUint32(b, 2<<24)
		b = binary.LittleEndian.AppendUint32(b, uint32(n+2))
	}
	return b
}

func TestCheckTypeCount(t *testing.T) {
	assert.NoError(t, checkTypeCount(chain(typesMax)))
	assert.EqualError(t, checkTypeCount(chain(typesMax+1)), "it has more than 8192 types: include less")
	assert.EqualError(t, checkTypeCount(chain(2)[:40]), "its types lie outside of it: compile again")
	assert.EqualError(t, checkTypeCount(nil), "it has no header: compile again")
}
