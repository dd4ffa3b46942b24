// SPDX-License-Identifier: Apache-2.0

package summary

import "time"

// window sums what happened within a time, in steps of a sixtieth of it. What is on its edge counts still, so that it never allows more.
type window struct {
	length time.Duration
	slots  [windowSlots]slot
}

type slot struct {
	number int64
	sum    int64
}

// windowSlots is one more than a window is divided by.
const windowSlots = 61

func (w *window) width() time.Duration { return w.length / (windowSlots - 1) }

func (w *window) add(at time.Duration, n int64) {
	number := int64(at / w.width())
	s := &w.slots[number%windowSlots]
	if s.number != number {
		*s = slot{number: number}
	}
	s.sum += n
}

func (w *window) sum(at time.Duration) int64 {
	number, sum := int64(at/w.width()), int64(0)
	for _, s := range w.slots {
		if s.number > number-windowSlots && s.number <= number {
			sum += s.sum
		}
	}
	return sum
}

// budget says when the next request may be sent. Times are those since the writer was made, by a clock that is never set.
type budget struct {
	requestsMax, tokensMax int64
	requests, tokens       window
	failures               int
	pausedUntil            time.Duration
}

func newBudget(requestsPerHourMax, tokensPerDayMax int64) *budget {
	return &budget{
		requestsMax: requestsPerHourMax, tokensMax: tokensPerDayMax,
		requests: window{length: time.Hour}, tokens: window{length: 24 * time.Hour},
	}
}

// wait returns for how long no request of so many tokens may be sent, at least; 0 if it may be sent now.
func (b *budget) wait(now time.Duration, tokens int64) time.Duration {
	switch {
	case now < b.pausedUntil:
		return b.pausedUntil - now
	case b.requests.sum(now) >= b.requestsMax:
		return b.requests.width()
	case b.tokens.sum(now)+tokens > b.tokensMax:
		return b.tokens.width()
	}
	return 0
}

// begin takes a request into account, with all that it can take.
func (b *budget) begin(now time.Duration, tokens int64) {
	b.requests.add(now, 1)
	b.tokens.add(now, tokens)
}

// end corrects what a request took that began at a time, and leaves the endpoint alone for a while if it failed.
func (b *budget) end(began, now time.Duration, reserved, took int64, outcome Outcome, retryAfter time.Duration) {
	b.tokens.add(began, took-reserved)
	if !outcome.ofEndpoint() {
		b.failures = 0
		return
	}
	pause := backoffMax
	if b.failures < 10 {
		pause = min(backoffMin<<b.failures, backoffMax)
	}
	b.failures++
	b.pausedUntil = now + min(max(pause, retryAfter), backoffMax)
}
