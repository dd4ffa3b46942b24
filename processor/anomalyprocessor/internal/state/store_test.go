// SPDX-License-Identifier: Apache-2.0

package state

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"
)

// memory is a storage that may refuse.
type memory struct {
	storage.Client

	values  map[string][]byte
	refuses func(*storage.Operation) bool
	batches int
}

func newMemory() *memory {
	return &memory{Client: storage.NewNopClient(), values: map[string][]byte{}, refuses: func(*storage.Operation) bool { return false }}
}

func (m *memory) Get(ctx context.Context, key string) ([]byte, error) {
	op := storage.GetOperation(key)
	return op.Value, m.Batch(ctx, op)
}

func (m *memory) Batch(_ context.Context, ops ...*storage.Operation) error {
	if slices.ContainsFunc(ops, m.refuses) {
		return errors.New("it refuses")
	}
	m.batches++
	for _, op := range ops {
		switch op.Type {
		case storage.Get:
			op.Value = m.values[op.Key]
		case storage.Set:
			m.values[op.Key] = op.Value
		case storage.Delete:
			delete(m.values, op.Key)
		}
	}
	return nil
}

// opened is a store that has read all of a storage.
func opened(t testing.TB, m *memory) (*Store, *Stats) {
	t.Helper()
	stats := new(Stats)
	s := New(m, stats, zap.NewNop())
	require.NoError(t, s.Open(context.Background()))
	for _, workload := range s.Unread() {
		_, err := s.Read(context.Background(), workload)
		require.NoError(t, err)
	}
	return s, stats
}

func parts(profile, incidents string) [Parts][]byte {
	return [Parts][]byte{[]byte(profile), []byte(incidents)}
}

func TestStore(t *testing.T) {
	m := newMemory()
	s, stats := opened(t, m)
	assert.True(t, s.Put("a", 3, parts("A", "I")))
	assert.True(t, s.Put("b", 1, parts("BB", "")))
	assert.True(t, s.Has("a", IncidentsPart))
	assert.False(t, s.Has("b", IncidentsPart))
	require.NoError(t, s.Flush(t.Context()))
	assert.EqualValues(t, 3, stats.Entries.Load())
	assert.EqualValues(t, 4, stats.Bytes.Load())
	assert.EqualValues(t, 1, stats.Batches.Load())
	assert.Len(t, m.values, 3+2)

	assert.False(t, s.Put("a", 4, parts("A", "I")), "it is the same")
	assert.False(t, s.Put("a", 4, [Parts][]byte{}), "nothing is said")
	before := m.batches
	require.NoError(t, s.Flush(t.Context()))
	assert.Equal(t, before, m.batches)
	assert.Equal(t, uint64(4), s.Used("a"))
	assert.Zero(t, s.Used("c"))

	s, stats = opened(t, m)
	assert.EqualValues(t, 4, stats.Bytes.Load())
	assert.ElementsMatch(t, []string{"a", "b"}, s.Known())
	assert.Equal(t, uint64(3), s.UsedMax())
	assert.True(t, s.Put("a", 5, parts("A", "")), "no incidents any more")
	s.Forget("b")
	s.Forget("never there")
	require.NoError(t, s.Flush(t.Context()))
	assert.EqualValues(t, 1, stats.Bytes.Load())
	assert.EqualValues(t, 1, stats.Entries.Load())
	s, _ = opened(t, m)
	assert.Equal(t, []string{"a"}, s.Known())
	read, err := s.Read(t.Context(), "a")
	require.NoError(t, err)
	assert.Equal(t, "A", string(read[ProfilePart]))
	assert.Nil(t, read[IncidentsPart])
	require.NoError(t, s.Close(t.Context()))
}

