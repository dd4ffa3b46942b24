// SPDX-License-Identifier: Apache-2.0

package arrival

import "time"

// Limits, each with what happens when it is hit. All are counted in Stats.
const (
	// acceptedMax bounds the connections whose accepting is remembered, of some 110 bytes each. One takes the place of another by chance, so that a busy
	// service leaves less time between the events of two ends. It is a power of two.
	acceptedMax = 4096
	// openedMax bounds the connections whose opening is remembered: the oldest goes for another.
	openedMax = 512
	// arrivalsMax bounds those of which both ends are known: the oldest goes for another.
	arrivalsMax = 512
	// textBytesMax bounds an executable and a far end that are kept; a longer one is as good as none.
	textBytesMax = 512
	// gapMax is how far the times of both ends may differ. It is by one clock, but a connection can wait to be accepted.
	gapMax = time.Minute
)
