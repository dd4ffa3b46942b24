// SPDX-License-Identifier: Apache-2.0

package pattern

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// matches walks a path up from its end as bpf/include/pattern.h does.
func (c *Set) matches(path string) string {
	var reached Bits
	names := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, name := range slices.Backward(names) {
		isFile := i == len(names)-1
		heads, start := c.FolderHeads, c.Folders
		if isFile {
			heads, start = c.FileHeads, c.Files
		}
		var elements Bits
		terminated := name + "\x00"
		if head := int(terminated[0]) | int(terminated[1]&15)<<8; heads[head/64]>>(head%64)&1 != 0 {
			elements = c.Names[c.longest(terminated)]
		}
		for w := range elements {
			elements[w] &= (reached[w]&^c.Roots[w])<<1 | start[w]
		}
		for _, s := range c.Suffixes {
			var last uint64
			for j := range min(suffixBytesMax, len(name)) {
				last |= uint64(name[len(name)-1-j]) << (8 * (suffixBytesMax - 1 - j))
			}
			if len(name) < int(s.NameBytesMin) || (last^s.Bytes)&s.Mask != 0 {
				elements[0] &^= s.Bit
			}
		}
		reached = elements
	}
	for w := range reached {
		for bit := range wordBits {
			if reached[w]&c.Roots[w]>>bit&1 != 0 {
				return c.Texts[uint16(w*wordBits+bit+1)]
			}
		}
	}
	return ""
}

func (c *Set) longest(name string) string {
	found := "none"
	for key := range c.Names {
		if strings.HasPrefix(name, key) && (found == "none" || len(key) > len(found)) {
			found = key
		}
	}
	return found
}

func TestCompile(t *testing.T) {
	patterns := []string{
		"/etc/shadow", "/etc/shadow-", "/root/.ssh/", "/home/*/.ssh/id_*", "/etc/ssh/ssh_host_*_key",
		"/a/*/c", "/a/b*/c/", "/x/*", "/a/b", "/b/a",
	}
	// Enough others that the words are full up.
	for i := range 40 {
		patterns = append(patterns, fmt.Sprintf("/filler/%d/%d/file", i, i))
	}
	set, err := Compile(patterns)
	require.NoError(t, err)
	for path, want := range map[string]string{
		"/etc/shadow": "/etc/shadow", "/etc/shadow-": "/etc/shadow-", "/etc/shadow-x": "", "/etc/shado": "", "/x/etc/shadow": "", "/shadow": "",
		"/root/.ssh/a": "/root/.ssh/", "/root/.ssh/a/b/c": "/root/.ssh/", "/root/.ssh": "", "/root/.ssh2/a": "", "/x/root/.ssh/a": "",
		"/home/me/.ssh/id_rsa": "/home/*/.ssh/id_*", "/home/me/.ssh/idrsa": "", "/home/me/you/.ssh/id_rsa": "",
		"/etc/ssh/ssh_host_rsa_key": "/etc/ssh/ssh_host_*_key", "/etc/ssh/ssh_host_key": "", "/etc/ssh/ssh_host_rsa_key.pub": "",
		"/a/x/c": "/a/*/c", "/a/bx/c/d": "/a/b*/c/", "/a/x/c/d": "", "/x/y": "/x/*", "/x/y/z": "", "/a/b": "/a/b", "/b/a": "/b/a", "/a/b/b": "",
		"/filler/39/39/file": "/filler/39/39/file", "/filler/39/38/file": "",
	} {
		assert.Equal(t, want, set.matches(path), path)
	}
}

func TestCompile_refuses(t *testing.T) {
	long := strings.Repeat("x", 63)
	for pattern, want := range map[string]string{
		"etc/shadow":             "does not start with a slash and a name",
		"/":                      "does not start with a slash and a name",
		"":                       "does not start with a slash and a name",
		"/a//b":                  `has the element ""`,
		"/a/../b":                `has the element ".."`,
		"/a/[bc]":                "the one wildcard is *",
		"/a/*b*":                 "an element may have one *",
		"/" + long:               "63 bytes before any * are more than 62",
		"/*" + long[:9]:          "9 bytes behind the * are more than 8",
		strings.Repeat("/x", 65): "has 65 elements, more than 64",
	} {
		_, err := Compile([]string{pattern})
		assert.ErrorContains(t, err, want, pattern)
	}
	var many, suffixes []string
	for i := range 65 {
		many = append(many, fmt.Sprintf("/a/b/c/%d", i))
	}
	for i := range 17 {
		suffixes = append(suffixes, fmt.Sprintf("/*%d", i))
	}
	_, err := Compile(many)
	require.ErrorContains(t, err, `"/a/b/c/64" does not fit any more`)
	_, err = Compile(many[:64])
	require.NoError(t, err)
	_, err = Compile(suffixes)
	require.ErrorContains(t, err, "does not fit any more")
}

func TestCompile_nothing(t *testing.T) {
	set, err := Compile(nil)
	require.NoError(t, err)
	assert.Empty(t, set.matches("/etc/shadow"))
}
