// SPDX-License-Identifier: Apache-2.0

package custom

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// Sizes of the structs of ELF and of the type information, in bytes.
const (
	headerBytes        = 64
	sectionHeaderBytes = 64
	symbolBytes        = 24
	typeHeaderBytes    = 24
	instructionBytes   = 8
)

// firstReservedSection and those above are numbers of sections that are none.
const firstReservedSection = 0xff00

// nativeData is the byte order of the processors that there are objects for, amd64 and arm64.
const nativeData = elf.ELFDATA2LSB

// elfSection is a header of a section, and what of the file it covers.
type elfSection struct {
	elf.Section64
	name    string
	content []byte // nil for those without any in the file
}

func (s *elfSection) executable() bool {
	return elf.SectionType(s.Type) == elf.SHT_PROGBITS && elf.SectionFlag(s.Flags)&elf.SHF_EXECINSTR != 0
}

// checkELF bounds what the reader of objects would multiply, without making anything of the file: symbols that
// overlap, names that are shared, sections that are compressed or lie outside. It returns a copy that is adapted to
// the reader, or an error that says what the file is, or what is too large.
func checkELF(object []byte, l Limits) ([]byte, error) {
	if len(object) > l.ObjectBytes {
		return nil, fmt.Errorf("the object has %d bytes, and may have %d: strip its debug information (llvm-strip -g), or raise the limit", len(object), l.ObjectBytes)
	}
	object = bytes.Clone(object)
	sections, err := readSections(object)
	if err != nil {
		return nil, err
	}
	for i := range sections {
		if err := checkSection(&sections[i], l); err != nil {
			return nil, fmt.Errorf("section %q of the object: %w", sections[i].name, err)
		}
	}
	for i := range sections {
		switch elf.SectionType(sections[i].Type) {
		case elf.SHT_SYMTAB, elf.SHT_DYNSYM:
			if err := checkSymbols(sections, sections[i].content, l); err != nil {
				return nil, err
			}
		}
	}
	adapt(sections)
	return object, nil
}

var errNoObject = errors.New("it is no compiled eBPF object for this machine: " +
	"compile it with clang -target bpf -g -O2 -c, for the byte order of the processor")

func readSections(object []byte) ([]elfSection, error) {
	var header elf.Header64
	if len(object) < headerBytes || !bytes.HasPrefix(object, []byte(elf.ELFMAG)) ||
		elf.Class(object[elf.EI_CLASS]) != elf.ELFCLASS64 || elf.Data(object[elf.EI_DATA]) != nativeData {
		return nil, errNoObject
	}
	if _, err := binary.Decode(object, binary.LittleEndian, &header); err != nil {
		return nil, errNoObject
	}
	if elf.Machine(header.Machine) != elf.EM_BPF || elf.Type(header.Type) != elf.ET_REL || header.Phnum != 0 ||
		header.Shentsize != sectionHeaderBytes || header.Shnum == 0 || header.Shstrndx >= header.Shnum {
		return nil, errNoObject
	}
	if header.Shnum > sectionsMax {
		return nil, fmt.Errorf("the object has %d sections, and may have %d: divide the tracer", header.Shnum, sectionsMax)
	}
	table, ok := slice(object, header.Shoff, uint64(header.Shnum)*sectionHeaderBytes)
	if !ok {
		return nil, errNoObject
	}
	sections := make([]elfSection, header.Shnum)
	for i := range sections {
		s := &sections[i]
		if _, err := binary.Decode(table[i*sectionHeaderBytes:], binary.LittleEndian, &s.Section64); err != nil {
			return nil, errNoObject
		}
		switch elf.SectionType(s.Type) {
		case elf.SHT_NULL, elf.SHT_NOBITS:
			continue
		}
		if s.content, ok = slice(object, s.Off, s.Size); !ok {
			return nil, fmt.Errorf("section %d of the object lies outside of the file, which is cut off or broken", i)
		}
	}
	names := sections[header.Shstrndx].content
	for i := range sections {
		name, ok := text(names, sections[i].Name)
		if !ok {
			return nil, fmt.Errorf("section %d of the object has no name, or one of more than %d bytes", i, nameBytesMax)
		}
		sections[i].name = name
	}
	return sections, nil
}

// slice is a part of the file, if it lies in it.
func slice(object []byte, offset, size uint64) ([]byte, bool) {
	if offset > uint64(len(object)) || size > uint64(len(object))-offset {
		return nil, false
	}
	return object[offset : offset+size], true
}

