// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
)

func TestSeam(t *testing.T) {
	const from, later = 1_000_000_000, uint64(seamWidth)
	event := func(thread uint32, kind uint16, at uint64) *decode.Header {
		return &decode.Header{Tid: thread, Kind: kind, TimeNs: at}
	}
	type judged struct {
		thread uint32
		kind   uint16
		at     uint64
		again  bool
	}
	for name, c := range map[string]struct {
		told []*decode.Header
		seen []judged
	}{
		"the moment lies between the two programs": {
			[]*decode.Header{event(1, 0, from-3)}, []judged{{1, 0, from + 2, true}, {1, 0, from + 9, false}},
		},
		"both saw it before": {
			[]*decode.Header{event(1, 0, from-9)}, []judged{{1, 0, from - 6, false}, {1, 0, from + 1, false}},
		},
		"one before, one across": {
			[]*decode.Header{event(1, 0, from-9), event(1, 0, from-2)}, []judged{{1, 0, from - 8, false}, {1, 0, from + 1, true}, {1, 0, from + 5, false}},
		},
		"another thread and another kind": {
			[]*decode.Header{event(1, 0, from-3)}, []judged{{2, 0, from + 1, false}, {1, 1, from + 1, false}, {1, 0, from + 2, true}},
		},
		"long before": {
			[]*decode.Header{event(1, 0, from-later-3)}, []judged{{1, 0, from + 2, false}},
		},
		"long after": {
			[]*decode.Header{event(1, 0, from-3)}, []judged{{1, 0, from + later + 1, false}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := &seam{}
			for _, h := range c.told {
				s.told(h)
			}
			for _, j := range c.seen {
				assert.Equal(t, j.again, s.tellsAgain(event(j.thread, j.kind, j.at), from), "%+v", j)
			}
		})
	}
	var none *seam
	assert.False(t, none.tellsAgain(event(1, 0, from), from), "nothing was replaced")
}

func TestSeam_bounded(t *testing.T) {
	s := &seam{}
	const from = 1_000_000_000
	for i := range uint64(3 * seamEventsMax) {
		s.told(&decode.Header{Tid: 1, TimeNs: from - 3*seamEventsMax + i})
	}
	assert.True(t, s.tellsAgain(&decode.Header{Tid: 1, TimeNs: from + 1}, from))
	assert.False(t, s.tellsAgain(&decode.Header{Tid: 1, TimeNs: from + 2}, from))
}
