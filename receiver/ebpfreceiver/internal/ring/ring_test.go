// SPDX-License-Identifier: Apache-2.0

package ring

import (
	"bytes"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/rlimit"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	// Kernels before 5.11 count maps against it; others may refuse to raise it, and need not.
	_ = rlimit.RemoveMemlock()
	goleak.VerifyTestMain(m)
}

const (
	ringBytes = 1 << 20
	// patience is how long a test waits for what must happen. It is never part of what is asserted.
	patience = time.Minute
)

// reading is a Reader that runs.
type reading struct {
	*Reader
	ended chan error
}

// read runs a reader until the test ends.
func read(t testing.TB, f *feeder, handle func(*Batch)) *reading {
	t.Helper()
	r, err := NewReader(f.ring, WakeupMany, handle)
	require.NoError(t, err)
	running := &reading{Reader: r, ended: make(chan error, 1)}
	go func() { running.ended <- r.Run() }()
	t.Cleanup(func() {
		require.NoError(t, r.Close())
		require.NoError(t, running.end(t))
	})
	return running
}

// end waits until Run has returned, and returns its result any number of times.
func (r *reading) end(t testing.TB) error {
	t.Helper()
	select {
	case err := <-r.ended:
		r.ended <- err
		return err
	case <-time.After(patience):
		t.Fatal("Run does not return")
		return nil
	}
}

func TestReader_orderAndContents(t *testing.T) {
	f := newFeeder(t, ringBytes)
	next := 1
	r := read(t, f, func(b *Batch) {
		for i := range b.Len() {
			record := b.Record(i)
			number, length := numberOf(record)
			assert.Equal(t, next, number)
			assert.Len(t, record, length)
			assert.Zero(t, uintptr(unsafe.Pointer(unsafe.SliceData(record)))%recordAlignment, "record %d of %d bytes", number, length)
			assert.Equal(t, bytes.Repeat([]byte{0xa5}, length-recordHeadBytes), record[recordHeadBytes:])
			next++
		}
	})
	f.fill(0xa5)
	sizes := []int{16, 17, 23, 24, 25, 72, 120, 4097, 60000}
	for range 20 {
		for _, size := range sizes {
			f.feed(size, 2)
		}
		r.Flush()
	}
	assert.Equal(t, 20*2*len(sizes)+1, next)
}

// Records of one batch don't overlap: each keeps its contents until handle returns.
func TestReader_recordsOfABatchStayApart(t *testing.T) {
	f := newFeeder(t, ringBytes)
	for i := range 100 {
		f.fill(byte(i))
		f.feed(17+i, 1)
	}
	var batches []int
	r := read(t, f, func(b *Batch) {
		batches = append(batches, b.Len())
		for i := range b.Len() {
			record := b.Record(i)
			assert.Equal(t, bytes.Repeat([]byte{byte(i)}, 1+i), record[recordHeadBytes:], "record %d", i)
		}
	})
	r.Flush()
	assert.Equal(t, []int{100}, batches)
}

// A batch is handed over when it is full, without waiting for the ring to be empty.
func TestReader_handsOverFullBatches(t *testing.T) {
	const size, number = 4096, 400 // three times BatchBytes
	f := newFeeder(t, 4*ringBytes)
	f.feed(size, number)
	var batches []int
	r := read(t, f, func(b *Batch) { batches = append(batches, b.Len()) })
	r.Flush()
	// Full is when another record of the largest size would not fit.
	perBatch := (BatchBytes-RecordBytesMax)/size + 1
	var want []int
	for left := number; left > 0; left -= perBatch {
		want = append(want, min(left, perBatch))
	}
	assert.Equal(t, want, batches)
}

// A record that is larger than RecordBytesMax, which no tracer writes, is handed over all the same.
func TestReader_recordLargerThanTheRestOfTheArena(t *testing.T) {
	f := newFeeder(t, ringBytes)
	f.fill(0x5a)
	const ordinary, giant = 60000, 150000
	beforeGiant := (BatchBytes - RecordBytesMax) / ordinary
	require.Greater(t, giant, BatchBytes-beforeGiant*ordinary)
	f.feed(ordinary, beforeGiant)
	f.feed(giant, 1)
	f.feed(ordinary, 1)
	var sizes []int
	r := read(t, f, func(b *Batch) {
		for i := range b.Len() {
			record := b.Record(i)
			sizes = append(sizes, len(record))
			number, _ := numberOf(record)
			assert.Equal(t, len(sizes), number)
			assert.Equal(t, bytes.Repeat([]byte{0x5a}, len(record)-recordHeadBytes), record[recordHeadBytes:])
			assert.Zero(t, uintptr(unsafe.Pointer(unsafe.SliceData(record)))%recordAlignment)
		}
	})
	r.Flush()
	want := append(append([]int(nil), repeat(ordinary, beforeGiant)...), giant, ordinary)
	assert.Equal(t, want, sizes)
}

