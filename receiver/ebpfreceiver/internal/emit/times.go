// SPDX-License-Identifier: Apache-2.0

package emit

import "time"

// timeTextsMax is how many texts a timeTexts keeps; one takes the place of another then.
const timeTextsMax = 64

// timeTexts keeps the texts of times that were written lately. When a process and its parent were created stands in each of their records, and
// one process often has many records in a row. nil keeps none. Not safe for concurrent use.
type timeTexts struct {
	slots [timeTextsMax]struct {
		at   int64
		text string
	}
}

func (t *timeTexts) text(at time.Time) string {
	if t == nil {
		return formatTime(at)
	}
	nanoseconds := at.UnixNano()
	// The multiplier spreads times that differ in a few bits only (Knuth).
	slot := &t.slots[uint64(nanoseconds)*0x9E3779B97F4A7C15>>58]
	if slot.text == "" || slot.at != nanoseconds {
		slot.at, slot.text = nanoseconds, formatTime(at)
	}
	return slot.text
}
