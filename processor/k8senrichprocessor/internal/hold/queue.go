// SPDX-License-Identifier: Apache-2.0

package hold

import (
	"container/list"
	"context"
	"maps"
	"sync"
	"time"
)

// Limits bound a Queue.
type Limits struct {
	// Timeout is how long data waits at most, before it goes on as it is.
	Timeout time.Duration
	// RefusedTimeMax is for how long data that was refused is offered again.
	RefusedTimeMax time.Duration
	// RecordsMax and BytesMax bound what waits at once.
	RecordsMax, BytesMax int
}

// lookInterval is how often data that waits is looked at.
const lookInterval = 20 * time.Millisecond

// End is why data goes on.
type End int

// Ends of waiting.
const (
	Ready    End = iota // what was missing is known
	TimedOut            // it did not become known in time
	NoRoom              // the queue is full, and this was there the longest
	Closing             // the queue is shut down
)

// Item is data of one key.
type Item[T any] struct {
	// Context has the values of the request that the data came with, and no deadline.
	Context context.Context
	Key     string
	Data    T
	// Generation is the one by which the data was found not to be ready.
	Generation uint64
	// Behind tells that it was found to be ready, and waits for what came before it only.
	Behind bool
	// Records and Bytes are what it counts for under the limits.
	Records, Bytes int
}

// Functions are what a Queue needs of its owner.
type Functions[T any] struct {
	// Ready tells whether all that can be known about the data is known.
	Ready func(Item[T]) bool
	// Generation changes whenever Ready may have another answer.
	Generation func() uint64
	// Finish is called once, when data stops to wait.
	Finish func(Item[T], End)
	// Send hands data on. If it fails, the data is offered again for a while, unless Permanent says that this
	// has no use.
	Send      func(Item[T]) error
	Permanent func(error) bool
}

// Stats counts what happened since the queue was made.
type Stats struct {
	Records, Bytes int // waiting now
	// Ended counts records by why they went on.
	Ended map[End]uint64
	// Lost counts records that were refused until RefusedTimeMax was over, or for good.
	Lost uint64
}

// Queue is safe for use by several goroutines. It is inactive until Start.
type Queue[T any] struct {
	limits Limits
	f      Functions[T]

	// sending is held while data is sent, so that no two send data of one key.
	sending sync.Mutex

	mu    sync.Mutex
	lanes map[string]*lane[T]
	// order has the keys of all that waits, what came first in front.
	order *list.List
	stats Stats
	wake  chan struct{}

	stop context.CancelFunc
	done chan struct{}
}

// lane holds the data of one key, in order.
type lane[T any] struct{ items []waiting[T] }

type waiting[T any] struct {
	Item[T]
	since time.Time
	place *list.Element // in order
	// refused is when it was refused for the first time, zero if it was not.
	refused time.Time
}

// New returns a queue that does not run yet.
func New[T any](limits Limits, f Functions[T]) *Queue[T] {
	return &Queue[T]{
		limits: limits, f: f, lanes: map[string]*lane[T]{}, order: list.New(), wake: make(chan struct{}, 1),
		stats: Stats{Ended: map[End]uint64{}},
	}
}

// Start begins to look at what waits.
func (q *Queue[T]) Start() {
	var ctx context.Context
	ctx, q.stop = context.WithCancel(context.Background()) //nolint:gosec // Shutdown calls it
	q.done = make(chan struct{})
	go q.run(ctx)
}

// Shutdown ends it, and hands on all that waits. It may be called without Start, and twice.
func (q *Queue[T]) Shutdown() {
	if q.stop != nil {
		q.stop()
		<-q.done
		q.stop = nil
	}
	q.flush(Closing, func() bool { return true })
}

// Holds tells whether data of a key waits, so that later data of it has to wait behind.
func (q *Queue[T]) Holds(key string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	_, ok := q.lanes[key]
	return ok
}

// Put lets data wait. To make room it hands on what waits the longest, and does not return until that is done.
func (q *Queue[T]) Put(item Item[T], now time.Time) {
	item.Context = context.WithoutCancel(item.Context)
	q.mu.Lock()
	l, ok := q.lanes[item.Key]
	if !ok {
		l = &lane[T]{}
		q.lanes[item.Key] = l
	}
	l.items = append(l.items, waiting[T]{Item: item, since: now, place: q.order.PushBack(item.Key)})
	q.stats.Records += item.Records
	q.stats.Bytes += item.Bytes
	full := q.full()
	q.mu.Unlock()
	if full {
		q.flush(NoRoom, q.full)
	}
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// Stats returns the counts so far.
func (q *Queue[T]) Stats() Stats {
	q.mu.Lock()
	defer q.mu.Unlock()
	stats := q.stats
	stats.Ended = maps.Clone(q.stats.Ended)
	return stats
}

// full is called with mu held.
func (q *Queue[T]) full() bool {
	return q.stats.Records > q.limits.RecordsMax || q.stats.Bytes > q.limits.BytesMax
}

// run looks at what waits as long as something does.
func (q *Queue[T]) run(ctx context.Context) {
	defer close(q.done)
	ticker := time.NewTicker(lookInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if q.look(time.Now(), q.f.Generation()) > 0 {
			continue
		}
		select { // nothing waits, and so neither does the processor wake up
		case <-ctx.Done():
			return
		case <-q.wake:
		}
	}
}
