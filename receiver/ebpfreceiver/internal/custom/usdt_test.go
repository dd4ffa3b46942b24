// SPDX-License-Identifier: Apache-2.0

package custom

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestUSDT_arguments(t *testing.T) {
	for _, test := range []struct {
		architecture, field string
		want                usdtArgument
	}{
		{"amd64", "-4@$-9", usdtArgument{kind: argumentConstant, constant: -9, signed: true, bytes: 4}},
		{"amd64", "8@$0x10", usdtArgument{kind: argumentConstant, constant: 16, bytes: 8}},
		{"amd64", "8@%rax", usdtArgument{kind: argumentRegister, register: 80, bytes: 8}},
		{"amd64", "1@%al", usdtArgument{kind: argumentRegister, register: 80, bytes: 1}},
		{"amd64", "-2@%cx", usdtArgument{kind: argumentRegister, register: 88, signed: true, bytes: 2}},
		{"amd64", "4@%edi", usdtArgument{kind: argumentRegister, register: 112, bytes: 4}},
		{"amd64", "1@%sil", usdtArgument{kind: argumentRegister, register: 104, bytes: 1}},
		{"amd64", "4@%r8d", usdtArgument{kind: argumentRegister, register: 72, bytes: 4}},
		{"amd64", "8@%r15", usdtArgument{kind: argumentRegister, register: 0, bytes: 8}},
		{"amd64", "-4@-1204(%rbp)", usdtArgument{kind: argumentAtRegister, register: 32, constant: -1204, signed: true, bytes: 4}},
		{"amd64", "8@(%rsp)", usdtArgument{kind: argumentAtRegister, register: 152, bytes: 8}},
		{"arm64", "-4@5", usdtArgument{kind: argumentConstant, constant: 5, signed: true, bytes: 4}},
		{"arm64", "8@x30", usdtArgument{kind: argumentRegister, register: 240, bytes: 8}},
		{"arm64", "-4@[sp, 48]", usdtArgument{kind: argumentAtRegister, register: 248, constant: 48, signed: true, bytes: 4}},
		{"arm64", "8@[x0]", usdtArgument{kind: argumentAtRegister, bytes: 8}},
		{"arm64", "1@[x29, -8]", usdtArgument{kind: argumentAtRegister, register: 232, constant: -8, bytes: 1}},
	} {
		got, err := parseArgument(test.field, test.architecture)
		require.NoError(t, err, test.field)
		assert.Equal(t, test.want, got, test.field)
	}
	for field, want := range map[string]string{
		"8f@%xmm0":                "has a size that is not served",
		"3@%rax":                  "has a size that is not served",
		"":                        "has a size that is not served",
		"8@%xmm0":                 "is in a register that is not served",
		"8@name(%rip)":            "has no number where one is wanted",
		"8@(%rax,%rbx,4)":         "is in a place that is not served",
		"8@":                      "is in a place that is not served",
		"8@$99999999999999999999": "has no number where one is wanted",
	} {
		_, err := parseArgument(field, "amd64")
		assert.ErrorContains(t, err, want, field)
	}
	_, err := parseArgument("8@x31", "arm64")
	assert.ErrorContains(t, err, "is in a register that is not served")
}

// The layout is that of struct __bpf_usdt_spec in libbpf's usdt.bpf.h.
func TestUSDT_specification(t *testing.T) {
	spec, err := usdtSpec("-4@[sp, 48] 8@x3", "arm64")
	require.NoError(t, err)
	want := make([]byte, 208)
	want[0], want[8], want[12], want[14], want[15] = 48, argumentAtRegister, 248, 1, 32
	want[24], want[28] = argumentRegister, 24
	want[200] = 2
	assert.Equal(t, want, spec)
	_, err = usdtSpec("1@x0 1@x0 1@x0 1@x0 1@x0 1@x0 1@x0 1@x0 1@x0 1@x0 1@x0 1@x0 1@x0", "arm64")
	assert.ErrorContains(t, err, "the probe has 13 arguments, and may have 12")
	_, err = usdtSpec("8@x0 8@d0", "arm64")
	assert.ErrorContains(t, err, `argument 1 of the probe: "8@d0" is in a place that is not served`)
}

func TestUSDT_sites(t *testing.T) {
	for architecture, code := range probedCodes() {
		file, err := elf.NewFile(bytes.NewReader(code.executable(t)))
		require.NoError(t, err)
		sites, known, err := probesOf(file, "meerkat:reached")
		require.NoError(t, err)
		assert.Equal(t, []usdtSite{{
			address: loadedAt + codeAt + code.site, offset: codeAt + code.site, semaphore: dataAt, arguments: code.arguments,
		}}, sites, architecture)
		assert.Equal(t, map[string]bool{"meerkat:reached": true}, known)
	}
}

// Notes lie in files of others.
func TestUSDT_brokenNotes(t *testing.T) {
	whole := probedCodes()["amd64"].note()
	_, rest, err := nextNote(whole)
	require.NoError(t, err)
	assert.Empty(t, rest)
	for cut := range whole[:len(whole)-4] {
		_, _, err := nextNote(whole[:cut])
		assert.Error(t, err, "after %d bytes", cut)
	}
	huge := bytes.Clone(whole)
	binary.LittleEndian.PutUint32(huge, 1<<32-1)
	_, _, err = nextNote(huge)
	assert.ErrorContains(t, err, "a note is cut off")
	_, _, ok := parseNote([]byte("short"), 0)
	assert.False(t, ok)
	site := usdtSite{address: 1}
	assert.ErrorContains(t, site.locate(nil), "the address 0x1 of a site is in no code")
}
