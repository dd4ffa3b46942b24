// SPDX-License-Identifier: Apache-2.0

//go:build linux

package custom

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/cilium/ebpf/btf"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
)

// breakStep is the distance of the bytes that are changed, one at a time.
const breakStep = 31

// Whatever byte of an object is another: there is an answer, also of the kernel.
func TestHostile_everyByte(t *testing.T) {
	step := breakStep
	if text := os.Getenv("MEERKAT_TEST_BREAK_STEP"); text != "" {
		var err error
		step, err = strconv.Atoi(text)
		require.NoError(t, err)
	}
	objects, err := filepath.Glob("testdata/*.bpf.o")
	require.NoError(t, err)
	limits := wide()
	types := btf.NewCache()
	taken, refused, accepted := 0, 0, 0
	for number, name := range objects {
		content, err := os.ReadFile(name)
		require.NoError(t, err)
		for at := number % step; at < len(content); at += step {
			broken := bytes.Clone(content)
			for _, value := range []byte{^content[at], content[at] + 1, content[at] ^ 0x80} {
				broken[at] = value
				b, err := Inspect(broken, observing(), limits)
				if err != nil {
					refused++
					continue
				}
				taken++
				if live, err := Load(b, zap.NewNop(), types); err == nil {
					live.State()
					require.NoError(t, live.Close())
					accepted++
				}
			}
		}
	}
	t.Logf("of the changed objects %d were refused and %d taken, of which the kernel took %d", refused, taken, accepted)
	assert.NotZero(t, taken)
	assert.NotZero(t, refused)
}

// sectionOf is a section of an object, and where its header is.
func sectionOf(t *testing.T, object []byte, name string) (s elfSection, header []byte) {
	t.Helper()
	sections, err := readSections(object)
	require.NoError(t, err)
	for i, s := range sections {
		if s.name == name {
			at := int(binary.LittleEndian.Uint64(object[40:])) + i*sectionHeaderBytes
			return s, object[at : at+sectionHeaderBytes]
		}
	}
	t.Fatalf("there is no section %q", name)
	return s, nil
}

// What would have the reader of objects copy or compute without end is refused before.
func TestHostile_bombs(t *testing.T) {
	for want, prepare := range map[string]func(object []byte) []byte{
		`section ".BTF" of the object: it is compressed`: func(object []byte) []byte {
			_, header := sectionOf(t, object, ".BTF")
			header[9] |= byte(elf.SHF_COMPRESSED >> 8)
			return object
		},
		`section ".bss" of the object: it has 1099511627776 bytes, and all maps together may have 33554432`: func(object []byte) []byte {
			_, header := sectionOf(t, object, ".bss")
			binary.LittleEndian.PutUint64(header[32:], 1<<40)
			return object
		},
		`section 1 of the object lies outside of the file, which is cut off or broken`: func(object []byte) []byte {
			_, header := sectionOf(t, object, ".strtab")
			binary.LittleEndian.PutUint64(header[32:], 1<<40)
			return object
		},
		`section ".strtab" of the object: a name has more than 512 bytes: shorten it`: func(object []byte) []byte {
			// The table is moved to the end, where it has a long name that every symbol may share.
			s, header := sectionOf(t, object, ".strtab")
			binary.LittleEndian.PutUint64(header[24:], uint64(len(object)))
			binary.LittleEndian.PutUint64(header[32:], s.Size+1000)
			return append(append(object, s.content...), make1000()...)
		},
		"the programs have": func(object []byte) []byte { // many functions that are all the same
			s, header := sectionOf(t, object, ".symtab")
			function := symbolOf(t, object, "by_iterator")
			table := bytes.Clone(s.content)
			for range 20_000 {
				table = append(table, function...)
			}
			binary.LittleEndian.PutUint64(header[24:], uint64(len(object)))
			binary.LittleEndian.PutUint64(header[32:], uint64(len(table)))
			return append(object, table...)
		},
	} {
		_, err := Inspect(prepare(object(t, "observe")), observing(), Limits{
			ObjectBytes: defaultObjectBytesMax, Programs: 1 << 20, Maps: defaultMapsMax, MapBytes: defaultMapBytesMax,
			Instructions: defaultInstructionsMax, Attach: Kinds(),
		})
		assert.ErrorContains(t, err, want)
	}
}

