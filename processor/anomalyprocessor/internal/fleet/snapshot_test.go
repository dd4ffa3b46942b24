// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/delta"
)

// What was kept judges as before, estimates of many hosts included.
func TestSnapshot(t *testing.T) {
	now := time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	m := newModel(t, Limits{BehavioursMax: 1000, BytesMax: 1 << 20})
	for n := range 100 {
		m.Learn(Source{Host: host(n), Workload: "w", Version: 7, Sequence: 3}, normal(1, 1<<63), now)
	}
	m.Learn(Source{Host: host(1), Workload: "w", Sequence: 4}, delta.Table{Normal: []uint64{2}, Forbidden: []uint64{3}}, now)
	kept := m.Snapshot()
	data, err := json.Marshal(kept)
	require.NoError(t, err)
	var read [SnapshotPages]PageSnapshot
	require.NoError(t, json.Unmarshal(data, &read))
	for at := range read {
		require.NoError(t, read[at].Check())
	}
	again := newModel(t, Limits{BehavioursMax: 1000, BytesMax: 1 << 20})
	assert.Equal(t, m.Stats().Behaviours, again.Restore(read[:]))
	assert.Equal(t, kept, again.Snapshot())
	assert.Equal(t, m.Stats().Bytes, again.Stats().Bytes)
	for _, behaviour := range []uint64{1, 2, 3, 1 << 63} {
		i := incidentOf(behaviour)
		assert.Equal(t, m.Judge(i, Rules{3, 2}, now), again.Judge(i, Rules{3, 2}, now))
	}
	again.Learn(Source{Host: host(1), Workload: "w", Sequence: 4}, normal(9), now)
	assert.EqualValues(t, 1, again.Stats().Repeated, "numbers of deltas are known")
	assert.Zero(t, again.Restore(read[:]), "what is known is not taken in once more")
}

// Under lower limits what was told of last is taken in.
func TestSnapshot_lowerLimits(t *testing.T) {
	now := time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	m := newModel(t, Limits{BehavioursMax: 1000, BytesMax: 1 << 20})
	for n := range uint64(100) {
		m.Learn(Source{Host: host(1), Workload: "w", Sequence: int64(n) + 1}, normal(n+1), now)
	}
	kept := m.Snapshot()
	less := newModel(t, Limits{BehavioursMax: 10, BytesMax: 1 << 20})
	less.Restore(kept[:])
	assert.Equal(t, 10, less.Stats().Behaviours)
	assert.NotNil(t, less.look(100, epochOf(now)))
	assert.Nil(t, less.look(1, epochOf(now)))
}

func TestPageSnapshot_check(t *testing.T) {
	for name, crowd := range map[string]CrowdSnapshot{
		"half a pair": {Members: []uint32{1}}, "too many": {Members: make([]uint32, 2*exactMax+2)}, "an estimate of another form": {Sketch: []byte("nonsense")},
		"a large estimate": {Sketch: make([]byte, 1<<16)}, "an estimate of another precision": {Sketch: make([]byte, denseBytes)},
	} {
		page := PageSnapshot{Behaviours: []BehaviourSnapshot{{Behaviour: 1, Crowds: [2]CrowdSnapshot{crowd}}}}
		require.ErrorIs(t, page.Check(), errSnapshot, name)
		assert.Zero(t, newModel(t, Limits{BehavioursMax: 10, BytesMax: 1 << 20}).Restore([]PageSnapshot{page}), name)
	}
}

// BenchmarkSnapshot is how long nobody is judged while a model of the usual size is copied.
func BenchmarkSnapshot(b *testing.B) {
	now := time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	m := newModel(b, Limits{BehavioursMax: 100_000, BytesMax: 64 << 20})
	table := delta.Table{}
	for n := range uint64(100_000) {
		table.Normal = append(table.Normal, n*0x9e3779b97f4a7c15+1)
	}
	for n := range 5 {
		m.Learn(Source{Host: host(n), Workload: "w", Sequence: 1}, table, now)
	}
	for b.Loop() {
		m.Snapshot()
	}
}
