// SPDX-License-Identifier: Apache-2.0

package judging

import "time"

// eventAheadMax and eventLateMax are how far the time of an event may be from that of its workload. Beyond, it takes eventsAstrayMax of them in a
// row until the time of the workload is theirs.
const (
	eventAheadMax   = 10 * time.Minute
	eventLateMax    = time.Hour
	eventsAstrayMax = 64
)
