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

// Kinds of types in the type information, and what each takes at least, see linux/btf.h.
const (
	typeBytes        = 12
	kindInteger      = 1
	kindArray        = 3
	kindStruct       = 4
	kindUnion        = 5
	kindEnum         = 6
	kindFunction     = 12
	kindPrototype    = 13
	kindVariable     = 14
	kindSection      = 15
	kindDeclaration  = 17
	kindLongEnum     = 19
	functionIsStatic = 0
)

// adapt rewrites what libbpf takes and the reader of objects does not, all of which usdt.bpf.h has: extern variables
// (see resolveExterns), maps that are declared weak, and hidden functions, which are verified with those that
// call them and not by themselves. The sections are parts of the object, which is changed.
func adapt(sections []elfSection) {
	hidden := map[string]bool{}
	for i := range sections {
		if elf.SectionType(sections[i].Type) == elf.SHT_SYMTAB {
			adaptSymbols(sections, &sections[i], hidden)
		}
	}
	for i := range sections {
		if sections[i].name == ".BTF" {
			adaptTypes(sections[i].content, hidden)
		}
	}
}

// adaptSymbols makes global symbols of weak ones in the section of maps, and notes which functions are hidden.
func adaptSymbols(sections []elfSection, s *elfSection, hidden map[string]bool) {
	var names []byte
	if int(s.Link) < len(sections) {
		names = sections[s.Link].content
	}
	for table := s.content; len(table) >= symbolBytes; table = table[symbolBytes:] {
		info, number := table[4], int(binary.LittleEndian.Uint16(table[6:]))
		if number < len(sections) && sections[number].name == ".maps" && elf.ST_BIND(info) == elf.STB_WEAK {
			table[4] = elf.ST_INFO(elf.STB_GLOBAL, elf.ST_TYPE(info))
		}
		switch visibility := elf.ST_VISIBILITY(table[5]); {
		case elf.ST_TYPE(info) != elf.STT_FUNC:
		case visibility == elf.STV_HIDDEN, visibility == elf.STV_INTERNAL:
			if name, ok := text(names, binary.LittleEndian.Uint32(table)); ok {
				hidden[name] = true
			}
		}
	}
}

// adaptTypes renames the section of extern variables, and makes hidden functions static. Of other sections than that
// for extern variables the reader wants to know the size, so it gets one.
func adaptTypes(content []byte, hidden map[string]bool) {
	table, ok := typeStrings(content)
	if !ok {
		return
	}
	types, ok := slice(content, uint64(binary.LittleEndian.Uint32(content[4:]))+uint64(binary.LittleEndian.Uint32(content[8:])),
		uint64(binary.LittleEndian.Uint32(content[12:])))
	if !ok {
		return
	}
	renamed := false
	for len(types) >= typeBytes {
		at, info := binary.LittleEndian.Uint32(types), binary.LittleEndian.Uint32(types[4:])
		kind, members := info>>24&0x1f, uint64(info&0xffff)
		name, _ := text(table, at)
		switch {
		case kind == kindSection && (name == externSection || renamed && name == externSectionRenamed):
			copy(table[at:], externSectionRenamed)
			binary.LittleEndian.PutUint32(types[8:], uint32(members)*externBytes)
			renamed = true
		case kind == kindFunction && hidden[name]:
			binary.LittleEndian.PutUint32(types[4:], kindFunction<<24|functionIsStatic)
		}
		fixed, each := typeTrailer(kind)
		types = types[min(typeBytes+fixed+members*each, uint64(len(types))):]
	}
}

// typeTrailer is what follows a type of each kind: bytes, and bytes for each of its members.
func typeTrailer(kind uint32) (fixed, each uint64) {
	switch kind {
	case kindInteger, kindVariable, kindDeclaration:
		return 4, 0
	case kindArray:
		return 12, 0
	case kindStruct, kindUnion, kindSection, kindLongEnum:
		return 0, 12
	case kindEnum, kindPrototype:
		return 0, 8
	}
	return 0, 0
}
