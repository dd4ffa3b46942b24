// SPDX-License-Identifier: Apache-2.0

package hold

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const patience = time.Minute

var errPermanent = errors.New("permanent")

// owner knows the names that were said to be known, and keeps what it was handed.
type owner struct {
	*Queue[string]
	generation atomic.Uint64

	mu    sync.Mutex
	known map[string]bool
	got   []string
	ends  map[string]End
	err   error
}

func newOwner(limits Limits) *owner {
	o := &owner{known: map[string]bool{}, ends: map[string]End{}}
	o.Queue = New(limits, Functions[string]{
		Ready:      func(item Item[string]) bool { return o.knows(item.Data) },
		Generation: o.generation.Load,
		Finish:     o.finish,
		Send:       o.take,
		Permanent:  func(err error) bool { return errors.Is(err, errPermanent) },
	})
	return o
}

func (o *owner) knows(name string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.known[name]
}

func (o *owner) learn(names ...string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, name := range names {
		o.known[name] = true
	}
	o.generation.Add(1)
}

func (o *owner) finish(item Item[string], end End) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, twice := o.ends[item.Data]; twice {
		panic(item.Data + " is finished twice")
	}
	o.ends[item.Data] = end
}

func (o *owner) take(item Item[string]) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return o.err
	}
	o.got = append(o.got, item.Data)
	return nil
}

func (o *owner) fail(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.err = err
}

// before is a generation that is over.
func (o *owner) before() uint64 { return o.generation.Load() - 1 }

func (o *owner) put(key, data string) {
	o.Put(Item[string]{Context: context.Background(), Key: key, Data: data, Generation: o.before(), Records: 1, Bytes: 10}, time.Now())
}

func (o *owner) received() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]string(nil), o.got...)
}

func (o *owner) expect(t *testing.T, want ...string) {
	t.Helper()
	require.Eventually(t, func() bool { return len(o.received()) >= len(want) }, patience, time.Millisecond)
	assert.Equal(t, want, o.received())
}

func patient() Limits {
	return Limits{Timeout: time.Hour, RefusedTimeMax: time.Hour, RecordsMax: 1000, BytesMax: 100_000}
}

func TestQueue_keepsTheOrderOfAKey(t *testing.T) {
	o := newOwner(patient())
	o.Start()
	defer o.Shutdown()
	o.put("a", "a1")
	o.put("a", "a2")
	o.put("b", "b1")
	o.learn("a2", "b1")
	o.expect(t, "b1")
	assert.True(t, o.Holds("a"))
	assert.Equal(t, 2, o.Stats().Records)
	o.learn("a1")
	o.expect(t, "b1", "a1", "a2")
	assert.Eventually(t, func() bool { return !o.Holds("a") }, patience, time.Millisecond)
	assert.Equal(t, Stats{Ended: map[End]uint64{Ready: 3}}, o.Stats())
}

func TestQueue_whatWasLearnedBeforeItWasPut(t *testing.T) {
	o := newOwner(patient())
	o.Start()
	defer o.Shutdown()
	before := o.generation.Load()
	o.learn("a1")
	o.Put(Item[string]{Context: t.Context(), Key: "a", Data: "a1", Generation: before}, time.Now())
	o.expect(t, "a1")
}

// What is ready and waits behind something else goes on with it, although nothing becomes known any more.
func TestQueue_behind(t *testing.T) {
	o := newOwner(patient())
	o.learn("a1", "a2")
	o.put("a", "a1")
	o.Put(Item[string]{Context: t.Context(), Key: "a", Data: "a2", Generation: o.generation.Load(), Behind: true}, time.Now())
	o.Start()
	defer o.Shutdown()
	o.expect(t, "a1", "a2")
}

func TestQueue_waitsNoLongerThanItMay(t *testing.T) {
	limits := patient()
	limits.Timeout = 30 * time.Millisecond
	o := newOwner(limits)
	o.Start()
	defer o.Shutdown()
	o.put("a", "a1")
	o.expect(t, "a1")
	assert.Equal(t, TimedOut, o.ends["a1"])
}

