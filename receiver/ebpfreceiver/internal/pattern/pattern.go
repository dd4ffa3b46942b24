// SPDX-License-Identifier: Apache-2.0

// Package pattern puts patterns of paths into the form in which the kernel half matches them. It knows nothing of
// maps or programs.
package pattern

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Limits of bpf/include/pattern.h.
const (
	words          = 4
	wordBits       = 64
	nameBytesMax   = 62
	suffixesMax    = 16
	suffixBytesMax = 8
	headsMax       = 4096
)

// Bits has one for each element of each pattern.
type Bits [words]uint64

// Suffix is the text behind the wildcard of an element: the last bytes of a name, read as a number.
type Suffix struct {
	Bytes, Mask, Bit       uint64
	NameBytesMin, Reserved uint32
}

// Heads has a bit for each way in which a name may begin.
type Heads [headsMax / 64]uint64

// pattern names files: an absolute path whose elements may each have one "*", which stands for any bytes within
// an element. With a slash at the end it names all files below a folder.
type pattern struct {
	text string
	// elements from the last one to the first.
	elements []element
	folder   bool
}

type element struct {
	prefix, suffix string
	wildcard       bool
}

// parse says what is wrong with a pattern that can't be matched.
func parse(text string) (pattern, error) {
	p := pattern{text: text, folder: strings.HasSuffix(text, "/")}
	trimmed, isAbsolute := strings.CutPrefix(strings.TrimSuffix(text, "/"), "/")
	if !isAbsolute || trimmed == "" {
		return p, errors.New("does not start with a slash and a name; only absolute paths can be matched")
	}
	for name := range strings.SplitSeq(trimmed, "/") {
		e, err := parseElement(name)
		if err != nil {
			return p, err
		}
		p.elements = append(p.elements, e)
	}
	if len(p.elements) > wordBits {
		return p, fmt.Errorf("has %d elements, more than %d", len(p.elements), wordBits)
	}
	slices.Reverse(p.elements)
	return p, nil
}

func parseElement(name string) (element, error) {
	var e element
	e.prefix, e.suffix, e.wildcard = strings.Cut(name, "*")
	switch {
	case name == "" || name == "." || name == "..":
		return e, fmt.Errorf("has the element %q, which is in no path that the kernel tells", name)
	case strings.ContainsAny(name, "?[\\\x00"):
		return e, fmt.Errorf("has the element %q; the one wildcard is *", name)
	case strings.Contains(e.suffix, "*"):
		return e, fmt.Errorf("has the element %q; an element may have one *", name)
	case len(e.prefix) > nameBytesMax:
		return e, fmt.Errorf("has the element %q; %d bytes before any * are more than %d", name, len(e.prefix), nameBytesMax)
	case len(e.suffix) > suffixBytesMax:
		return e, fmt.Errorf("has the element %q; %d bytes behind the * are more than %d", name, len(e.suffix), suffixBytesMax)
	}
	return e, nil
}

// text of the element in the trie: without wildcard the zero byte at the end of a name counts.
func (e element) key() string {
	if e.wildcard {
		return e.prefix
	}
	return e.prefix + "\x00"
}

func (p pattern) suffixes() int {
	n := 0
	for _, e := range p.elements {
		if e.suffix != "" {
			n++
		}
	}
	return n
}

// Set is patterns as the kernel half takes them.
type Set struct {
	// Files and Folders are the last elements of patterns, Roots the first ones.
	Files, Folders, Roots Bits
	Suffixes              [suffixesMax]Suffix
	// FileHeads and FolderHeads say how names of files and of folders may begin.
	FileHeads, FolderHeads Heads
	// Names are the elements, by their text in the trie.
	Names map[string]Bits
	// Texts are the patterns, by the number of their first element, from 1.
	Texts map[uint16]string

	used         [words]int
	suffixesUsed int
}

// Compile puts patterns together. It fails if one can't be matched, or if they don't fit.
func Compile(patterns []string) (*Set, error) {
	c := &Set{Names: map[string]Bits{}, Texts: map[uint16]string{}}
	var parsed []pattern
	for _, text := range patterns {
		p, err := parse(text)
		if err != nil {
			return nil, fmt.Errorf("%q %w", text, err)
		}
		parsed = append(parsed, p)
	}
	// Those with text behind a wildcard first: they have to be in the first word.
	slices.SortStableFunc(parsed, func(a, b pattern) int { return b.suffixes() - a.suffixes() })
	for _, p := range parsed {
		if err := c.add(p); err != nil {
			return nil, err
		}
	}
	c.closeNames()
	return c, nil
}

func (c *Set) add(p pattern) error {
	word := 0
	if p.suffixes() == 0 {
		for word < words-1 && c.used[word]+len(p.elements) > wordBits {
			word++
		}
	}
	if c.used[word]+len(p.elements) > wordBits || c.suffixesUsed+p.suffixes() > suffixesMax {
		return fmt.Errorf("%q does not fit any more: all patterns may have %d elements together, and those with text behind a * %d elements and %d such texts",
			p.text, words*wordBits, wordBits, suffixesMax)
	}
	for i, e := range p.elements {
		bit := uint64(1) << c.used[word]
		c.used[word]++
		key := e.key()
		bits := c.Names[key]
		bits[word] |= bit
		c.Names[key] = bits
		c.addHead(e, i == 0 && !p.folder)
		if e.suffix != "" {
			c.Suffixes[c.suffixesUsed] = suffixOf(e, bit)
			c.suffixesUsed++
		}
		switch {
		case i > 0:
		case p.folder:
			c.Folders[word] |= bit
		default:
			c.Files[word] |= bit
		}
		if i == len(p.elements)-1 {
			c.Roots[word] |= bit
			c.Texts[uint16(word*wordBits+c.used[word])] = p.text
		}
	}
	return nil
}

// suffixOf has the text where it stands in the last eight bytes of a name that are read as a number.
func suffixOf(e element, bit uint64) Suffix {
	s := Suffix{Bit: bit, NameBytesMin: uint32(len(e.prefix) + len(e.suffix))}
	for i := range len(e.suffix) {
		shift := 8 * (suffixBytesMax - len(e.suffix) + i)
		s.Bytes |= uint64(e.suffix[i]) << shift
		s.Mask |= 0xff << shift
	}
	return s
}

// addHead marks how names may begin that match an element.
func (c *Set) addHead(e element, isFile bool) {
	heads := &c.FolderHeads
	if isFile {
		heads = &c.FileHeads
	}
	key := e.key()
	for head := range headsMax {
		if len(key) > 0 && byte(head) != key[0] || len(key) > 1 && head>>8 != int(key[1]&15) {
			continue
		}
		heads[head/64] |= 1 << (head % 64)
	}
}

// closeNames adds to each entry what the shorter ones say, since the trie finds the longest alone.
func (c *Set) closeNames() {
	closed := map[string]Bits{}
	for name, bits := range c.Names {
		for other, more := range c.Names {
			// Only a text without a zero byte is the beginning of another one.
			if strings.HasPrefix(name, other) {
				for i := range bits {
					bits[i] |= more[i]
				}
			}
		}
		closed[name] = bits
	}
	c.Names = closed
}
