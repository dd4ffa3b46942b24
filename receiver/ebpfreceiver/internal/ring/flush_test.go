// SPDX-License-Identifier: Apache-2.0

package ring

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFlush_everythingBeforeItIsHandled(t *testing.T) {
	f := newFeeder(t, ringBytes)
	var handled atomic.Int64
	r := read(t, f, func(b *Batch) { handled.Add(int64(b.Len())) })
	offered := 0
	for n := range 200 {
		f.feed(64, n%7)
		offered += n % 7
		r.Flush()
		require.EqualValues(t, offered, handled.Load())
	}
}

func TestFlush_fromManyAtOnce(t *testing.T) {
	f := newFeeder(t, ringBytes)
	var handled atomic.Int64
	r := read(t, f, func(b *Batch) { handled.Add(int64(b.Len())) })
	program := f.newProgram(64, noWakeup)
	var offered atomic.Int64
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() {
			for range 50 {
				f.run(program, 1)
				before := offered.Add(1)
				r.Flush()
				assert.GreaterOrEqual(t, handled.Load(), before)
			}
		})
	}
	callers.Wait()
	assert.EqualValues(t, 400, handled.Load())
}

// Another stream waits in Flush for each of its batches, so it must not wait for the next poll: that
// many polls take much longer than the test is willing to wait.
func TestFlush_needsNoPoll(t *testing.T) {
	const flushes = 1000
	require.Greater(t, flushes*PollInterval, 2*patience)
	f := newFeeder(t, ringBytes)
	r := read(t, f, func(*Batch) {})
	var done atomic.Int64
	go func() {
		for range flushes {
			r.Flush()
			done.Add(1)
		}
	}()
	require.Eventually(t, func() bool { return done.Load() == flushes }, patience, time.Millisecond)
}

// While handle works, Flush waits for it.
func TestFlush_waitsForHandle(t *testing.T) {
	f := newFeeder(t, ringBytes)
	entered, leave := make(chan struct{}), make(chan struct{})
	r := read(t, f, func(*Batch) {
		entered <- struct{}{}
		<-leave
	})
	f.feed(64, 1)
	flushed := make(chan struct{})
	go func() {
		r.Flush()
		close(flushed)
	}()
	<-entered
	select {
	case <-flushed:
		t.Fatal("Flush returned while the batch was being handled")
	case <-time.After(2 * PollInterval):
	}
	leave <- struct{}{}
	<-flushed
}

// A Flush that is called while an earlier batch is handled is not content with that batch.
func TestFlush_duringHandle(t *testing.T) {
	f := newFeeder(t, ringBytes)
	entered, leave := make(chan struct{}), make(chan struct{})
	var handled atomic.Int64
	r := read(t, f, func(b *Batch) {
		if handled.Load() == 0 {
			entered <- struct{}{}
			<-leave
		} else {
			time.Sleep(PollInterval) // for Flush to return too early, if it does
		}
		handled.Add(int64(b.Len()))
	})
	f.feed(64, 1)
	<-entered // the reader has looked by itself
	f.feed(64, 1)
	before := r.requested.Load()
	flushed := make(chan int64)
	go func() {
		r.Flush()
		flushed <- handled.Load()
	}()
	require.Eventually(t, func() bool { return r.requested.Load() > before }, patience, time.Millisecond)
	close(leave)
	assert.EqualValues(t, 2, <-flushed)
}

func TestFlush_returnsWhenTheReaderEnds(t *testing.T) {
	f := newFeeder(t, ringBytes)
	r := read(t, f, func(*Batch) {})
	require.NoError(t, r.Close())
	require.NoError(t, r.end(t))
	r.Flush()

	// Callers that wait while it is closed return too.
	r = read(t, f, func(*Batch) {})
	var callers sync.WaitGroup
	for range 4 {
		callers.Go(func() {
			for range 100 {
				r.Flush()
			}
		})
	}
	require.NoError(t, r.Close())
	callers.Wait()
}
