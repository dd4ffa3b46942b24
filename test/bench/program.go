// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
)

// exitInstructions call exit_group(0).
func exitInstructions() ([]byte, elf.Machine, error) {
	switch runtime.GOARCH {
	case "amd64":
		// xor %edi,%edi; mov $231,%eax; syscall
		return []byte{0x31, 0xff, 0xb8, 0xe7, 0, 0, 0, 0x0f, 0x05}, elf.EM_X86_64, nil
	case "arm64":
		// mov x0,#0; mov x8,#94; svc #0
		return []byte{0, 0, 0x80, 0xd2, 0xc8, 0x0b, 0x80, 0xd2, 0x01, 0, 0, 0xd4}, elf.EM_AARCH64, nil
	}
	return nil, 0, fmt.Errorf("write a program: no instructions for %s", runtime.GOARCH)
}

const (
	// programAddress is where linkers put programs by default.
	programAddress = 0x400000
	// programAlignmentBytes is the largest page that the architectures have.
	programAlignmentBytes = 64 << 10
)

// writeProgram writes the smallest program that there is, so that the rate of executions is bounded by
// the kernel and not by the start of a run time.
func writeProgram(path string) error {
	code, machine, err := exitInstructions()
	if err != nil {
		return err
	}
	header, segment := elf.Header64{}, elf.Prog64{}
	headerBytes, segmentBytes := binary.Size(header), binary.Size(segment)
	size := uint64(headerBytes + segmentBytes + len(code))
	copy(header.Ident[:], elf.ELFMAG)
	header.Ident[elf.EI_CLASS], header.Ident[elf.EI_DATA] = byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB)
	header.Ident[elf.EI_VERSION] = byte(elf.EV_CURRENT)
	header.Type, header.Machine, header.Version = uint16(elf.ET_EXEC), uint16(machine), uint32(elf.EV_CURRENT)
	header.Entry = programAddress + uint64(headerBytes+segmentBytes)
	header.Phoff, header.Ehsize = uint64(headerBytes), uint16(headerBytes)
	header.Phentsize, header.Phnum = uint16(segmentBytes), 1
	segment = elf.Prog64{
		Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R | elf.PF_X), Vaddr: programAddress, Paddr: programAddress,
		Filesz: size, Memsz: size, Align: programAlignmentBytes,
	}
	var content bytes.Buffer
	for _, part := range []any{header, segment, code} {
		if err := binary.Write(&content, binary.LittleEndian, part); err != nil {
			return fmt.Errorf("write a program: %w", err)
		}
	}
	return os.WriteFile(path, content.Bytes(), 0o755)
}
