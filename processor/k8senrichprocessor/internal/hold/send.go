// SPDX-License-Identifier: Apache-2.0

package hold

import "time"

// look hands on what needs not wait any longer, and returns how many keys still do.
func (q *Queue[T]) look(now time.Time, generation uint64) int {
	q.sending.Lock()
	defer q.sending.Unlock()
	for _, key := range q.keys() {
		for {
			head, ok := q.head(key)
			if !ok {
				break
			}
			end, ok := q.ended(key, head, now, generation)
			if !ok || !q.send(key, head, end, now) {
				break
			}
		}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.lanes)
}

// ended tells whether data needs not wait any longer, and why. It is looked at once per generation.
func (q *Queue[T]) ended(key string, head waiting[T], now time.Time, generation uint64) (End, bool) {
	if !head.refused.IsZero() {
		return Ready, true
	}
	if head.Behind || head.Generation != generation {
		if q.f.Ready(head.Item) {
			return Ready, true
		}
		q.mu.Lock()
		q.lanes[key].items[0].Generation, q.lanes[key].items[0].Behind = generation, false
		q.mu.Unlock()
	}
	return TimedOut, now.Sub(head.since) >= q.limits.Timeout
}

// flush hands on what waits the longest as long as more is asked for. more is called with mu held.
func (q *Queue[T]) flush(end End, more func() bool) {
	q.sending.Lock()
	defer q.sending.Unlock()
	for {
		q.mu.Lock()
		key, ok := q.oldest()
		ok = ok && more()
		q.mu.Unlock()
		if !ok {
			return
		}
		head, _ := q.head(key)
		if !q.send(key, head, end, time.Now()) {
			q.lose(key, head) // there is nowhere to keep it
		}
	}
}

// send hands the first data of a key on. It is false if that was refused and will be tried again.
func (q *Queue[T]) send(key string, head waiting[T], end End, now time.Time) bool {
	if head.refused.IsZero() {
		q.f.Finish(head.Item, end)
	}
	err := q.f.Send(head.Item)
	if err == nil {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.stats.Ended[end] += uint64(head.Records)
		q.pop(key)
		return true
	}
	if q.f.Permanent(err) || !head.refused.IsZero() && now.Sub(head.refused) >= q.limits.RefusedTimeMax {
		q.lose(key, head)
		return true
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if head.refused.IsZero() {
		q.lanes[key].items[0].refused = now
	}
	return false
}

func (q *Queue[T]) lose(key string, head waiting[T]) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.stats.Lost += uint64(head.Records)
	q.pop(key)
}

// keys are those of which data waits, in the order in which the first data of each came.
func (q *Queue[T]) keys() []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	keys := make([]string, 0, len(q.lanes))
	for e := q.order.Front(); e != nil && len(keys) < len(q.lanes); e = e.Next() {
		key := e.Value.(string)
		if q.lanes[key].items[0].place == e {
			keys = append(keys, key)
		}
	}
	return keys
}

// head returns the first data of a key, which stays where it is: a key is held until its last data was handed on.
func (q *Queue[T]) head(key string) (waiting[T], bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	l, ok := q.lanes[key]
	if !ok {
		return waiting[T]{}, false
	}
	return l.items[0], true
}

// oldest returns the key of what waits the longest. It is called with mu held.
func (q *Queue[T]) oldest() (string, bool) {
	front := q.order.Front()
	if front == nil {
		return "", false
	}
	return front.Value.(string), true
}

// pop is called with mu held.
func (q *Queue[T]) pop(key string) {
	l := q.lanes[key]
	q.stats.Records -= l.items[0].Records
	q.stats.Bytes -= l.items[0].Bytes
	q.order.Remove(l.items[0].place)
	l.items[0] = waiting[T]{}
	l.items = l.items[1:]
	if len(l.items) == 0 {
		delete(q.lanes, key)
	}
}
