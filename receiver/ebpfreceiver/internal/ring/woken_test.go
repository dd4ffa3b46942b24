// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ring

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// readWoken reads a ring without ever looking by itself, until the test ends, and counts what is handed over.
func readWoken(t *testing.T, f *feeder, wakeup Wakeup) *atomic.Int64 {
	t.Helper()
	handled := &atomic.Int64{}
	r, err := NewReader(f.ring, wakeup, func(b *Batch) { handled.Add(int64(b.Len())) })
	require.NoError(t, err)
	r.poll = time.Hour
	ended := make(chan error, 1)
	go func() { ended <- r.Run() }()
	t.Cleanup(func() {
		require.NoError(t, r.Close())
		require.NoError(t, <-ended)
	})
	return handled
}

// Where each record wakes the reader, it is handed over at once.
func TestReader_wokenForEach(t *testing.T) {
	f := newFeeder(t, ringBytes)
	handled := readWoken(t, f, WakeupEach)
	program := f.newProgram(64, forceWakeup)
	for n := int64(1); n <= 5; n++ {
		f.run(program, 1)
		require.Eventually(t, func() bool { return handled.Load() == n }, patience, time.Millisecond)
	}
}

// A record that can't wait is handed over at once, with those that have waited.
func TestReader_wokenForSome(t *testing.T) {
	f := newFeeder(t, ringBytes)
	handled := readWoken(t, f, WakeupSome)
	f.feed(64, 3)
	f.run(f.newProgram(64, forceWakeup), 1)
	require.Eventually(t, func() bool { return handled.Load() == 4 }, patience, time.Millisecond)
}
