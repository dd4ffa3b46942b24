// SPDX-License-Identifier: Apache-2.0

package record

// Outcome is what became of the reading of a record.
type Outcome uint8

// Outcomes.
const (
	// Read is a record that can be judged.
	Read Outcome = iota
	// NotJudged is one of a kind that detection has nothing to say about.
	NotJudged
	// Unresolved is one of which it is not known whose it is, or who is at the far end: judged by less than what others were judged by,
	// it would be unusual only because something is not known.
	Unresolved
	// Unreadable is one that lacks something that belongs to it, or has no value for it that could be.
	Unreadable
	// Context is one that is not judged, and tells who belongs to whom: that a process was made or has ended.
	Context
	outcomeEnd
)

// Outcomes is the number of outcomes, which are counted from 0.
const Outcomes = int(outcomeEnd)
