// SPDX-License-Identifier: Apache-2.0

package sigma

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// transform applies base64, base64offset and windash to a value, in the order in which they are written. One value
// may become several, of which any will do.
func (m *modifiers) transform(value []piece) ([][]piece, error) {
	values := [][]piece{value}
	for _, name := range m.transformations {
		var changed [][]piece
		for _, value := range values {
			text, ok := plain(value)
			switch {
			case name == "windash":
				variants, err := dashVariants(value)
				if err != nil {
					return nil, err
				}
				changed = append(changed, variants...)
			case !ok:
				return nil, fmt.Errorf("%s can't encode wildcards: escape them with a backslash", name)
			case text == "":
				return nil, fmt.Errorf("%s of nothing is everywhere", name)
			case name == "base64":
				changed = append(changed, []piece{{text: base64.StdEncoding.EncodeToString([]byte(text))}})
			default:
				for _, variant := range base64Offsets(text) {
					changed = append(changed, []piece{{text: variant}})
				}
			}
		}
		values = changed
		if len(values) > valueVariantsMax {
			return nil, fmt.Errorf("the modifiers make more than %d variants of the value", valueVariantsMax)
		}
	}
	return values, nil
}

// base64Offsets returns how a text looks within a longer one that is encoded in Base64, for each of the three places
// where it can begin (specification, "Encoding"). Characters that depend on what is before or behind are left out.
func base64Offsets(text string) []string {
	var variants []string
	for offset := range 3 {
		encoded := base64.StdEncoding.EncodeToString(append(make([]byte, offset, offset+len(text)), text...))
		// Each character stands for 6 bits: those with bits of the offset bytes go, and of what follows the text.
		first := (offset*8 + 5) / 6
		last := (offset + len(text)) * 8 / 6
		if first < last {
			variants = append(variants, encoded[first:last])
		}
	}
	return variants
}

// dashes are what may stand before an option of a command line (specification, "String Modifiers", windash).
var dashes = []string{"-", "/", "–", "—", "―"}

var errDashes = errors.New("windash makes too many variants: there are more than three dashes in the value")

// dashVariants returns a value with every combination of dashes for those that begin a word: "-a" but not "a-b".
func dashVariants(value []piece) ([][]piece, error) {
	variants := [][]piece{nil}
	for i, p := range value {
		texts := []piece{p}
		if p.wildcard == 0 {
			written, err := dashTexts(p.text, i > 0 && value[i-1].wildcard == '?')
			if err != nil {
				return nil, err
			}
			texts = written
		}
		if len(variants)*len(texts) > valueVariantsMax {
			return nil, errDashes
		}
		var longer [][]piece
		for _, variant := range variants {
			for _, text := range texts {
				longer = append(longer, append(slices.Clip(variant), text))
			}
		}
		variants = longer
	}
	return variants, nil
}

// dashTexts returns a text with every combination of dashes. inWord says that something stands before it.
func dashTexts(text string, inWord bool) ([]piece, error) {
	variants := []string{""}
	for at := 0; at < len(text); {
		width := dashAt(text[at:])
		_, size := utf8.DecodeRuneInString(text[at:])
		if width == 0 || inWord || !wordAt(text[at+width:]) {
			for i := range variants {
				variants[i] += text[at : at+size]
			}
			inWord = wordAt(text[at:])
			at += size
			continue
		}
		if len(variants)*len(dashes) > valueVariantsMax {
			return nil, errDashes
		}
		var longer []string
		for _, variant := range variants {
			for _, dash := range dashes {
				longer = append(longer, variant+dash)
			}
		}
		variants, inWord = longer, false
		at += width
	}
	pieces := make([]piece, 0, len(variants))
	for _, variant := range variants {
		pieces = append(pieces, piece{text: variant})
	}
	return pieces, nil
}

// dashAt returns how many bytes a dash at the beginning has, 0 if there is none.
func dashAt(text string) int {
	for _, dash := range dashes {
		if strings.HasPrefix(text, dash) {
			return len(dash)
		}
	}
	return 0
}

// wordAt tells whether a text begins with a letter, a digit or an underscore.
func wordAt(text string) bool {
	if text == "" {
		return false
	}
	c := text[0]
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
