// SPDX-License-Identifier: Apache-2.0

package apiobject

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// patterns choose keys of labels or annotations.
type patterns struct {
	exact map[string]bool
	// parts are the texts between the stars of a pattern that has some.
	parts [][]string
}

// compile reads patterns. where is the place in the configuration that errors name.
func compile(where string, texts []string) (patterns, error) {
	p := patterns{exact: map[string]bool{}}
	if len(texts) > patternsMax {
		return p, fmt.Errorf("%s: %d patterns, %d are allowed: use * to choose several keys with one", where, len(texts), patternsMax)
	}
	var all []error
	for index, text := range texts {
		switch {
		case text == "":
			all = append(all, fmt.Errorf("%s[%d]: empty: give a key, or * for all keys", where, index))
		case len(text) > attributeNameBytesMax:
			all = append(all, fmt.Errorf("%s[%d]: longer than %d bytes, as no key is", where, index, attributeNameBytesMax))
		case strings.Contains(text, "*"):
			p.parts = append(p.parts, strings.Split(text, "*"))
		default:
			p.exact[text] = true
		}
	}
	return p, errors.Join(all...)
}

func (p *patterns) none() bool { return len(p.exact) == 0 && len(p.parts) == 0 }

func (p *patterns) match(key string) bool {
	if p.exact[key] {
		return true
	}
	for _, parts := range p.parts {
		if matchParts(key, parts) {
			return true
		}
	}
	return false
}

// matchParts takes time in proportion to the key: each part is taken where it comes first.
func matchParts(key string, parts []string) bool {
	rest, ok := strings.CutPrefix(key, parts[0])
	if !ok {
		return false
	}
	last := parts[len(parts)-1]
	for _, part := range parts[1 : len(parts)-1] {
		_, after, found := strings.Cut(rest, part)
		if !found {
			return false
		}
		rest = after
	}
	return strings.HasSuffix(rest, last)
}

// shorten cuts a text to a length, between characters.
func shorten(text string, bytesMax int) string {
	for bytesMax > 0 && !utf8.RuneStart(text[bytesMax]) {
		bytesMax--
	}
	return text[:bytesMax]
}
