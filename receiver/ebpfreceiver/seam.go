// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"time"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
)

const (
	// seamEventsMax is how many of the last events a stream remembers for the one that replaces it.
	seamEventsMax = 256
	// seamWidth is the most that can lie between the two times at which two tracers see the same thing, one program after the other.
	seamWidth = time.Millisecond
)

// seen is that a thread did something, as one tracer saw it.
type seen struct {
	thread uint32
	kind   uint16
	at     uint64 // nanoseconds of CLOCK_BOOTTIME
}

// seam is where one stream ends and the next one begins. A moment divides them, but their programs see the same thing one after the other:
// if the moment lies between, it is before it for the old one and after it for the new one, and would be told twice.
type seam struct {
	last [seamEventsMax]seen
	next int
}

// told notes an event that the old stream has told.
func (s *seam) told(h *decode.Header) {
	s.last[s.next%seamEventsMax] = seen{h.Tid, h.Kind, h.TimeNs}
	s.next++
}

// tellsAgain says of an event of the new stream, which begins at a moment, whether the old one has told it. The programs of the old one run
// first, and a thread does one thing after the other: so what the new one sees of a thread next is what the old one saw of it last.
func (s *seam) tellsAgain(h *decode.Header, from uint64) bool {
	if s == nil || h.TimeNs > from+uint64(seamWidth) {
		return false
	}
	found := false
	for i := range s.last {
		one := &s.last[i]
		if one.at == 0 || one.at > h.TimeNs || one.thread != h.Tid || one.kind != h.Kind {
			continue
		}
		// With an earlier event of the thread the new one's program was not there yet, or it is past.
		found = found || one.at+uint64(seamWidth) >= h.TimeNs
		*one = seen{}
	}
	return found && h.TimeNs >= from
}
