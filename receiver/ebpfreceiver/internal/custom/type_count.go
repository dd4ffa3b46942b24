// SPDX-License-Identifier: Apache-2.0

package custom

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// typesMax bounds the types of an object. The reader of type information follows references by calling itself, so a
// chain of them takes some 3 KiB of stack for each type, and a long one would end the process. What
// compilers make of programs has a few thousand at most.
const typesMax = 8 << 10

// checkTypeCount counts the types of the type information.
func checkTypeCount(content []byte) error {
	if len(content) < typeHeaderBytes {
		return errors.New("it has no header: compile again")
	}
	start := uint64(binary.LittleEndian.Uint32(content[4:])) + uint64(binary.LittleEndian.Uint32(content[8:]))
	types, ok := slice(content, start, uint64(binary.LittleEndian.Uint32(content[12:])))
	if !ok {
		return errors.New("its types lie outside of it: compile again")
	}
	for count := 1; len(types) >= typeBytes; count++ {
		if count > typesMax {
			return fmt.Errorf("it has more than %d types: include less", typesMax)
		}
		info := binary.LittleEndian.Uint32(types[4:])
		fixed, each := typeTrailer(info >> 24 & 0x1f)
		types = types[min(typeBytes+fixed+uint64(info&0xffff)*each, uint64(len(types))):]
	}
	return nil
}