// text is a string of a table.
func text(table []byte, offset uint32) (string, bool) {
	if uint64(offset) >= uint64(len(table)) {
		return "", offset == 0
	}
	rest := table[offset:]
	end := bytes.IndexByte(rest[:min(len(rest), nameBytesMax+1)], 0)
	if end < 0 {
		return "", false
	}
	return string(rest[:end]), true
}

// checkSection refuses what is not read here, and bounds strings and data.
func checkSection(s *elfSection, l Limits) error {
	switch {
	case elf.SectionFlag(s.Flags)&elf.SHF_COMPRESSED != 0:
		return errors.New("it is compressed: compile without --compress-debug-sections")
	case s.name == "maps" || strings.HasPrefix(s.name, "maps/"):
		return errors.New("maps are declared in the old way: declare them in SEC(\".maps\"), with __uint and __type")
	case strings.HasPrefix(s.name, ".struct_ops"), strings.HasPrefix(s.name, "struct_ops"):
		return errors.New("struct_ops replace parts of the kernel, and custom tracers observe: remove it")
	case elf.SectionType(s.Type) == elf.SHT_NOBITS && s.Size > l.MapBytes:
		return fmt.Errorf("it has %d bytes, and all maps together may have %d: make the variables smaller", s.Size, l.MapBytes)
	case elf.SectionType(s.Type) == elf.SHT_STRTAB && longestText(s.content) > nameBytesMax:
		return fmt.Errorf("a name has more than %d bytes: shorten it", nameBytesMax)
	case s.name == ".BTF":
		if err := checkTypeStrings(s.content); err != nil {
			return err
		}
		return checkTypeCount(s.content)
	}
	return nil
}

// checkTypeStrings bounds the strings of the type information, which are looked at as often as types name them.
func checkTypeStrings(content []byte) error {
	table, ok := typeStrings(content)
	switch {
	case !ok:
		return errors.New("its strings lie outside of it: compile again")
	case longestText(table) > typeStringBytesMax:
		return fmt.Errorf("a name or source line has more than %d bytes: shorten it", typeStringBytesMax)
	}
	return nil
}

// typeStrings is the part of the type information that holds strings.
func typeStrings(content []byte) ([]byte, bool) {
	if len(content) < typeHeaderBytes {
		return nil, false
	}
	headerLength := uint64(binary.LittleEndian.Uint32(content[4:]))
	offset, size := binary.LittleEndian.Uint32(content[16:]), binary.LittleEndian.Uint32(content[20:])
	return slice(content, headerLength+uint64(offset), uint64(size))
}

// longestText is the length of the longest string of a table.
func longestText(table []byte) int {
	longest := 0
	for len(table) > 0 {
		end := bytes.IndexByte(table, 0)
		if end < 0 {
			return max(longest, len(table))
		}
		longest, table = max(longest, end), table[end+1:]
	}
	return longest
}

// checkSymbols bounds what the symbols of a table cover together: functions in instructions, variables in bytes.
// Every program takes along the functions that it calls, in the worst case all of them.
func checkSymbols(sections []elfSection, table []byte, l Limits) error {
	var programs, instructions, data uint64
	for ; len(table) >= symbolBytes; table = table[symbolBytes:] {
		info, number := table[4], binary.LittleEndian.Uint16(table[6:])
		size := binary.LittleEndian.Uint64(table[16:])
		if number == 0 || number >= firstReservedSection || int(number) >= len(sections) {
			continue
		}
		section := &sections[number]
		if size > section.Size {
			return fmt.Errorf("section %q of the object: a symbol reaches beyond it: compile again", section.name)
		}
		switch {
		case section.executable() && elf.ST_TYPE(info) == elf.STT_FUNC, section.executable() && elf.ST_TYPE(info) == elf.STT_NOTYPE:
			instructions += size / instructionBytes
			if section.name != ".text" && size > 0 {
				programs++
			}
		case elf.ST_TYPE(info) == elf.STT_OBJECT, elf.ST_TYPE(info) == elf.STT_NOTYPE:
			data += size
		}
		if data > l.MapBytes {
			return fmt.Errorf("variables of the object have more than the %d bytes that all maps together may have: make them smaller", l.MapBytes)
		}
	}
	if programs > uint64(l.Programs) {
		return fmt.Errorf("the object has %d programs, and may have %d: divide the tracer, or raise the limit", programs, l.Programs)
	}
	if instructions > uint64(l.Instructions) {
		return fmt.Errorf("the programs have %d instructions, and may have %d: divide the tracer, or raise the limit", instructions, l.Instructions)
	}
	return nil
}