func TestStore_order(t *testing.T) {
	m := newMemory()
	s, _ := opened(t, m)
	for n := range 200 {
		s.Put(fmt.Sprint(n), uint64(1000-n), parts("A", ""))
	}
	require.NoError(t, s.Flush(t.Context()))
	s = New(m, new(Stats), zap.NewNop())
	require.ErrorIs(t, func() error { s.Put("new", 1, parts("A", "")); return s.Flush(t.Context()) }(), errNotOpen)
	require.NoError(t, s.Open(t.Context()))
	unread := s.Unread()
	assert.Equal(t, []string{"0", "1", "2"}, unread[:3])
	assert.Len(t, unread, 200)
	assert.False(t, s.Put("0", 1, parts("B", "")), "what was not read is not written over")
}

// What was refused counts as not written, and can be put again.
func TestStore_refused(t *testing.T) {
	m := newMemory()
	s, stats := opened(t, m)
	m.refuses = func(op *storage.Operation) bool { return op.Type != storage.Get }
	assert.True(t, s.Put("a", 1, parts("A", "")))
	require.ErrorContains(t, s.Flush(t.Context()), "it refuses")
	assert.Zero(t, stats.Bytes.Load())
	assert.EqualValues(t, 1, stats.WriteFailures.Load())
	m.refuses = func(*storage.Operation) bool { return false }
	require.NoError(t, s.Flush(t.Context()), "nothing is left of it")
	assert.True(t, s.Put("a", 1, parts("A", "")))
	require.NoError(t, s.Flush(t.Context()))

	m.refuses = func(op *storage.Operation) bool { return op.Key == pageKey(7) }
	s = New(m, stats, zap.NewNop())
	require.ErrorContains(t, s.Open(t.Context()), "read index/07")
	assert.False(t, s.Opened())
	m.refuses = func(op *storage.Operation) bool { return strings.HasPrefix(op.Key, "profile/") }
	require.NoError(t, s.Open(t.Context()))
	_, err := s.Read(t.Context(), "a")
	require.ErrorContains(t, err, "read what is kept of a")
	assert.Equal(t, []string{"a"}, s.Unread())
	assert.EqualValues(t, 2, stats.ReadFailures.Load())
	m.refuses = func(op *storage.Operation) bool { return op.Key == asideKey }
	require.ErrorContains(t, New(m, stats, zap.NewNop()).Open(t.Context()), "read aside")
}

// Batches are bounded.
func TestStore_full(t *testing.T) {
	s, _ := opened(t, newMemory())
	assert.False(t, s.Full())
	s.Put("a", 1, [Parts][]byte{make([]byte, WriteBytesMax)})
	assert.True(t, s.Full())
	require.NoError(t, s.Flush(t.Context()))
	assert.False(t, s.Full())
	for n := range WriteEntriesMax {
		s.Put(fmt.Sprint(n), 1, parts("A", ""))
	}
	assert.True(t, s.Full())
}

// What is larger than it can be is left out, and leaves the rest as it is.
func TestStore_noRoom(t *testing.T) {
	m := newMemory()
	s, stats := opened(t, m)
	assert.False(t, s.Put("a", 1, [Parts][]byte{make([]byte, profileBytesMax+1)}))
	assert.False(t, s.Put(strings.Repeat("a", 5000), 1, parts("A", "")))
	assert.EqualValues(t, 2, stats.Refused.Load())
	for n, in := 0, 0; in < pageBytesMax/4000; n++ {
		if workload := fmt.Sprintf("%04000d", n); pageOf(workload) == 0 {
			s.Put(workload, 1, parts("A", ""))
			if in++; in == 500 {
				require.NoError(t, s.Flush(t.Context()))
			}
		}
	}
	s.Put("elsewhere", 1, parts("A", ""))
	require.NoError(t, s.Flush(t.Context()))
	assert.Greater(t, stats.Refused.Load(), uint64(500))
	assert.EqualValues(t, 501, stats.Entries.Load())
	assert.Len(t, slices.Collect(maps.Keys(m.values)), 501+2)
	s, _ = opened(t, m)
	assert.Len(t, s.Known(), 501)
}
