// SPDX-License-Identifier: Apache-2.0

package generalise

import (
	"bytes"
	"strings"
)

// loosenEnding puts what stands for a temporary name in the place of the last six letters and digits, or of what became of them.
func (o *Object) loosenEnding() {
	segment := o.Segment(o.count - 1)
	stem := bytes.LastIndexByte(segment, '.') + 1
	if stem == 0 || stem+len(placeTemporary) > len(o.loose) {
		return
	}
	loose := append(append(o.loose[:0], segment[:stem]...), placeTemporary...)
	if !bytes.Equal(loose, segment) {
		o.looseBytes = len(loose)
	}
}

// looseTemporary returns how letters can be read that may have been made up for a temporary file, and how long its stem is.
func looseTemporary(letters string) (place string, stem int) {
	for _, s := range temporaryStems {
		if rest := len(letters) - len(s); strings.HasPrefix(letters, s) && (rest == 6 || rest == 8 || rest == 10) {
			return placeTemporary, len(s)
		}
	}
	return placeIdentifier, 0
}

// temporaryStems begin names that mkstemp and its like complete, by six, eight or ten characters.
var temporaryStems = [...]string{"tmp", "cc", "st", "sess_", "php", "pip-", "npm-", "vte", "go-build", "sh-thd.", "dpkg-", "apt.", "rsync."}

// addTemporary adds the beginning of a name that was made up for a temporary file, and returns how long it is.
func (o *Object) addTemporary(name string) int {
	for _, stem := range temporaryStems {
		if !strings.HasPrefix(name, stem) {
			continue
		}
		start, end := len(stem), madeUp(name, len(stem))
		if end == 0 && stem == "tmp" && len(name) > start && (name[start] == '.' || name[start] == '-' || name[start] == '_') {
			start++
			end = madeUp(name, start)
		}
		if end > 0 {
			o.add(name[:start])
			o.add(placeTemporary)
			return end
		}
	}
	return 0
}

// endingBytes is how many characters mkstemp makes up.
const endingBytes = 6

// looseEnding tells whether six letters and digits at the end of a name may have been made up for a copy of a file: by chance they have no capital, as in
// config.json.xa3byq. Letters only, behind a single name that may be made up itself, are rather an extension.
func looseEnding(name string) bool {
	at := len(name) - endingBytes
	if at < 2 || name[at-1] != '.' {
		return false
	}
	letters, words := 0, true
	for i := at; i < len(name); i++ {
		switch {
		case letter(name[i]):
			letters++
			words = words && !upper(name[i])
		case digit(name[i]):
			words = false
		default:
			return false
		}
	}
	return letters > 0 && (!words || token(name) < identifierBytesMin || token(name) < at-1)
}

// madeUpEnding returns where an ending begins that mkstemp made up for a copy of a file, as in config.json.Xa3bYq; 0 if it does not look so. A capital
// at its beginning only could be a word.
func madeUpEnding(name string) int {
	at := len(name) - endingBytes
	if at < 2 || name[at-1] != '.' {
		return 0
	}
	capital, small := false, false
	for i := at; i < len(name); i++ {
		if !alphanumeric(name[i]) {
			return 0
		}
		capital = capital || upper(name[i]) && i > at
		small = small || !upper(name[i])
	}
	if !capital || !small {
		return 0
	}
	return at
}

// madeUp returns where the part of a name ends that was made up and begins at start; 0 if it does not look so. Go makes up a number of 32 bits, which has
// an odd number of digits as well.
func madeUp(name string, start int) int {
	end, mixed, number := start, false, true
	for end < len(name) && (alphanumeric(name[end]) || name[end] == '_') {
		mixed = mixed || name[end] == '_' || digit(name[end]) || upper(name[end])
		number = number && digit(name[end])
		end++
	}
	if end < len(name) && name[end] != '.' {
		return 0
	}
	switch end - start {
	case 6, 8, 10:
		if mixed {
			return end
		}
	case 7, 9:
		if number {
			return end
		}
	}
	return 0
}
