// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"fmt"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
)

// A node takes 48 bytes at most with the free slots that a full table keeps.
func TestNode_size(t *testing.T) {
	assert.EqualValues(t, nodeBytes, unsafe.Sizeof(node{}))
	full := newTable(4096)
	for key := uint64(1); !full.full(); key++ {
		full.place(node{key: mix(key, 1)})
	}
	assert.LessOrEqual(t, float64(len(full.slots)*nodeBytes)/float64(full.used), 48.0)
	assert.LessOrEqual(t, int(unsafe.Sizeof(Profile{}))+8*versionsMax, fixedBytes)
}

func TestTable_isAMap(t *testing.T) {
	table := newTable(100)
	for key := uint64(1); key <= 75; key++ {
		assert.Nil(t, table.find(mix(key, 7)))
		table.place(node{key: mix(key, 7), observations: uint32(key)})
	}
	table.resize(333)
	for key := uint64(1); key <= 75; key++ {
		require.NotNil(t, table.find(mix(key, 7)))
		assert.EqualValues(t, key, table.find(mix(key, 7)).observations)
	}
	assert.Len(t, table.all(), 75)
}

func TestTable_forgetsWhatIsWorthLeast(t *testing.T) {
	table := newTable(32)
	table.place(node{key: 1, flags: flagKnown, last: 1, observations: 9})
	table.place(node{key: 2, flags: flagForbidden, last: 0, observations: 1})
	table.place(node{key: 3, last: 9, observations: 1, depth: 1}) // of a flood, and new
	table.place(node{key: 4, last: 9, observations: 1, depth: 2})
	table.place(node{key: 5, last: 8, observations: 2})
	for _, forgotten := range []uint64{4, 3, 5, 1, 2} {
		table.evict()
		assert.Nil(t, table.find(forgotten), forgotten)
	}
	assert.EqualValues(t, 5, table.evicted)
	assert.Zero(t, table.used)
}

// flood makes events that are all different: of other programs, about other folders.
func flood(i int) behaviour.Event {
	return behaviour.Event{
		Workload: "shop/web", Instance: "a", Time: beginning.Add(time.Duration(i) * time.Second), Process: behaviour.ProcessKey{PID: 7},
		Executable: "/srv/" + letters(i), Action: behaviour.Write, Path: fmt.Sprintf("/%s/%s/%s", letters(i%97), letters(i%1009), letters(i)),
	}
}

// However much is different, a profile stays within its bytes, and what is normal stays normal.
func TestProfile_bounded(t *testing.T) {
	s := newStage(t)
	s.command([]string{"do", "/app", "exec", "/usr/bin/gzip", "x50", "every=1m"})
	s.profile.EndLearning()
	for i := range 50000 {
		e := flood(i)
		s.observation.From(s.generaliser, &e)
		s.profile.Begin(s.observation, e.Time)
		s.profile.Judge(s.observation)
		s.profile.Learn(s.observation)
		if stats := s.profile.Stats(); stats.Bytes > DefaultLimits().ProfileBytesMax {
			t.Fatalf("%d bytes after %d events", stats.Bytes, i)
		}
	}
	stats := s.profile.Stats()
	assert.Positive(t, stats.Evicted)
	assert.GreaterOrEqual(t, stats.Bytes, DefaultLimits().ProfileBytesMax-DefaultLimits().habitBytesMax()-nodeBytes)
	assert.Equal(t, "normal, watching", s.command([]string{"do", "/app", "exec", "/usr/bin/gzip"}))
}
