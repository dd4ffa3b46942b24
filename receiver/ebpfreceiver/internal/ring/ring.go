// SPDX-License-Identifier: Apache-2.0

// Package ring reads BPF ring buffers and hands their records over in batches.
//
// A record is copied once, from the ring into the batch, and nothing is allocated per record. The
// package never looks into a record.
package ring

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/ringbuf"
)

const (
	// BatchBytes is the memory of a Reader. A batch is handed over when it is this full.
	BatchBytes = 512 << 10
	// RecordBytesMax is what one record may take; the kernel half builds none that is larger. A
	// batch is full when it can't take another such record.
	RecordBytesMax = 64 << 10
	// PollInterval bounds how long a record waits in the ring when too few wait with it to make
	// the kernel wake the reader.
	PollInterval = 200 * time.Millisecond
	// pollIntervalEach is how often a reader looks that is woken for each record: for none, that is.
	pollIntervalEach = 5 * time.Second
)

// Wakeup says when the kernel half wakes a reader.
type Wakeup int

const (
	// WakeupMany is for rings with many records: it is woken when a good number of them waits, and looks at
	// each PollInterval.
	WakeupMany Wakeup = iota
	// WakeupSome is WakeupMany for rings with records that can't wait: they wake it, and it hands over what was read
	// as soon as the ring is empty.
	WakeupSome
	// WakeupEach is for rings with few records: each wakes it, and is handed over at once.
	WakeupEach
)

// Reader reads one ring buffer. Run does the work; Flush and Close may be called from elsewhere.
type Reader struct {
	ring   *ringbuf.Reader
	poll   time.Duration
	wakeup Wakeup
	handle func(*Batch)

	// requested and completed number the calls of Flush. Both only grow.
	requested atomic.Uint64
	mu        sync.Mutex
	progress  *sync.Cond
	completed uint64
	done      bool

	// opened is held while the ring must not be closed, since it is unmapped then.
	opened sync.Mutex
	closed bool
}

// NewReader opens a ring buffer for reading. wakeup has to be what the kernel half does. handle is called by Run, for one batch at a time; the
// batch and its records are valid until it returns.
func NewReader(events *ebpf.Map, wakeup Wakeup, handle func(*Batch)) (*Reader, error) {
	ring, err := ringbuf.NewReader(events)
	if err != nil {
		return nil, fmt.Errorf("open the ring buffer: %w", err)
	}
	r := &Reader{ring: ring, wakeup: wakeup, poll: PollInterval, handle: handle}
	if wakeup == WakeupEach {
		r.poll = pollIntervalEach
	}
	r.progress = sync.NewCond(&r.mu)
	return r, nil
}

// Run reads until Close is called, and then returns nil. Any other end is an error: the ring is
// broken and no further record can be read from it.
func (r *Reader) Run() error {
	defer r.finish()
	batch := newBatch()
	r.ring.SetDeadline(time.Now().Add(r.poll))
	for {
		// A Flush that was requested before this read has its records in the ring by now: when
		// the read finds the ring empty, they have all been seen.
		requested := r.requested.Load()
		err := r.ring.ReadInto(batch.next())
		if err == nil {
			batch.take()
			if batch.full() || r.wakeup != WakeupMany && r.ring.AvailableBytes() == 0 {
				r.handOver(batch)
			}
			continue
		}
		r.handOver(batch)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			r.ring.SetDeadline(time.Now().Add(r.poll))
		case errors.Is(err, ringbuf.ErrFlushed):
			// Flush was most likely called while this read was waiting already, so its number
			// is not in requested. The next read ends as soon as the ring is empty.
			r.ring.SetDeadline(time.Now())
		case errors.Is(err, os.ErrClosed):
			return nil
		default:
			return fmt.Errorf("read the ring buffer: %w", err)
		}
		r.complete(requested)
	}
}

func (r *Reader) handOver(batch *Batch) {
	if batch.Len() == 0 {
		return
	}
	r.handle(batch)
	batch.reset()
}

// Flush returns when every record that was in the ring at the time of the call has been handled, or
// when the reader has ended. It must not be called from the handle function of the same reader.
func (r *Reader) Flush() {
	number := r.requested.Add(1)
	if err := r.ring.Flush(); err != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.completed < number && !r.done {
		r.progress.Wait()
	}
}

func (r *Reader) complete(number uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if number > r.completed {
		r.completed = number
		r.progress.Broadcast()
	}
}

func (r *Reader) finish() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done = true
	r.progress.Broadcast()
}

// Waiting returns the bytes that wait in the ring now, none when it is closed, and its size in bytes.
func (r *Reader) Waiting() (waitingBytes, sizeBytes int) {
	r.opened.Lock()
	defer r.opened.Unlock()
	if r.closed {
		return 0, r.ring.BufferSize()
	}
	return r.ring.AvailableBytes(), r.ring.BufferSize()
}

// Close makes Run return. Records that are still in the ring are not read: call Flush first to have
// them.
func (r *Reader) Close() error {
	r.opened.Lock()
	defer r.opened.Unlock()
	r.closed = true
	return r.ring.Close()
}
