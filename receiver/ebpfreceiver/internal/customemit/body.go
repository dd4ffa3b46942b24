// SPDX-License-Identifier: Apache-2.0

package customemit

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/btfvalue"
)

// body is a sentence with gaps.
type body struct {
	parts    []bodyPart
	bytesMax int
}

// bodyPart is words, and the field whose value follows them; nil at the end.
type bodyPart struct {
	words string
	field *btfvalue.Field
}

// parseBody reads a sentence in which {field} stands for a value. find finds the fields.
func parseBody(text string, bytesMax int, find lookup) (body, error) {
	b := body{bytesMax: bytesMax}
	for {
		words, rest, gap := strings.Cut(text, "{")
		if !gap {
			b.parts = append(b.parts, bodyPart{words: words})
			return b, nil
		}
		path, behind, closed := strings.Cut(rest, "}")
		if !closed {
			return b, fmt.Errorf("%q has a { without a }", text)
		}
		field, err := find(path)
		if err != nil {
			return b, err
		}
		if !field.Kind().IsScalar() {
			return b, fmt.Errorf("field %q has many values: a sentence has room for one", path)
		}
		b.parts = append(b.parts, bodyPart{words: words, field: field})
		text = behind
	}
}

// fill returns the sentence for a record.
func (b *body) fill(w *writer, record []byte) string {
	if len(b.parts) == 1 {
		return b.parts[0].words
	}
	var space [256]byte
	text := space[:0]
	for _, part := range b.parts {
		text = append(text, part.words...)
		if part.field != nil {
			text = w.appendWords(text, part.field.Value(record))
		}
		if len(text) > b.bytesMax {
			w.counters.TextsCut.Add(1)
			return wholeCharacters(text[:b.bytesMax])
		}
	}
	return string(text)
}

// appendWords appends a value for people: control characters, which could forge lines, are spelled out.
func (w *writer) appendWords(text []byte, v btfvalue.Value) []byte {
	if v.Kind() != btfvalue.KindText {
		return v.AppendText(text)
	}
	words := w.text(v)
	if strings.IndexFunc(words, unicode.IsControl) < 0 {
		return append(text, words...)
	}
	for _, r := range words {
		if !unicode.IsControl(r) {
			text = utf8.AppendRune(text, r)
			continue
		}
		quoted := strconv.QuoteRune(r)
		text = append(text, quoted[1:len(quoted)-1]...)
	}
	return text
}

// wholeCharacters is text without what is left of a character at its end.
func wholeCharacters(text []byte) string {
	return strings.ToValidUTF8(string(text), "")
}
