// SPDX-License-Identifier: Apache-2.0

package generalise

import (
	"bytes"
	"strings"
)

// Lengths from which something is taken for what it looks like.
const (
	identifierBytesMin = 8
	hexBytesMin        = 12
	uuidBytes          = 36
)

// addName adds a name, generalised. It goes over the name token by token; a token is what consists of letters and digits.
func (o *Object) addName(name string) {
	if at := madeUpEnding(name); at > 0 {
		o.addName(name[:at])
		o.add(placeTemporary)
		return
	}
	i := o.addTemporary(name)
	for i < len(name) {
		if !alphanumeric(name[i]) {
			o.addByte(name[i])
			i++
			continue
		}
		if strings.HasPrefix(name[i:], podPrefix) && uuid(name[i+len(podPrefix):]) {
			o.add(podPrefix)
			i += len(podPrefix)
		}
		if uuid(name[i:]) {
			o.add(placeUUID)
			i += uuidBytes
			continue
		}
		if n := numbers(name[i:]); n > 0 {
			o.add(placeNumber)
			i += n
			continue
		}
		n := token(name[i:])
		o.addToken(name[i : i+n])
		i += n
	}
}

// addToken adds letters and digits that are no number.
func (o *Object) addToken(word string) {
	digits, hex := 0, true
	for i := range len(word) {
		if digit(word[i]) {
			digits++
		} else if !hexLetter(word[i]) {
			hex = false
		}
	}
	switch {
	case digits == 0 && (!hex || len(word) < identifierBytesMin): // no word has eight letters from a to f only
		o.add(word)
	case hex && len(word) >= hexBytesMin:
		o.add(placeHex)
	case len(word) >= identifierBytesMin:
		o.add(placeIdentifier)
	default:
		o.addShort(word)
	}
}

// addShort keeps a single digit, which is often part of a name (python3), and replaces more of them (worker12).
func (o *Object) addShort(word string) {
	for i := 0; i < len(word); {
		n := 0
		for i+n < len(word) && digit(word[i+n]) {
			n++
		}
		switch {
		case n >= 2:
			o.add(placeNumber)
			i += n
		default:
			o.addByte(word[i])
			i++
		}
	}
}

// loosen reads a name, the last so far, in its other way: as one that consists of a random part and perhaps an extension, where the
// random part happens to be letters only, or to begin like a temporary file; or as one with an ending that mkstemp may have made up.
func (o *Object) loosen(name string) {
	if looseEnding(name) {
		o.loosenEnding()
		return
	}
	random := token(name)
	if random < len(name) && name[random] != '.' {
		return
	}
	place, stem := placeIdentifier, 0
	if !digitsIn(name[:random]) {
		place, stem = looseTemporary(name[:random])
	}
	if stem == 0 && random < identifierBytesMin {
		return
	}
	loose := append(o.loose[:0], '/')
	loose = append(append(loose, name[:stem]...), place...)
	segment := o.Segment(o.count - 1)
	extension := bytes.IndexByte(segment, '.')
	if random == len(name) {
		extension = len(segment)
	}
	if extension < 0 || len(loose)+len(segment)-extension > len(o.loose) {
		return
	}
	loose = append(loose, segment[extension:]...)
	if !bytes.Equal(loose, segment) {
		o.looseBytes = len(loose)
	}
}

func digitsIn(word string) bool {
	for i := range len(word) {
		if digit(word[i]) {
			return true
		}
	}
	return false
}

// podPrefix stands before the UID of a pod in the name of its cgroup.
const podPrefix = "pod"

// numbers returns how long the numbers are at the beginning of a text: digits with single separators between them, as in dates,
// times and versions. A number that letters touch is none, and neither is one that is as long as an identifier: one in fifty of those with
// eight hexadecimal digits has no letter.
func numbers(text string) int {
	end := 0
	for i := 0; i < len(text) && digit(text[i]); {
		start := i
		for i < len(text) && digit(text[i]) {
			i++
		}
		if i < len(text) && alphanumeric(text[i]) || i-start >= identifierBytesMin {
			break
		}
		end = i
		if i < len(text) && (text[i] == '.' || text[i] == '-' || text[i] == '_' || text[i] == ':') {
			i++
		}
	}
	return end
}

// token returns how long the letters and digits are at the beginning of a text.
func token(text string) int {
	n := 0
	for n < len(text) && alphanumeric(text[n]) {
		n++
	}
	return n
}

// uuid tells whether a text begins with a UUID in its usual form.
func uuid(text string) bool {
	if len(text) < uuidBytes || len(text) > uuidBytes && alphanumeric(text[uuidBytes]) {
		return false
	}
	for i := range uuidBytes {
		switch i {
		case 8, 13, 18, 23:
			if text[i] != '-' {
				return false
			}
		default:
			if !digit(text[i]) && !hexLetter(text[i]) {
				return false
			}
		}
	}
	return true
}

func digit(b byte) bool        { return b >= '0' && b <= '9' }
func upper(b byte) bool        { return b >= 'A' && b <= 'Z' }
func hexLetter(b byte) bool    { return b >= 'a' && b <= 'f' || b >= 'A' && b <= 'F' }
func letter(b byte) bool       { return b >= 'a' && b <= 'z' || upper(b) }
func alphanumeric(b byte) bool { return digit(b) || letter(b) }
