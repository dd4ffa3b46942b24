// SPDX-License-Identifier: Apache-2.0

package custom

import (
	"debug/elf"
	"encoding/binary"
)

// The section of extern variables exists in the type information alone. The reader of objects, which reads kernel
// configurations for it, does not find it under another name, and leaves references to the variables to us.
const (
	externSection        = ".kconfig"
	externSectionRenamed = ".externs"
)

// adapt rewrites what libbpf takes and the reader of objects does not: extern variables, see resolveExterns, and maps
// that are declared weak, as those of usdt.bpf.h are so that several sources can be linked. The sections are
// parts of the object, which is changed.
func adapt(sections []elfSection) {
	for i := range sections {
		s := &sections[i]
		switch {
		case s.name == ".BTF":
			renameExterns(s.content)
		case elf.SectionType(s.Type) == elf.SHT_SYMTAB:
			strengthenMaps(sections, s.content)
		}
	}
}

// strengthenMaps makes global symbols of weak ones in the section of maps.
func strengthenMaps(sections []elfSection, table []byte) {
	for ; len(table) >= symbolBytes; table = table[symbolBytes:] {
		number := int(binary.LittleEndian.Uint16(table[6:]))
		if number < len(sections) && sections[number].name == ".maps" && elf.ST_BIND(table[4]) == elf.STB_WEAK {
			table[4] = elf.ST_INFO(elf.STB_GLOBAL, elf.ST_TYPE(table[4]))
		}
	}
}

// What a type takes in the type information, see linux/btf.h.
const (
	typeBytes    = 12
	typeSections = 15 // BTF_KIND_DATASEC
)

// typeTrailer is what follows a type of each kind: bytes, and bytes for each of its members.
func typeTrailer(kind uint32) (fixed, each uint64) {
	switch kind {
	case 1, 14, 17: // integers, variables, tags of declarations
		return 4, 0
	case 3: // arrays
		return 12, 0
	case 4, 5, typeSections, 19: // structs, unions, sections, enums of 64 bits
		return 0, 12
	case 6, 13: // enums, prototypes
		return 0, 8
	}
	return 0, 0
}

// renameExterns renames the section of extern variables in the type information. Of other sections than that
// the reader wants to know the size, so it gets one.
func renameExterns(content []byte) {
	table, ok := typeStrings(content)
	if !ok {
		return
	}
	types, ok := slice(content, uint64(binary.LittleEndian.Uint32(content[4:]))+uint64(binary.LittleEndian.Uint32(content[8:])),
		uint64(binary.LittleEndian.Uint32(content[12:])))
	if !ok {
		return
	}
	for len(types) >= typeBytes {
		name, info := binary.LittleEndian.Uint32(types), binary.LittleEndian.Uint32(types[4:])
		members := uint64(info & 0xffff)
		if found, ok := text(table, name); ok && found == externSection && info>>24&0x1f == typeSections {
			copy(table[name:], externSectionRenamed)
			binary.LittleEndian.PutUint32(types[8:], uint32(members)*externBytes)
		}
		fixed, each := typeTrailer(info >> 24 & 0x1f)
		types = types[min(typeBytes+fixed+members*each, uint64(len(types))):]
	}
}
