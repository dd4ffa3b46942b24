// SPDX-License-Identifier: Apache-2.0

package sourcestate

import (
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
)

var now = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

func TestRecorder(t *testing.T) {
	r := New("pod", "node")
	assert.Equal(t, Starting, r.Snapshot()[0].Phase)
	r.Listing("pod")
	assert.Equal(t, Listing, r.Snapshot()[0].Phase)
	assert.True(t, r.Failed("pod", ReasonForbidden, errors.New("no")))
	assert.False(t, r.Failed("pod", ReasonForbidden, errors.New("no")), "no news")
	r.Listing("pod")
	assert.Equal(t, Forbidden, r.Snapshot()[0].Phase, "it is tried again, and nothing is better yet")
	assert.True(t, r.Failed("pod", ReasonTimeout, errors.New("slow")), "another trouble is news")
	r.Listed("pod", true, now)
	assert.True(t, r.Well("pod"))
	assert.False(t, r.Well("pod"))
	r.Listing("pod")
	r.Listing("pod")
	r.Requested("pod", true)
	r.Requested("pod", false)
	r.Heard("pod", true, now.Add(time.Second))
	r.Heard("pod", false, now.Add(2*time.Second))
	r.Unusable("pod")
	r.Noted("pod", ReasonExpired)
	r.Cut("pod")
	assert.Equal(t, Kind{
		Kind: "pod", Phase: Disconnected, Complete: true, LastHeard: now.Add(2 * time.Second),
		Lists: 1, Watches: 1, Restarts: 1, Events: 1, Bookmarks: 1, Unusable: 1,
		Errors: map[Reason]uint64{ReasonForbidden: 2, ReasonTimeout: 1, ReasonExpired: 1, ReasonCut: 1},
	}, r.Snapshot()[0])
	assert.False(t, r.AllComplete(), "nodes are missing")
	r.Listed("node", true, now)
	assert.True(t, r.AllComplete())
	r.Listed("node", false, now)
	assert.True(t, r.AllComplete(), "what was complete once does not become incomplete")
}

func TestShorten(t *testing.T) {
	text := Shorten(errors.New(strings.Repeat("é", 1000) + "\xff"))
	assert.LessOrEqual(t, len(text), errorBytesMax)
	assert.True(t, utf8.ValidString(text))
}
