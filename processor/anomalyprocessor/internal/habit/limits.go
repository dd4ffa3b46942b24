// SPDX-License-Identifier: Apache-2.0

package habit

import "time"

const (
	// entriesMax bounds the entries of a table, whatever room there is. At it, or at the bytes that the owner allows, the entry that was not
	// seen for the longest time is replaced if that is longer than staleAfter; otherwise the new one is omitted, and counted.
	entriesMax = 512
	staleAfter = 30 * 24 * time.Hour
	// entryBytes is what an entry takes besides its texts, with its share of the index; a test holds it to that.
	entryBytes = 272
	// textBytesMax is how long a text is at most; what has a longer one is omitted.
	textBytesMax = 256
	// networksMax is how many networks outside of the cluster are told apart per direction, transport and port; beyond it, all are one.
	networksMax = 32
	// labelsMax is how many labels of pods are kept, each value counted.
	labelsMax = 16
	// spacing is how far apart in time something has to be seen to count as seen another time.
	spacing = 10 * time.Minute
)
