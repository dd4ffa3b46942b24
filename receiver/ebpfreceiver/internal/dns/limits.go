// SPDX-License-Identifier: Apache-2.0

package dns

import "time"

// Limits of the package. What happens when one is hit stands beside it; each has a counter.
const (
	// PendingMax is how many questions wait for their answer. Beyond it the oldest one is forgotten
	// without a word (counter: evicted). PendingBytesMax bounds the names in them.
	PendingMax      = 8192
	PendingBytesMax = 2 << 20
	// AnswerAddressesMax is how many addresses of an answer are kept. The others are counted in the
	// lookup itself.
	AnswerAddressesMax = 32
	// answerRecordsMax is how many records of an answer are looked at. A message with more is refused
	// (counter: malformed).
	answerRecordsMax = 1024
	// segmentMessagesMax is how many messages of one segment are looked at (counter: split).
	segmentMessagesMax = 32

	// NamesMax bounds the addresses that are remembered with a name, NamesPerWorkloadMax those of one
	// workload, and NameBytesMax their names. Beyond a limit the oldest one is forgotten (counter:
	// evicted).
	NamesMax            = 16384
	NamesPerWorkloadMax = 1024
	NameBytesMax        = 2 << 20
	// An address is remembered for as long as the answer allows, within these bounds: a process uses it
	// a little later, and one that keeps it for very long no longer means what the name stands for.
	nameLifeMin = time.Minute
	nameLifeMax = time.Hour
)
