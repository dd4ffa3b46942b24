// SPDX-License-Identifier: Apache-2.0

//go:build linux

package custom

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// The test writes an executable with a USDT probe itself: there is no toolchain everywhere. Its function "called"
// holds the site; it ends with the probe's semaphore as status.
const (
	codeAt    = 0x1000 // in the file; addresses are loadedAt further on
	dataAt    = 0x2000
	tailAt    = 0x3000
	loadedAt  = 0x400000
	semaphore = loadedAt + dataAt
	inMemory  = loadedAt + dataAt + 8
)

// probedCode is for a processor: instructions, where "called" begins and how long it is, where the site is, and
// where the arguments -9, 77 and -7 are there.
type probedCode struct {
	machine              elf.Machine
	code                 []byte
	called, length, site uint64
	arguments            string
}

func probedCodes() map[string]probedCode {
	arm := func(instructions ...uint32) (code []byte) {
		for _, one := range instructions {
			code = binary.LittleEndian.AppendUint32(code, one)
		}
		return code
	}
	return map[string]probedCode{
		"amd64": {machine: elf.EM_X86_64, called: 20, length: 12, site: 30, arguments: "-4@$-9 8@%rcx -4@(%rbx)", code: []byte{
			0xe8, 15, 0, 0, 0, // call called
			0x0f, 0xb7, 0x3c, 0x25, 0x00, 0x20, 0x40, 0x00, // movzx semaphore, %edi
			0xb8, 60, 0, 0, 0, // mov $SYS_exit, %eax
			0x0f, 0x05, // syscall
			0xbb, 0x08, 0x20, 0x40, 0x00, // called: mov $inMemory, %ebx
			0xb9, 77, 0, 0, 0, // mov $77, %ecx
			0x90, // nop
			0xc3, // ret
		}},
		"arm64": {machine: elf.EM_AARCH64, called: 24, length: 20, site: 36, arguments: "-4@-9 8@x3 -4@[x2]", code: arm(
			0x94000006,             // bl called
			0xd2800000|0x2000<<5|1, // movz x1, #0x2000
			0xf2a00000|0x40<<5|1,   // movk x1, #0x40, lsl #16
			0x79400020,             // ldrh w0, [x1]
			0xd2800000|93<<5|8,     // movz x8, #SYS_exit
			0xd4000001,             // svc #0
			0xd2800000|0x2008<<5|2, // called: movz x2, #0x2008
			0xf2a00000|0x40<<5|2,   // movk x2, #0x40, lsl #16
			0xd2800000|77<<5|3,     // movz x3, #77
			0xd503201f,             // nop
			0xd65f03c0,             // ret
		)},
	}
}

// note is one of <sys/sdt.h>.
func (c probedCode) note() []byte {
	var description []byte
	for _, address := range []uint64{loadedAt + codeAt + c.site, loadedAt + tailAt, semaphore} {
		description = binary.LittleEndian.AppendUint64(description, address)
	}
	description = append(description, "meerkat\x00reached\x00"+c.arguments+"\x00"...)
	var note []byte
	for _, n := range []int{len(usdtNoteOwner), len(description), usdtNoteType} {
		note = binary.LittleEndian.AppendUint32(note, uint32(n))
	}
	note = append(note, usdtNoteOwner...)
	note = append(note, description...)
	return append(note, make([]byte, round4(uint64(len(note)))-uint64(len(note)))...)
}

// executable makes the file.
func (c probedCode) executable(t testing.TB) []byte {
	t.Helper()
	file := append([]byte(nil), make([]byte, tailAt)...)
	copy(file[codeAt:], c.code)
	binary.LittleEndian.PutUint32(file[dataAt+8:], 0xfffffff9) // -7
	names := "\x00.text\x00.data\x00.note.stapsdt\x00.stapsdt.base\x00.symtab\x00.strtab\x00called\x00"
	name := func(of string) uint32 { return uint32(bytes.Index([]byte(names), []byte("\x00"+of+"\x00")) + 1) }
	var sections []elf.Section64
	add := func(of string, s elf.Section64, content []byte) {
		s.Name, s.Addralign = name(of), 8
		if content != nil {
			s.Off, s.Size = uint64(len(file)), uint64(len(content))
			file = append(file, content...)
			file = append(file, make([]byte, (8-len(file)%8)%8)...)
		}
		sections = append(sections, s)
	}
	encode := func(values ...any) []byte {
		var b bytes.Buffer
		for _, value := range values {
			require.NoError(t, binary.Write(&b, binary.LittleEndian, value))
		}
		return b.Bytes()
	}
	sections = append(sections, elf.Section64{})
	add(".text", elf.Section64{Type: uint32(elf.SHT_PROGBITS), Flags: uint64(elf.SHF_ALLOC | elf.SHF_EXECINSTR),
		Addr: loadedAt + codeAt, Off: codeAt, Size: uint64(len(c.code))}, nil)
	add(".data", elf.Section64{Type: uint32(elf.SHT_PROGBITS), Flags: uint64(elf.SHF_ALLOC | elf.SHF_WRITE),
		Addr: loadedAt + dataAt, Off: dataAt, Size: 16}, nil)
	add(".note.stapsdt", elf.Section64{Type: uint32(elf.SHT_NOTE)}, c.note())
	add(".stapsdt.base", elf.Section64{Type: uint32(elf.SHT_PROGBITS), Addr: loadedAt + tailAt}, []byte{0})
	add(".symtab", elf.Section64{Type: uint32(elf.SHT_SYMTAB), Link: 6, Info: 1, Entsize: symbolBytes}, encode(elf.Sym64{}, elf.Sym64{
		Name: name("called"), Info: elf.ST_INFO(elf.STB_GLOBAL, elf.STT_FUNC), Shndx: 1, Value: loadedAt + codeAt + c.called, Size: c.length,
	}))
	add(".strtab", elf.Section64{Type: uint32(elf.SHT_STRTAB)}, []byte(names))
	header := elf.Header64{
		Type: uint16(elf.ET_EXEC), Machine: uint16(c.machine), Version: 1, Entry: loadedAt + codeAt, Phoff: headerBytes, Shoff: uint64(len(file)),
		Ehsize: headerBytes, Phentsize: 56, Phnum: 2, Shentsize: sectionHeaderBytes, Shnum: uint16(len(sections)), Shstrndx: 6,
	}
	copy(header.Ident[:], "\x7fELF\x02\x01\x01")
	copy(file, encode(header,
		elf.Prog64{Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R | elf.PF_X), Off: codeAt, Vaddr: loadedAt + codeAt, Filesz: 0x1000, Memsz: 0x1000, Align: 0x1000},
		elf.Prog64{Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R | elf.PF_W), Off: dataAt, Vaddr: loadedAt + dataAt, Filesz: 0x1000, Memsz: 0x1000, Align: 0x1000},
	))
	return append(file, encode(sections)...)
}

// writeProbed writes the executable for this processor.
func writeProbed(t *testing.T) string {
	t.Helper()
	code, ok := probedCodes()[runtime.GOARCH]
	require.True(t, ok)
	path := filepath.Join(t.TempDir(), "probed")
	require.NoError(t, os.WriteFile(path, code.executable(t), 0o755))
	return path
}