func make1000() []byte { return append(bytes.Repeat([]byte("x"), 999), 0) }

func symbolOf(t *testing.T, object []byte, name string) []byte {
	t.Helper()
	symbols, _ := sectionOf(t, object, ".symtab")
	names, _ := sectionOf(t, object, ".strtab")
	for table := symbols.content; len(table) >= symbolBytes; table = table[symbolBytes:] {
		if found, _ := text(names.content, binary.LittleEndian.Uint32(table)); found == name {
			return table[:symbolBytes]
		}
	}
	t.Fatalf("there is no symbol %q", name)
	return nil
}

// Objects may be written by hand: calls by number, and descriptors of the collector, are no way around the rules.
func TestHostile_instructions(t *testing.T) {
	for want, instruction := range map[string][]byte{
		"a function of the kernel is called by its number":    {0x85, 0x20, 0, 0, 42, 0, 0, 0},
		"a call of unknown kind 3":                            {0x85, 0x30, 0, 0, 1, 0, 0, 0},
		"there is no helper 1000":                             {0x85, 0, 0, 0, 0xe8, 3, 0, 0},
		"the helper bpf_send_signal changes processes":        {0x85, 0, 0, 0, 109, 0, 0, 0},
		"the helper bpf_send_signal_thread changes processes": {0x85, 0, 0, 0, 117, 0, 0, 0},
		"the helper bpf_sys_bpf changes the system":           {0x85, 0, 0, 0, 166, 0, 0, 0},
		"tail calls are not served":                           {0x85, 0, 0, 0, 12, 0, 0, 0},
		"it loads a map that is no part of the object":        {0x18, 0x11, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
		"it loads something that is no part of the object":    {0x18, 0x51, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
		"a call of unknown kind 0":                            {0x85, 0x01, 0, 0, 109, 0, 0, 0},
	} {
		content := object(t, "maps-LARGE")
		program, header := sectionOf(t, content, "tracepoint/sched/sched_process_exec")
		code := append(bytes.Clone(instruction), program.content...)
		binary.LittleEndian.PutUint64(symbolOf(t, content, "harmless")[16:], uint64(len(code)))
		binary.LittleEndian.PutUint64(header[24:], uint64(len(content)))
		binary.LittleEndian.PutUint64(header[32:], uint64(len(code)))
		m := simple()
		m.Metrics[0].Map = "chosen"
		limits := wide()
		limits.MapBytes = 1 << 40
		_, err := Inspect(append(content, code...), m, limits)
		assert.ErrorContains(t, err, want)
	}
}

func TestVerifierLog_summary(t *testing.T) {
	lines := strings.Split(`0: R1=ctx() R10=fp0
; return value[1000]; @ x.c:3
7: (79) r0 = *(u64 *)(r0 +8000)
8: R0=map_value()
invalid access to map value, value_size=8 off=8000 size=8
R0 min value is outside of the allowed memory range
processed 8 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0`, "\n")
	assert.Equal(t, "invalid access to map value, value_size=8 off=8000 size=8; R0 min value is outside of the allowed memory range "+
		"(instruction 7: (79) r0 = *(u64 *)(r0 +8000), source: return value[1000]; @ x.c:3)", summarise(lines))
	assert.Empty(t, summarise(nil))
	assert.Equal(t, "unknown func bpf_x#300", summarise([]string{"unknown func bpf_x#300"}))
	long := boundLog([]string{strings.Repeat("x", verifierLogBytesMax), "the end"})
	assert.True(t, strings.HasPrefix(long, "(8 bytes before this are left out)\n"), long[:50])
	assert.True(t, strings.HasSuffix(long, "\nthe end"))
}