func TestQueue_oldestMakeRoom(t *testing.T) {
	for name, limits := range map[string]Limits{
		"records": {Timeout: time.Hour, RecordsMax: 2, BytesMax: 1000},
		"bytes":   {Timeout: time.Hour, RecordsMax: 100, BytesMax: 29},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOwner(limits)
			for _, data := range []string{"a1", "b1", "a2", "c1"} {
				o.put(data[:1], data)
			}
			assert.Equal(t, []string{"a1", "b1"}, o.received())
			assert.Equal(t, uint64(2), o.Stats().Ended[NoRoom])
			o.Shutdown()
			assert.Equal(t, []string{"a1", "b1", "a2", "c1"}, o.received())
			assert.Equal(t, Closing, o.ends["c1"])
			assert.Zero(t, o.Stats().Bytes)
		})
	}
}

func TestQueue_offersAgainWhatWasRefused(t *testing.T) {
	o := newOwner(patient())
	o.fail(errors.New("busy"))
	o.Start()
	defer o.Shutdown()
	o.learn("a1", "a2")
	o.put("a", "a1")
	o.put("a", "a2")
	assert.Never(t, func() bool { return len(o.received()) > 0 }, 3*lookInterval, lookInterval)
	o.fail(nil)
	o.learn()
	o.expect(t, "a1", "a2")
	assert.Zero(t, o.Stats().Lost)
}

func TestQueue_countsWhatIsRefusedForGood(t *testing.T) {
	o := newOwner(patient())
	o.fail(errPermanent)
	o.Start()
	defer o.Shutdown()
	o.learn("a1")
	o.put("a", "a1")
	require.Eventually(t, func() bool { return o.Stats().Lost == 1 }, patience, time.Millisecond)
	assert.Zero(t, o.Stats().Records)
}

func TestQueue_countsWhatIsRefusedTooLong(t *testing.T) {
	limits := patient()
	limits.RefusedTimeMax = 50 * time.Millisecond
	o := newOwner(limits)
	o.fail(errors.New("busy"))
	o.Start()
	defer o.Shutdown()
	o.learn("a1")
	o.put("a", "a1")
	require.Eventually(t, func() bool { return o.Stats().Lost == 1 }, patience, time.Millisecond)
}

func TestQueue_lifecycle(t *testing.T) {
	o := newOwner(patient())
	o.Shutdown()
	o.Start()
	o.put("a", "a1")
	o.Shutdown()
	o.Shutdown()
	assert.Equal(t, []string{"a1"}, o.received())

	refused := newOwner(patient())
	refused.put("a", "a1")
	refused.fail(errors.New("busy"))
	refused.Shutdown()
	assert.Equal(t, uint64(1), refused.Stats().Lost)
}

// What is put, known and timed out from all sides arrives once, and in the order of its key.
func TestQueue_underLoad(t *testing.T) {
	const keys, each = 20, 200
	limits := patient()
	limits.RecordsMax = keys * each / 4
	o := newOwner(limits)
	o.Start()
	var all sync.WaitGroup
	for key := range keys {
		all.Go(func() {
			for n := range each {
				name := fmt.Sprintf("%d/%d", key, n)
				o.put(fmt.Sprint(key), name)
				if n%3 == 0 {
					o.learn(name)
				}
			}
		})
	}
	all.Wait()
	o.Shutdown()
	next := map[int]int{}
	for _, name := range o.received() {
		var key, n int
		_, err := fmt.Sscanf(name, "%d/%d", &key, &n)
		require.NoError(t, err)
		require.Equal(t, next[key], n, "of key %d", key)
		next[key]++
	}
	assert.Len(t, o.received(), keys*each)
	assert.Zero(t, o.Stats().Records)
}
