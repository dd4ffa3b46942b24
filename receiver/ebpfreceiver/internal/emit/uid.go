// SPDX-License-Identifier: Apache-2.0

package emit

import (
	"crypto/rand"
	"encoding/binary"
	"time"
)

// The form of a ULID, https://github.com/ulid/spec: 48 bits of time in milliseconds and 80 bits that make it unique, as letters of 5 bits each.
const (
	uidLetters     = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	uidBytes       = 26
	uidTimeBytes   = 10
	uidPrefixBytes = 18
	uidLetterBits  = 5
	uidHalfBits    = 40
)

// UIDs makes ids for records, which are ULIDs. Each maker has 40 bits of its own by chance, and counts from a place of chance on in the 40 bits
// that follow, so that ids of one maker and millisecond are in order, and two makers meet only if both agree in one millisecond. Chance is asked
// for once, not for each id. Not safe for concurrent use.
type UIDs struct {
	// text has the time and the maker's own bits already.
	text        [uidBytes]byte
	millisecond int64
	count       uint64
}

// NewUIDs returns a maker of ids.
func NewUIDs() *UIDs {
	var chance [16]byte
	_, _ = rand.Read(chance[:]) // it never fails
	return newUIDs(binary.LittleEndian.Uint64(chance[:8]), binary.LittleEndian.Uint64(chance[8:]))
}

// newUIDs returns a maker with the lower 40 bits of its own bits and of what it counts from.
func newUIDs(own, from uint64) *UIDs {
	u := &UIDs{millisecond: -1, count: from}
	putLetters(u.text[uidTimeBytes:uidPrefixBytes], own)
	return u
}

// next returns the id of a record of a time.
func (u *UIDs) next(at time.Time) string {
	if millisecond := max(at.UnixMilli(), 0); millisecond != u.millisecond {
		u.millisecond = millisecond
		putLetters(u.text[:uidTimeBytes], uint64(millisecond)&(1<<48-1))
	}
	u.count++
	putLetters(u.text[uidPrefixBytes:], u.count&(1<<uidHalfBits-1))
	return string(u.text[:])
}

// putLetters writes the lowest bits of a number, as many as there is room for.
func putLetters(to []byte, number uint64) {
	for at := len(to) - 1; at >= 0; at-- {
		to[at] = uidLetters[number&(1<<uidLetterBits-1)]
		number >>= uidLetterBits
	}
}
