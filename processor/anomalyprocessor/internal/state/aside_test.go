// SPDX-License-Identifier: Apache-2.0

package state

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

func TestSetAside(t *testing.T) {
	m := newMemory()
	s, _ := opened(t, m)
	s.Put("a", 1, parts("damaged", "fine"))
	require.NoError(t, s.Flush(t.Context()))
	s, stats := opened(t, m)
	key, err := s.SetAside(t.Context(), "a", ProfilePart, []byte("damaged"), errors.New(strings.Repeat("why\xff", 500)))
	require.NoError(t, err)
	assert.Equal(t, "damaged", string(m.values[key]))
	assert.NotContains(t, m.values, keyOf("a", ProfilePart))
	assert.EqualValues(t, 4, stats.Bytes.Load())
	assert.False(t, s.Has("a", ProfilePart))
	assert.True(t, s.Put("a", 1, parts("damaged", "fine")), "the same bytes are news there")

	for n := range asideMax {
		_, err := s.SetAside(t.Context(), "a", ProfilePart, fmt.Append(nil, n), errors.New("why"))
		require.NoError(t, err)
		_, err = s.SetAside(t.Context(), "a", ProfilePart, fmt.Append(nil, n), errors.New("the same again takes no room"))
		require.NoError(t, err)
	}
	s, _ = opened(t, m)
	require.Len(t, s.Asides(), asideMax)
	assert.Equal(t, "a", s.Asides()[0].Workload)
	assert.NotContains(t, m.values, key, "the oldest had to go")
	count := 0
	for key := range m.values {
		if strings.HasPrefix(key, "aside/") {
			count++
		}
	}
	assert.Equal(t, asideMax, count)
}

// What can't be set aside is not written over, and is read again later.
func TestSetAside_refused(t *testing.T) {
	m := newMemory()
	s, _ := opened(t, m)
	s.Put("a", 1, parts("damaged", "fine"))
	require.NoError(t, s.Flush(t.Context()))
	s, stats := opened(t, m)
	m.refuses = func(op *storage.Operation) bool { return op.Type == storage.Set }
	_, err := s.SetAside(t.Context(), "a", ProfilePart, []byte("damaged"), errors.New("why"))
	require.ErrorContains(t, err, "set aside profile/")
	assert.Equal(t, []string{"a"}, s.Unread())
	assert.False(t, s.Put("a", 2, parts("new", "")))
	assert.Zero(t, stats.Bytes.Load())
}

// A page of the index that is damaged costs what it names, and no more.
func TestOpen_damaged(t *testing.T) {
	m := newMemory()
	s, _ := opened(t, m)
	for n := range 200 {
		s.Put(fmt.Sprint(n), 1, parts("A", ""))
	}
	require.NoError(t, s.Flush(t.Context()))
	lost := len(s.records[5])
	m.values[pageKey(5)][10]++
	m.values[asideKey] = []byte("nonsense")
	core, logs := observer.New(zap.WarnLevel)
	stats := new(Stats)
	s = New(m, stats, zap.New(core))
	require.NoError(t, s.Open(context.Background()))
	assert.Len(t, s.Unread(), 200-lost)
	assert.EqualValues(t, 1, stats.Aside.Load())
	require.Equal(t, 2, logs.Len())
	assert.Contains(t, logs.All()[0].Message, "a new one is begun")
	assert.Equal(t, "index/05", logs.All()[1].ContextMap()["key"])
	require.Len(t, s.Asides(), 1)
	assert.Contains(t, m.values, s.Asides()[0].Key)

	m.values[pageKey(6)][10]++
	m.refuses = func(op *storage.Operation) bool { return op.Type == storage.Set }
	require.ErrorIs(t, New(m, stats, zap.NewNop()).Open(t.Context()), ErrDamaged)
}

// Whatever a page says, it can be read and written.
func FuzzOpen(f *testing.F) {
	m := newMemory()
	s, _ := opened(f, m)
	s.Put("a", 1, parts("A", ""))
	require.NoError(f, s.Flush(context.Background()))
	f.Add(m.values[pageKey(pageOf("a"))], uint8(pageOf("a")))
	f.Fuzz(func(t *testing.T, data []byte, number uint8) {
		m := newMemory()
		if len(data) > checksumBytes {
			data = signed(data)
		}
		m.values[pageKey(int(number)%pages)] = data
		s, _ := opened(t, m)
		s.Put("a", 2, parts("B", ""))
		for _, workload := range s.Known() {
			s.Forget(workload)
		}
		require.NoError(t, s.Flush(context.Background()))
	})
}
