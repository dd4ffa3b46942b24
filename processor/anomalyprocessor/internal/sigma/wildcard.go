// SPDX-License-Identifier: Apache-2.0

package sigma

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
)

// wildcard is a piece of a value in a rule: text, or one of the two wildcards.
type piece struct {
	text string
	// wildcard is '*' or '?'; 0 if the piece is text.
	wildcard byte
}

// parseWildcards splits a value into text and wildcards (specification, "String Wildcard" and "Escaping"): a
// backslash before a wildcard or a backslash takes its meaning away, any other backslash stands for itself.
func parseWildcards(value string) []piece {
	var pieces []piece
	var text strings.Builder
	flush := func() {
		if text.Len() > 0 {
			pieces = append(pieces, piece{text: text.String()})
			text.Reset()
		}
	}
	for i := 0; i < len(value); i++ {
		c := value[i]
		switch {
		case c == '\\' && i+1 < len(value) && strings.IndexByte(`\*?`, value[i+1]) >= 0:
			i++
			text.WriteByte(value[i])
		case c == '*' || c == '?':
			flush()
			pieces = append(pieces, piece{wildcard: c})
		default:
			text.WriteByte(c)
		}
	}
	flush()
	return pieces
}

// plain returns the text of pieces without wildcards.
func plain(pieces []piece) (string, bool) {
	switch {
	case len(pieces) == 0:
		return "", true
	case len(pieces) == 1 && pieces[0].wildcard == 0:
		return pieces[0].text, true
	}
	return "", false
}

// shape is how a pattern is compared.
type shape uint8

const (
	whole shape = iota
	prefix
	suffix
	within
	chain  // parts between wildcards, in order
	regexy // a regular expression
)

// pattern is a compiled value with wildcards.
type pattern struct {
	shape shape
	text  []byte
	// parts are those of a chain; the first and the last one are anchored, and may be empty.
	parts [][]byte
	// expression stands for a value with "?" in it.
	expression *regexp.Regexp
	// grams are of what has to be somewhere in the text, none if that is cheap to find out.
	grams grams
}

// compilePattern compiles pieces; lower says that they are compared with text in lower case.
func compilePattern(pieces []piece, lower bool) pattern {
	var parts [][]byte
	var open []byte
	single := false
	for i, p := range pieces {
		switch {
		case p.wildcard == 0 && lower:
			open = appendLower(open, []byte(p.text))
		case p.wildcard == 0:
			open = append(open, p.text...)
		case p.wildcard == '?':
			single = true
		case i > 0 && pieces[i-1].wildcard == '*':
		default:
			parts = append(parts, open)
			open = nil
		}
	}
	parts = append(parts, open)
	if single {
		return pattern{shape: regexy, expression: expressionOf(pieces, lower)}
	}
	switch {
	case len(parts) == 1:
		return pattern{shape: whole, text: parts[0]}
	case len(parts) == 2 && len(parts[1]) == 0:
		return pattern{shape: prefix, text: parts[0]}
	case len(parts) == 2 && len(parts[0]) == 0:
		return pattern{shape: suffix, text: parts[1]}
	case len(parts) == 3 && len(parts[0]) == 0 && len(parts[2]) == 0:
		return pattern{shape: within, text: parts[1], grams: gramsOf(parts[1])}
	}
	longest := slices.MaxFunc(parts, func(a, b []byte) int { return len(a) - len(b) })
	return pattern{shape: chain, parts: parts, grams: gramsOf(longest)}
}

// expressionOf writes pieces as a regular expression. It always compiles: what is not a wildcard is quoted.
func expressionOf(pieces []piece, lower bool) *regexp.Regexp {
	var text strings.Builder
	text.WriteString(`(?s)\A`)
	for _, p := range pieces {
		switch {
		case p.wildcard == '*':
			text.WriteString(`.*`)
		case p.wildcard == '?':
			text.WriteString(`.`)
		case lower:
			text.WriteString(regexp.QuoteMeta(string(appendLower(nil, []byte(p.text)))))
		default:
			text.WriteString(regexp.QuoteMeta(p.text))
		}
	}
	text.WriteString(`\z`)
	return regexp.MustCompile(text.String())
}

func (p *pattern) matches(text []byte) bool {
	switch p.shape {
	case whole:
		return bytes.Equal(text, p.text)
	case prefix:
		return bytes.HasPrefix(text, p.text)
	case suffix:
		return bytes.HasSuffix(text, p.text)
	case within:
		return bytes.Contains(text, p.text)
	case chain:
		return inOrder(text, p.parts)
	case regexy:
		return p.expression.Match(text)
	}
	return false
}

// inOrder tells whether text begins with the first part, ends with the last one, and has the others between in their
// order. The leftmost place of each is as good as any, so the text is walked through once.
func inOrder(text []byte, parts [][]byte) bool {
	first, last := parts[0], parts[len(parts)-1]
	if len(text) < len(first)+len(last) || !bytes.HasPrefix(text, first) || !bytes.HasSuffix(text, last) {
		return false
	}
	text = text[len(first) : len(text)-len(last)]
	for _, part := range parts[1 : len(parts)-1] {
		at := bytes.Index(text, part)
		if at < 0 {
			return false
		}
		text = text[at+len(part):]
	}
	return true
}
