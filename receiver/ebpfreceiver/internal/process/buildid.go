// SPDX-License-Identifier: Apache-2.0

package process

import (
	"bytes"
	"cmp"
	"debug/elf"
	"encoding/binary"
	"encoding/hex"
	"io"
	"strings"
)

const (
	// programHeadersMax and noteBytesMax bound what is read of a file to find its build ids. Linkers make
	// about a dozen headers and notes of some hundred bytes; beyond that a file has no build id for us.
	programHeadersMax = 64
	noteBytesMax      = 16 << 10
	// buildIDBytesMax is more than any hash takes (20 bytes), and than Go's four of them.
	buildIDBytesMax = 256
)

// Types of notes.
const (
	noteGNUBuildID = 3
	noteGoBuildID  = 4
)

// buildIDs finds the build ids in the notes of an ELF file. Files come from people who may mean harm, so
// this reads no more than it needs, and takes nothing for given.
func buildIDs(file io.ReaderAt) (gnu, golang string) {
	for _, header := range noteHeaders(file) {
		notes := make([]byte, min(header.size, noteBytesMax))
		n, _ := file.ReadAt(notes, int64(header.offset))
		gnuHere, goHere := buildIDsIn(notes[:n], header.order)
		gnu, golang = cmp.Or(gnu, gnuHere), cmp.Or(golang, goHere)
	}
	return gnu, golang
}

// noteHeader is where notes stand in a file.
type noteHeader struct {
	offset, size uint64
	order        binary.ByteOrder
}

// noteHeaders reads the program headers of a file, none if it is no ELF file.
func noteHeaders(file io.ReaderAt) []noteHeader {
	identification := make([]byte, elf.EI_NIDENT)
	if _, err := file.ReadAt(identification, 0); err != nil || string(identification[:len(elf.ELFMAG)]) != elf.ELFMAG {
		return nil
	}
	var order binary.ByteOrder = binary.LittleEndian
	if elf.Data(identification[elf.EI_DATA]) == elf.ELFDATA2MSB {
		order = binary.BigEndian
	}
	whole := io.NewSectionReader(file, 0, 1<<62)
	if elf.Class(identification[elf.EI_CLASS]) == elf.ELFCLASS32 {
		return noteHeaders32(whole, order)
	}
	return noteHeaders64(whole, order)
}

func noteHeaders64(file *io.SectionReader, order binary.ByteOrder) []noteHeader {
	var head elf.Header64
	if binary.Read(file, order, &head) != nil || head.Phoff > 1<<62 {
		return nil
	}
	programs := make([]elf.Prog64, min(head.Phnum, programHeadersMax))
	_, _ = file.Seek(int64(head.Phoff), io.SeekStart)
	if binary.Read(file, order, programs) != nil {
		return nil
	}
	var found []noteHeader
	for _, p := range programs {
		if elf.ProgType(p.Type) == elf.PT_NOTE && p.Off < 1<<62 {
			found = append(found, noteHeader{p.Off, p.Filesz, order})
		}
	}
	return found
}

func noteHeaders32(file *io.SectionReader, order binary.ByteOrder) []noteHeader {
	var head elf.Header32
	if binary.Read(file, order, &head) != nil {
		return nil
	}
	programs := make([]elf.Prog32, min(head.Phnum, programHeadersMax))
	_, _ = file.Seek(int64(head.Phoff), io.SeekStart)
	if binary.Read(file, order, programs) != nil {
		return nil
	}
	var found []noteHeader
	for _, p := range programs {
		if elf.ProgType(p.Type) == elf.PT_NOTE {
			found = append(found, noteHeader{uint64(p.Off), uint64(p.Filesz), order})
		}
	}
	return found
}

// buildIDsIn goes through notes: each has the lengths of its name and its description, its type, and then
// both, each filled up to four bytes.
func buildIDsIn(notes []byte, order binary.ByteOrder) (gnu, golang string) {
	const headBytes, alignment = 12, 4
	padded := func(length uint32) uint64 { return (uint64(length) + alignment - 1) &^ (alignment - 1) }
	for len(notes) >= headBytes {
		nameBytes, descriptionBytes, kind := order.Uint32(notes), order.Uint32(notes[4:]), order.Uint32(notes[8:])
		notes = notes[headBytes:]
		end := padded(nameBytes) + uint64(descriptionBytes)
		if uint64(len(notes)) < end {
			return gnu, golang
		}
		name, description := notes[:nameBytes], notes[padded(nameBytes):end]
		notes = notes[min(uint64(len(notes)), padded(nameBytes)+padded(descriptionBytes)):]
		switch {
		case len(description) == 0 || len(description) > buildIDBytesMax:
		case kind == noteGNUBuildID && bytes.Equal(name, []byte("GNU\x00")):
			gnu = hex.EncodeToString(description)
		case kind == noteGoBuildID && bytes.Equal(name, []byte("Go\x00\x00")):
			golang = strings.ToValidUTF8(string(description), "\uFFFD")
		}
	}
	return gnu, golang
}
