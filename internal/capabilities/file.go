// SPDX-License-Identifier: Apache-2.0

package capabilities

import "encoding/binary"

const (
	// FileAttribute is the extended attribute in which Linux keeps the capabilities of a program.
	FileAttribute = "security.capability"

	// fileRevision2 is VFS_CAP_REVISION_2 of linux/capability.h: two words for each set. The lowest bit, which says that the
	// capabilities are effective at once, stays clear.
	fileRevision2 = 0x02000000
	fileBytes     = 20
	// wordBits are the capabilities in one word of a set.
	wordBits = 32
	// numberMax is the highest capability that fits.
	numberMax = 2*wordBits - 1
)

// EncodeFile returns the value of FileAttribute that permits capabilities, given by their numbers in linux/capability.h, and
// makes none effective. Linux then starts the program also where some of them are not to be had; with effective ones it
// refuses to. Numbers that don't fit are left out.
func EncodeFile(permitted ...uint) []byte {
	var words [2]uint32
	for _, number := range permitted {
		if number <= numberMax {
			words[number/wordBits] |= 1 << (number % wordBits)
		}
	}
	value := make([]byte, 0, fileBytes)
	value = binary.LittleEndian.AppendUint32(value, fileRevision2)
	for _, word := range words {
		value = binary.LittleEndian.AppendUint32(value, word)
		value = binary.LittleEndian.AppendUint32(value, 0) // inheritable
	}
	return value
}