func repeat(n, times int) []int {
	var all []int
	for range times {
		all = append(all, n)
	}
	return all
}

// A few records that wait are seen without a wake-up and without a Flush.
func TestReader_looksByItself(t *testing.T) {
	f := newFeeder(t, ringBytes)
	var handled atomic.Int64
	read(t, f, func(b *Batch) { handled.Add(int64(b.Len())) })
	for n := int64(1); n <= 3; n++ {
		f.feed(64, 1)
		require.Eventually(t, func() bool { return handled.Load() == n }, patience, time.Millisecond)
	}
	f.run(f.newProgram(64, forceWakeup), 1)
	require.Eventually(t, func() bool { return handled.Load() == 4 }, patience, time.Millisecond)
}

func TestClose_endsRunWithoutAnError(t *testing.T) {
	f := newFeeder(t, ringBytes)
	handled := 0
	r := read(t, f, func(b *Batch) { handled += b.Len() })
	f.feed(64, 5)
	r.Flush()
	require.NoError(t, r.Close())
	require.NoError(t, r.end(t))
	assert.Equal(t, 5, handled)
	require.NoError(t, r.Close(), "a second time")

	// Before Run, too.
	unread, err := NewReader(f.ring, WakeupMany, func(*Batch) { t.Error("nothing is to be handled") })
	require.NoError(t, err)
	require.NoError(t, unread.Close())
	require.NoError(t, unread.Run())
}

func TestWaiting(t *testing.T) {
	const recordBytes, kernelHeaderBytes = 64, 8
	f := newFeeder(t, ringBytes)
	r, err := NewReader(f.ring, WakeupMany, func(*Batch) {})
	require.NoError(t, err)
	assertWaiting := func(want int) {
		t.Helper()
		waiting, size := r.Waiting()
		assert.Equal(t, want, waiting)
		assert.Equal(t, ringBytes, size)
	}
	assertWaiting(0)
	f.feed(recordBytes, 3)
	assertWaiting(3 * (recordBytes + kernelHeaderBytes))
	running := make(chan error)
	go func() { running <- r.Run() }()
	r.Flush()
	assertWaiting(0)
	require.NoError(t, r.Close())
	require.NoError(t, <-running)
	f.feed(recordBytes, 1)
	assertWaiting(0) // nothing can be told of a ring that is not open any more
}

// Metrics are collected whenever somebody asks for them, also while the reader is closed.
func TestWaiting_whileClosing(t *testing.T) {
	f := newFeeder(t, ringBytes)
	for range 50 {
		r, err := NewReader(f.ring, WakeupMany, func(*Batch) {})
		require.NoError(t, err)
		var asking sync.WaitGroup
		for range 2 {
			asking.Go(func() {
				for range 1000 {
					r.Waiting()
				}
			})
		}
		require.NoError(t, r.Close())
		asking.Wait()
	}
}

func TestNewReader_wrongMap(t *testing.T) {
	m, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Array, KeySize: 4, ValueSize: 4, MaxEntries: 1})
	require.NoError(t, err)
	defer m.Close()
	_, err = NewReader(m, WakeupMany, func(*Batch) {})
	require.EqualError(t, err, "open the ring buffer: invalid Map type: Array")
}

// In steady state nothing is allocated per record: what is counted here are the few allocations of
// the test itself and of the run time, over many records.
func TestReader_allocatesNothingPerRecord(t *testing.T) {
	const size, perRound, rounds = 128, 2000, 100
	f := newFeeder(t, ringBytes)
	handled := 0
	r := read(t, f, func(b *Batch) { handled += b.Len() })
	program := f.newProgram(size, noWakeup)
	options := &ebpf.RunOptions{Data: make([]byte, 64), Repeat: perRound}
	round := func() {
		_, err := program.Run(options)
		require.NoError(t, err)
		r.Flush()
	}
	for range 3 {
		round()
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range rounds {
		round()
	}
	runtime.ReadMemStats(&after)
	require.GreaterOrEqual(t, handled, (rounds+3)*perRound)
	require.Equal(t, f.fed(), handled)
	allocations := after.Mallocs - before.Mallocs
	t.Logf("%d allocations for %d records in %d flushes", allocations, rounds*perRound, rounds)
	assert.Less(t, allocations, uint64(rounds*perRound/100))
}
