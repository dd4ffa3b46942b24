// SPDX-License-Identifier: Apache-2.0

package summary

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// In no hour are there more requests than allowed, and in no day more tokens.
func TestBudget_neverMore(t *testing.T) {
	b := newBudget(5, 10_000)
	type request struct {
		at     time.Duration
		tokens int64
	}
	var all []request
	for now := time.Duration(0); now < 72*time.Hour; now += 97 * time.Second {
		if b.wait(now, 300) > 0 {
			continue
		}
		b.begin(now, 300)
		b.end(now, now+time.Second, 300, 200, Written, 0)
		all = append(all, request{now, 200})
	}
	assert.Greater(t, len(all), 3*40)
	for at, first := range all {
		requests, tokens := 0, int64(0)
		for _, other := range all[at:] {
			if other.at-first.at < time.Hour {
				requests++
			}
			if other.at-first.at < 24*time.Hour {
				tokens += other.tokens
			}
		}
		assert.LessOrEqual(t, requests, 5)
		assert.LessOrEqual(t, tokens, int64(10_000))
	}
}

func TestBudget_backsOff(t *testing.T) {
	b := newBudget(1000, 1_000_000)
	now := time.Duration(0)
	var pauses []time.Duration
	for range 12 {
		b.begin(now, 10)
		b.end(now, now, 10, 0, Failed, 0)
		pauses = append(pauses, b.wait(now, 10))
		now = b.pausedUntil
	}
	assert.Equal(t, []time.Duration{10 * time.Second, 20 * time.Second, 40 * time.Second, 80 * time.Second}, pauses[:4])
	assert.Equal(t, time.Hour, pauses[11])
	assert.Zero(t, b.wait(now, 10))
	b.end(now, now, 10, 10, WrongSchema, 0)
	assert.Zero(t, b.wait(now, 10), "the endpoint is well, whatever the model says")
	b.end(now, now, 10, 10, Throttled, 90*time.Second)
	assert.Equal(t, 90*time.Second, b.wait(now, 10), "as the endpoint asks for")
	b.end(now, now, 10, 10, Throttled, 1000*time.Hour)
	assert.Equal(t, time.Hour, b.wait(now, 10))
}

// What an endpoint says it took counts, however much that is.
func TestBudget_tokens(t *testing.T) {
	b := newBudget(1000, 1000)
	assert.Zero(t, b.wait(0, 400))
	b.begin(0, 400)
	b.end(0, time.Second, 400, 5000, Written, 0)
	assert.Positive(t, b.wait(time.Hour, 1))
	assert.Zero(t, b.wait(25*time.Hour, 1000))
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, "-7": 0, "soon": 0, "99999999999999": 0, "4000000000": backoffMax,
		"Mon, 05 Jan 2026 12:00:30 GMT": 30 * time.Second, "Mon, 05 Jan 2026 11:00:00 GMT": 0, "Mon, 05 Jan 2099 11:00:00 GMT": backoffMax,
	} {
		assert.Equal(t, want, retryAfter(header, now), header)
	}
}
