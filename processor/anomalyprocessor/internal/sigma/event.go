// SPDX-License-Identifier: Apache-2.0

package sigma

import (
	"bytes"
	"net/netip"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Event is what rules are compared with. It is filled anew for each event and keeps its memory, so that nothing is
// allocated once its buffers have grown: at most twice eventValueBytesMax for each field. The zero value is an event
// of ProcessCreation with no fields. An Event is for one goroutine.
type Event struct {
	category Category
	// They have a bit for each field: whether it was set, and whether lower and grams are filled.
	present, lowered, noted uint64
	cut                     int
	values                  [fieldCount]value
}

type value struct {
	raw, lower []byte
	number     int64
	// counted tells whether number is one.
	counted bool
	address netip.Addr
	// grams are those of lower; allocated when they are first asked for.
	grams *gramSet
}

// Reset makes it an event of the category without any field.
func (e *Event) Reset(c Category) {
	e.category, e.present, e.lowered, e.noted, e.cut = c, 0, 0, 0, 0
}

// Cut tells how many texts were cut since Reset, because the value was longer than eventValueBytesMax.
func (e *Event) Cut() int { return e.cut }

// SetText sets a field. Of a field that holds an IP address the text is read as one. An empty text is a value too.
func (e *Event) SetText(f Field, text string) {
	e.begin(f)
	e.add(f, text)
	v := &e.values[f]
	switch mappings[f].kind {
	case addressKind:
		// The zone of a link-local address says nothing about what it is compared with.
		text, _, _ = strings.Cut(text, "%")
		v.address, _ = netip.ParseAddr(text)
		v.address = v.address.Unmap()
	case numberKind:
		number, err := strconv.ParseInt(text, 10, 64)
		v.number, v.counted = number, err == nil
	}
}

// SetNumber sets a field to a whole number.
func (e *Event) SetNumber(f Field, number int64) {
	e.begin(f)
	v := &e.values[f]
	v.number, v.counted = number, true
	v.raw = strconv.AppendInt(v.raw, number, 10)
}

// SetTruth sets a field to "true" or "false".
func (e *Event) SetTruth(f Field, truth bool) {
	e.begin(f)
	e.values[f].raw = strconv.AppendBool(e.values[f].raw, truth)
}

// AddText sets a field if it is not set, and otherwise adds the text to it after a space: of arguments, one after the
// other.
func (e *Event) AddText(f Field, text string) {
	if e.present&(1<<f) == 0 {
		e.begin(f)
	} else {
		e.add(f, " ")
	}
	e.add(f, text)
	e.changed(f)
}

// changed forgets what was made of the value.
func (e *Event) changed(f Field) {
	e.lowered &^= 1 << f
	e.noted &^= 1 << f
}

func (e *Event) begin(f Field) {
	e.present |= 1 << f
	e.changed(f)
	v := &e.values[f]
	v.raw, v.number, v.counted, v.address = v.raw[:0], 0, false, netip.Addr{}
}

func (e *Event) add(f Field, text string) {
	v := &e.values[f]
	room := eventValueBytesMax - len(v.raw)
	if len(text) > room {
		text = text[:room]
		e.cut++
	}
	v.raw = append(v.raw, text...)
}

func (e *Event) has(f Field) bool { return e.present&(1<<f) != 0 }

// text returns the value of a field that is present, as it is or in lower case.
func (e *Event) text(f Field, cased bool) []byte {
	v := &e.values[f]
	if cased {
		return v.raw
	}
	if e.lowered&(1<<f) == 0 {
		v.lower = appendLower(v.lower[:0], v.raw)
		e.lowered |= 1 << f
	}
	return v.lower
}

// gramsOf returns the grams of a field that is present, in lower case.
func (e *Event) gramsOf(f Field) *gramSet {
	v := &e.values[f]
	if e.noted&(1<<f) != 0 {
		return v.grams
	}
	if v.grams == nil {
		v.grams = new(gramSet)
	}
	v.grams.fill(e.text(f, false))
	e.noted |= 1 << f
	return v.grams
}

// lastElement returns what follows the last slash of a path that is present, in lower case.
func (e *Event) lastElement(f Field) []byte {
	path := e.text(f, false)
	return path[bytes.LastIndexByte(path, '/')+1:]
}

// appendLower appends the text in lower case, letter by letter, so that what is said of rules and of events is the
// same. Bytes that are no text stay as they are.
func appendLower(to, text []byte) []byte {
	for len(text) > 0 {
		if c := text[0]; c < utf8.RuneSelf {
			if 'A' <= c && c <= 'Z' {
				c += 'a' - 'A'
			}
			to = append(to, c)
			text = text[1:]
			continue
		}
		r, size := utf8.DecodeRune(text)
		if r == utf8.RuneError && size == 1 {
			to = append(to, text[0])
		} else {
			to = utf8.AppendRune(to, unicode.ToLower(r))
		}
		text = text[size:]
	}
	return to
}
